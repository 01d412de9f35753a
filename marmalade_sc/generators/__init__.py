"""Generators: programs of other people that make music in a jam. Package format, store, sandbox, gateways, runner."""
