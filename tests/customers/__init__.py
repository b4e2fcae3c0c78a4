"""Tests of the customers floor."""
