"""An invite: a short text that says where a jam is, which key answers there, and which jam it is. Pure.

Whoever has it can join, and read what the players of the jam tell each other: its id is their secret.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import ClassVar, Final

from marmalade_sc.errors import PeerError, UsageError
from marmalade_sc.peers.passes import WORD_BYTES, Pass
from marmalade_sc.peers.wire import ADDRESS, BLOB, JAM_ID, KEY, NAME, Message, decode, encode, wire

__all__ = ["Invite", "read_invite", "written_invite"]

_PREFIX: Final = "marmalade1-"
_CHECK: Final = 4


@dataclass(frozen=True, slots=True)
class Invite(Message):
    """What an invite says. `seed` is the private half of the jam's key, by which its players trust each other."""

    KIND: ClassVar[int] = 0x03
    address: str = wire(ADDRESS)
    key: bytes = wire(KEY)
    jam: str = wire(NAME)
    jam_id: bytes = wire(JAM_ID)
    seed: bytes = wire(BLOB)


def written_invite(invite: Invite | Pass) -> str:
    """The text of an invite: letters, digits, `-` and `_`."""
    data = encode(invite)
    return _PREFIX + base64.urlsafe_b64encode(data + _checksum(data)).decode().rstrip("=")


def read_invite(text: str) -> Invite | Pass:
    """What a text says.

    Raises:
        UsageError: it is no invite, or was not copied whole.
    """
    body = "".join(text.split()).removeprefix(_PREFIX)
    try:
        if not text.strip().startswith(_PREFIX) or len(text) > 1000:
            raise ValueError
        data = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        if _checksum(data[:-_CHECK]) != data[-_CHECK:]:
            raise ValueError
        found = decode(data[:-_CHECK], (Invite, Pass))
    except (ValueError, binascii.Error, PeerError):
        raise UsageError(
            f"{text!r:.40} is no invite, or not all of it",
            hint=f"It begins with {_PREFIX}; copy it whole from `marmalade invite`.",
        ) from None
    assert isinstance(found, Invite | Pass)
    is_whole = len(found.word) == WORD_BYTES if isinstance(found, Pass) else len(found.seed) in (0, 32)
    if not found.address or not found.jam or not is_whole:
        raise UsageError("The invite names no address or no jam", hint="Ask for another one.")
    return found


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(b"marmalade invite 1\0" + data).digest()[:_CHECK]
