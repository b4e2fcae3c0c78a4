"""The gateway: GraphQL and HTTP. No SQL here, no business rule here."""
