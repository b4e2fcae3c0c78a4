"""Lets `python -m services.local` be the command `ravand` where it is not installed."""

from services.local.cli import main

main()
