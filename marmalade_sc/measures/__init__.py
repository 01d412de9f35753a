"""Figures about sound: what a file holds, measured; how it differs from what was expected. Pure, but for reading."""
