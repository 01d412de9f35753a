"""Signatures over fields: each behind its length, all behind their purpose, so that no two meanings are one text."""

import struct
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity, PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

__all__ = ["SIGNATURE_BYTES", "canonical", "sign", "verify"]

SIGNATURE_BYTES: Final = 64
_MARK: Final = b"marmalade_sc signature 1\0"


def canonical(purpose: str, *fields: str | bytes) -> bytes:
    """What is signed: the purpose and the fields (text as UTF-8), their number first, each behind its length."""
    parts = [purpose.encode(), *(each.encode() if isinstance(each, str) else each for each in fields)]
    return _MARK + struct.pack(">I", len(parts)) + b"".join(struct.pack(">Q", len(each)) + each for each in parts)


def sign(identity: Identity, purpose: str, *fields: str | bytes) -> bytes:
    """64 bytes that only the holder of the key can make."""
    return identity.private.sign(canonical(purpose, *fields))


@lru_cache(maxsize=1024)
def _read(raw: bytes) -> "Ed25519PublicKey":
    """A key for checking. Raises ValueError where it is none."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    return Ed25519PublicKey.from_public_bytes(raw)


def verify(key: PublicKey, signature: bytes, purpose: str, *fields: str | bytes) -> None:
    """Return if `signature` is the key's, for this purpose and these fields.

    Raises:
        IdentityError: it is not.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        _read(key.raw).verify(signature, canonical(purpose, *fields))
    except (InvalidSignature, ValueError):
        raise IdentityError(f"The signature is not {key.player}'s", hint="Get it anew from its author.") from None
