"""What every process of a player stands on: the directory, the lifeline, logs, priorities, the wiring."""
