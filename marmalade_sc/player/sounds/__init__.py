"""What can be played, between the processes: the foundry's catalogue and banks, and what guests bring."""
