"""The pipeline as GraphQL."""
