"""The room of contacts: the people of the accounts."""
