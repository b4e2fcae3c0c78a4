"""The room of members: the people of a workspace."""
