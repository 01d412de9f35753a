"""What starts the player's processes, restarts what dies and ends all: supervisor, fork server, guard."""
