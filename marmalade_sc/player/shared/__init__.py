"""What players of a jam share: bars, pause, schedule, mix, sounds, votes, who plays what."""
