"""Doubles with real semantics, for tests of ours and of those who build on us."""
