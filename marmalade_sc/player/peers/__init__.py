"""The process that meets other players, that which meets original ones, and what is remembered of both."""
