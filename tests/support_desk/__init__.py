"""Tests of the support floor."""
