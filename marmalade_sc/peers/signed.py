"""Messages with a signature behind them: made, and read with the cheap checks first. Pure."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Final, Generic, TypeVar

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.identity.signing import SIGNATURE_BYTES, sign, verify
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.wire import Message, decode, joined, parts_in, parts_of

__all__ = ["VERSION", "Signable", "Signed", "open_signed", "signed"]

VERSION: Final = 1
"""Of the protocol."""


class Signable(Message):
    """A message with a signature behind it. `PURPOSE` stands in what is signed, so that no kind passes for another."""

    PURPOSE: ClassVar[str]

    @property
    def signer(self) -> bytes:
        """The raw public key that must have signed it."""
        raise NotImplementedError

    def check(self) -> None:
        """What else must hold of it beside the signature. Raises PeerError."""


S = TypeVar("S", bound=Signable)
S_co = TypeVar("S_co", bound=Signable, covariant=True)


@dataclass(frozen=True)
class Signed(Generic[S_co]):
    """A message whose signature was checked, or made. `data` is all of it as it travels, the signature last."""

    message: S_co
    data: bytes

    @cached_property
    def mark(self) -> bytes:
        """8 bytes that name these very bytes among others."""
        return hashlib.sha256(self.data).digest()[:8]


def signed(identity: Identity, message: S) -> Signed[S]:
    """A message with its signature. Raises PeerError for a value that may not travel."""
    if message.signer != identity.public.raw:
        raise refused("signature", "this is another player's")
    parts = parts_of(message)
    return Signed(message, joined(message.KIND, parts) + sign(identity, message.PURPOSE, *parts))


def open_signed(
    data: bytes, kinds: Sequence[type[S]], largest: int, worth: Callable[[S], None] = lambda message: None
) -> Signed[S]:
    """The message that `data` is, its signature checked. Reads cheap things first.

    Args:
        worth: raises PeerError for what is not worth the price of a signature, by what it says of itself.

    Raises:
        PeerError: it is too large, malformed, of another version, or not signed by whom it names.
    """
    if len(data) > largest:
        raise refused("large", f"{largest} bytes are allowed")
    message = decode(data, kinds, SIGNATURE_BYTES)
    if getattr(message, "version", VERSION) != VERSION:
        raise refused("version", f"it speaks {VERSION}")
    worth(message)
    try:
        verify(PublicKey(message.signer), data[-SIGNATURE_BYTES:], message.PURPOSE, *parts_in(data, SIGNATURE_BYTES))
    except IdentityError:
        raise refused("signature") from None
    message.check()
    return Signed(message, data)
