"""The wirings of the player: its directory, the supervisor, and the processes it runs."""
