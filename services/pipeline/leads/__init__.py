"""The room of leads: people who may become customers, until it is decided that they do or do not."""
