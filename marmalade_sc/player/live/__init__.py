"""The live host's process, and what is kept of a session: evaluations, sets, scores line by line."""
