"""The room of the directory: what is unique in the whole installation, behind doors that answer one question each."""
