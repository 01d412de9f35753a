"""The content store: bytes by the hash of what they are."""
