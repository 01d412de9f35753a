"""The host of the user's patterns: evaluation, tracks, and the frames that they play."""
