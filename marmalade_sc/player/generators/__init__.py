"""The process that runs generators, and those that the player has or makes."""
