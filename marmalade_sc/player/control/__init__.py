"""What processes and clients of a player say to one another: the control protocol and its connections."""
