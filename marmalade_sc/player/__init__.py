"""The wirings of the player: its directory, the supervisor, and the processes it runs.

One package for each process (`engine`, `live`, `generators`, `peers`, `hub`; the foundry's is `sounds`, the
supervisor's `supervision`), with its wiring in `process`; beside them what several of them need: docs/architecture.md.
"""
