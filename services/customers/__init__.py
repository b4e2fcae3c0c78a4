"""The floor of customers: companies, and the people in them."""
