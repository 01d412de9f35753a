"""The hub's process: the control socket, where shells and editors meet the player."""
