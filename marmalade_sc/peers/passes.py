"""Invites that hold for a time or for one player: a word that its giver changes for what opens the jam. Pure.

An ordinary invite holds the jam's id, which is its secret: whoever has read it has it for good. A pass holds a word
only. Who joins shows it to its giver, signed with its own key, and gets the rest if the word is still good.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.signed import VERSION, Signable, open_signed, signed
from marmalade_sc.peers.wire import ADDRESS, BLOB, KEY, NAME, NUMBER, Message, wire

__all__ = ["WORD_BYTES", "Knock", "Pass", "knock", "read_knock"]

WORD_BYTES: Final = 16
_LARGEST: Final = 512
_SKEW_MS: Final = 300_000
"""Clocks may differ so much: a knock says nothing that would be worth more later."""


@dataclass(frozen=True, slots=True)
class Pass(Message):
    """What a pass says: where to show which word, and until when, in ms since 1970."""

    KIND: ClassVar[int] = 0x05
    address: str = wire(ADDRESS)
    key: bytes = wire(KEY)
    jam: str = wire(NAME)
    word: bytes = wire(BLOB)
    expires: int = wire(NUMBER)


@dataclass(frozen=True, slots=True)
class Knock(Signable):
    """Somebody shows a pass to its giver. `made` is when, in ms since 1970."""

    KIND: ClassVar[int] = 0x04
    PURPOSE: ClassVar[str] = "marmalade peers knock"
    version: int = wire(NUMBER)
    sender: bytes = wire(KEY)
    receiver: bytes = wire(KEY)
    word: bytes = wire(BLOB)
    made: int = wire(NUMBER)

    @property
    def signer(self) -> bytes:
        return self.sender


def knock(own: Identity, found: Pass, now_ms: int) -> bytes:
    """The body of the request that shows a pass."""
    return signed(own, Knock(VERSION, own.public.raw, found.key, found.word, now_ms)).data


def read_knock(data: bytes, own: PublicKey, now_ms: int) -> Knock:
    """Who shows which word.

    Raises:
        PeerError: it is none, is not signed by whom it names, is meant for another player, or is old.
    """
    found = open_signed(data, (Knock,), _LARGEST).message
    if found.receiver != own.raw:
        raise refused("audience")
    if abs(found.made - now_ms) > _SKEW_MS:
        raise refused("clock", now_ms=now_ms)
    if len(found.word) != WORD_BYTES:
        raise refused("malformed", f"a word has {WORD_BYTES} bytes")
    return found
