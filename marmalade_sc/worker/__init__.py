"""The wirings of workers: what does the steps of jobs, the processes around it, and our own job Redis."""
