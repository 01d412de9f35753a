"""The engine's process: frames from Redis to scsynth, and what it sees of itself."""
