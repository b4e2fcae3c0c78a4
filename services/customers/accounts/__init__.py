"""The room of accounts: the companies that buy, or may."""
