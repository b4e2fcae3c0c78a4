"""The floor of support: what customers ask for after the sale."""
