"""Between players: what they say to each other, whom they believe, how they find and keep each other."""
