"""The relay and the worker."""
