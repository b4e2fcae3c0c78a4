"""Everything that makes Ravand run on one machine with one command."""
