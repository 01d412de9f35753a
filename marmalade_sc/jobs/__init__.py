"""Work that survives: jobs of several steps in a Redis of their own, done by any number of workers."""
