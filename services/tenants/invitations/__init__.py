"""The room of invitations: how a workspace grows."""
