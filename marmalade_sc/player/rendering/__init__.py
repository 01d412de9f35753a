"""The player on a virtual clock: renders, replays, checks and rehearsals."""
