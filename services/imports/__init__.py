"""The room of imports: files that people upload, read row by row into the rooms below."""
