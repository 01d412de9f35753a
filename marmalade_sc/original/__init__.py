"""The original Marmalade's protocol, so that players of before and players of now can list, fetch and play.

Plain HTTP, RSA keys, a signature that covers neither the archive nor the receiver nor the time: what it cannot promise
is in docs/original.md. It is off unless `original.port` is set, has a port of its own, and lets nothing run that is not
trusted by name; what runs, runs sandboxed.
"""
