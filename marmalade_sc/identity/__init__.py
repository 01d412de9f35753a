"""Who a player is: its Ed25519 key, the name made of its fingerprint, signatures."""
