"""What runs beside the API: the relay that sends what has fallen due, and the worker that does it."""
