"""The way from a sandbox to the jam's state: a socket for each instance, that lets through what the instance may do."""
