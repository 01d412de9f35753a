"""Ties an RSA key to the player's own: each has signed the other, so that both are known to be one player's. Pure."""

import base64
import binascii
import json

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.identity.rsa import RsaIdentity, RsaKey
from marmalade_sc.identity.signing import canonical, sign, verify

__all__ = ["bind", "read_binding"]

_PURPOSE = "original key"
_LARGEST = 16 << 10


def bind(own: Identity, original: RsaIdentity) -> bytes:
    """The record, as JSON; the same keys give the same bytes."""
    fields = (str(own.public), str(original.public))
    record = {
        "v": 1,
        "player": fields[0],
        "original": fields[1],
        "signature": base64.b64encode(sign(own, _PURPOSE, *fields)).decode(),
        "countersignature": base64.b64encode(original.sign(canonical(_PURPOSE, *fields))).decode(),
    }
    return json.dumps(record, indent=1).encode() + b"\n"


def read_binding(data: bytes) -> tuple[PublicKey, RsaKey]:
    """The two keys of a record.

    Raises:
        IdentityError: it is none, or one of the keys has not signed it.
    """
    try:
        record = json.loads(data[:_LARGEST])
        player, original = str(record["player"]), str(record["original"])
        signatures = [base64.b64decode(record[name], validate=True) for name in ("signature", "countersignature")]
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
        raise IdentityError("This is no record of two keys") from None
    key, other = PublicKey.parse(player), RsaKey.parse(original)
    fields = (str(key), str(other))
    verify(key, signatures[0], _PURPOSE, *fields)
    other.verify(signatures[1], canonical(_PURPOSE, *fields))
    return key, other
