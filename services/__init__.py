"""Ravand's rooms: every business rule and every statement lives below this package."""
