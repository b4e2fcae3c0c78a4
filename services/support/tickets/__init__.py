"""The room of tickets: requests, complaints, incidents and questions, numbered per workspace."""
