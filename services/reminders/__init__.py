"""The room of reminders: what is due, for whom, delivered once; and what members are told in the product."""
