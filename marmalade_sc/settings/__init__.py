"""Settings with their origins, and the places on disk where a player keeps its things."""
