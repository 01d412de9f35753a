"""The prompt: what a performer types into and looks at."""
