"""The room of workspaces: one per tenant."""
