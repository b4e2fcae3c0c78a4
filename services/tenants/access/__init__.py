"""The room of access: sign-up, log-in, sessions, invitations."""
