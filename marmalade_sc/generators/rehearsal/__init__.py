"""Generators played without an audience: in their sandboxes, for checks and renders."""
