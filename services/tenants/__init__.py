"""The floor of workspaces, their members, and how they get in."""
