"""What travels between players signed: requests to one player, and records that are signed once and passed on. Pure."""

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Final, TypedDict

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.identity.signing import sign, verify
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.signed import VERSION, Signable, Signed, open_signed, signed
from marmalade_sc.peers.wire import (
    ADDRESS,
    ADDRESSES,
    BLOB,
    CONTROLS,
    GENERATOR,
    HASH,
    JAM_ID,
    KEY,
    NAME,
    NUMBER,
    REAL,
    SIGNATURE,
    TEXT,
    one_of,
    wire,
)

__all__ = [
    "CHATS",
    "HERE",
    "LARGEST_RECORD",
    "LEFT",
    "METHODS",
    "POLICIES",
    "RECORDS",
    "REQUEST_BYTES",
    "VERSION",
    "Chat",
    "ControlTicket",
    "GeneratorRecord",
    "Head",
    "Membership",
    "PlayTicket",
    "PlayerRecord",
    "Record",
    "RegisterWrite",
    "Request",
    "Rotation",
    "Signed",
    "StopTicket",
    "accept_rotation",
    "open_record",
    "open_signed",
    "prove_membership",
    "signed",
]

LARGEST_RECORD: Final = 1024
"""Bytes of a record with its signature: it fits into one datagram with its envelope."""
REQUEST_BYTES: Final = 4096
POLICIES: Final = ("arrival", "quantum", "interval", "future")
METHODS: Final = ("play", "stop", "control", "presence", "leave")
HERE: Final = "here"
LEFT: Final = "left"
CHATS: Final = 16
_OPENED: Final = 512
_ACCEPTANCE: Final = "marmalade peers rotation accepted"
_MEMBERSHIP: Final = "marmalade peers member"


@dataclass(frozen=True, slots=True)
class Request(Signable):
    """A request to one player. `record` is the signed record that it hands over; its maker is the sender.

    Times are milliseconds since 1970 of the sender's wall clock. `sequence` grows with each request of a sender.
    """

    KIND: ClassVar[int] = 0x01
    PURPOSE: ClassVar[str] = "marmalade peers request"
    version: int = wire(NUMBER)
    method: str = wire(one_of(*METHODS))
    jam: str = wire(NAME)
    jam_id: bytes = wire(JAM_ID)
    sender: bytes = wire(KEY)
    receiver: bytes = wire(KEY)
    address: str = wire(ADDRESS)
    sequence: int = wire(NUMBER)
    not_before: int = wire(NUMBER)
    expires: int = wire(NUMBER)
    record: bytes = wire(BLOB)

    @property
    def signer(self) -> bytes:
        return self.sender


class Head(TypedDict):
    """The fields that all records begin with."""

    version: int
    jam: str
    jam_id: bytes
    maker: bytes
    sequence: int
    made: int
    expires: int


@dataclass(frozen=True, slots=True)
class Record(Signable):
    """What is signed once by its maker and passed on by anybody. A later one of the same slot has a higher sequence."""

    version: int = wire(NUMBER)
    jam: str = wire(NAME)
    jam_id: bytes = wire(JAM_ID)
    maker: bytes = wire(KEY)
    sequence: int = wire(NUMBER)
    made: int = wire(NUMBER)
    expires: int = wire(NUMBER)

    @property
    def signer(self) -> bytes:
        return self.maker

    @property
    def slot(self) -> tuple[object, ...]:
        """What it is a version of; of two records of one slot only the later is kept."""
        raise NotImplementedError

    @property
    def order(self) -> tuple[int, ...]:
        """Orders the records of one slot: the greater is the later."""
        return (self.sequence,)


@dataclass(frozen=True, slots=True)
class PlayerRecord(Record):
    """A player says where it is. Its sequence is its incarnation too: only its own key refutes that it is gone."""

    KIND: ClassVar[int] = 0x10
    PURPOSE: ClassVar[str] = "marmalade peers player"
    state: str = wire(one_of(HERE, LEFT))
    addresses: tuple[str, ...] = wire(ADDRESSES)
    oldest: int = wire(NUMBER)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("player", self.maker)


@dataclass(frozen=True, slots=True)
class PlayTicket(Record):
    """Run this very version of a generator as this instance, once. `bars` and `seconds` are 0 where there is no end.

    `policy` says when it is heard: see `policies`. `at` is when it was meant, in jam time of its maker: of `future` the
    moment at which it begins, else when it was asked for.
    """

    KIND: ClassVar[int] = 0x11
    PURPOSE: ClassVar[str] = "marmalade peers play"
    generator: str = wire(GENERATOR)
    author: bytes = wire(KEY)
    sha256: bytes = wire(HASH)
    instance: str = wire(NAME)
    track: str = wire(NAME)
    controls: tuple[tuple[str, float], ...] = wire(CONTROLS)
    bars: float = wire(REAL)
    seconds: float = wire(REAL)
    policy: str = wire(one_of(*POLICIES))
    at: int = wire(NUMBER)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("play", self.maker, self.generator, self.instance)

    @property
    def order(self) -> tuple[int, ...]:
        return (-self.sequence,)  # the first one stands: nobody changes what an instance is


@dataclass(frozen=True, slots=True)
class StopTicket(Record):
    """End an instance that the maker has started, or one of a generator of its own; asked for `at` on its clock."""

    KIND: ClassVar[int] = 0x12
    PURPOSE: ClassVar[str] = "marmalade peers stop"
    generator: str = wire(GENERATOR)
    instance: str = wire(NAME)
    bars: float = wire(REAL)
    at: int = wire(NUMBER)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("stop", self.maker, self.generator, self.instance)


@dataclass(frozen=True, slots=True)
class ControlTicket(Record):
    """Controls of an instance that the maker has started, all that were ever set: the latest ticket is the whole."""

    KIND: ClassVar[int] = 0x13
    PURPOSE: ClassVar[str] = "marmalade peers control"
    generator: str = wire(GENERATOR)
    instance: str = wire(NAME)
    controls: tuple[tuple[str, float], ...] = wire(CONTROLS)
    at: int = wire(NUMBER)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("control", self.maker, self.generator, self.instance)


@dataclass(frozen=True, slots=True)
class GeneratorRecord(Record):
    """An author says what a version of its generator is. `size` is of the canonical tar.

    `shelf` is the signature that is kept beside the archive. Each version has a slot of its own: old ones stay
    addressable; the newest is the one with the highest sequence.
    """

    KIND: ClassVar[int] = 0x14
    PURPOSE: ClassVar[str] = "marmalade peers generator"
    generator: str = wire(GENERATOR)
    name: str = wire(TEXT)
    sha256: bytes = wire(HASH)
    size: int = wire(NUMBER)
    shelf: bytes = wire(SIGNATURE)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("generator", self.maker, self.generator, self.sha256)


@dataclass(frozen=True, slots=True)
class RegisterWrite(Record):
    """A value that all players share. `clock` is a hybrid logical clock; `born` and `session` say since when.

    Each maker's latest write of a name is kept. Of those that may write, the one of the older session holds, then of
    the later clock, then of the greater key: `rank`.
    """

    KIND: ClassVar[int] = 0x15
    PURPOSE: ClassVar[str] = "marmalade peers register"
    name: str = wire(NAME)
    value: bytes = wire(BLOB)
    clock: int = wire(NUMBER)
    effective: int = wire(NUMBER)
    policy: str = wire(one_of("lww", "vote"))
    born: int = wire(NUMBER)
    session: bytes = wire(JAM_ID)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("register", self.name, self.maker)

    @property
    def rank(self) -> tuple[int, ...]:
        """Orders the writes of one register by different makers: the greatest holds."""
        session = int.from_bytes(self.session, "big")
        return (-self.born, -session, self.clock, int.from_bytes(self.maker, "big"))

    @property
    def identity(self) -> tuple[bytes, int]:
        """Tells it from all other writes of its register."""
        return (self.maker, self.clock)

    @property
    def order(self) -> tuple[int, ...]:
        return (self.clock, self.sequence)


@dataclass(frozen=True, slots=True)
class Rotation(Record):
    """The maker has a new key from now on. `proof` is the new key's own signature over both: see `accept_rotation`."""

    KIND: ClassVar[int] = 0x16
    PURPOSE: ClassVar[str] = "marmalade peers rotation"
    new: bytes = wire(KEY)
    proof: bytes = wire(SIGNATURE)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("rotation", self.maker)

    @property
    def order(self) -> tuple[int, ...]:
        return (-self.sequence,)  # a key is given up once; whoever steals it later cannot give it up again

    def check(self) -> None:
        """Raises PeerError where the new key has not agreed."""
        try:
            verify(PublicKey(self.new), self.proof, _ACCEPTANCE, self.maker, self.new)
        except IdentityError:
            raise refused("signature", "the new key has not agreed") from None


@dataclass(frozen=True, slots=True)
class Chat(Record):
    """A player says something to all. Of each maker the last 16 are kept; `at` is when, on its clock."""

    KIND: ClassVar[int] = 0x17
    PURPOSE: ClassVar[str] = "marmalade peers chat"
    text: str = wire(TEXT)
    at: int = wire(NUMBER)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("chat", self.maker, self.sequence % CHATS)


@dataclass(frozen=True, slots=True)
class Membership(Record):
    """The maker has the jam's key. `proof` is that key's own signature over who has it: see `prove_membership`."""

    KIND: ClassVar[int] = 0x18
    PURPOSE: ClassVar[str] = "marmalade peers membership"
    jam_key: bytes = wire(KEY)
    proof: bytes = wire(SIGNATURE)

    @property
    def slot(self) -> tuple[object, ...]:
        return ("membership", self.maker)

    def check(self) -> None:
        """Raises PeerError where the jam's key has not signed."""
        try:
            verify(PublicKey(self.jam_key), self.proof, _MEMBERSHIP, self.jam_id, self.maker)
        except IdentityError:
            raise refused("signature", "the jam's key has not signed") from None


RECORDS: Final[tuple[type[Record], ...]] = (
    PlayerRecord,
    PlayTicket,
    StopTicket,
    ControlTicket,
    GeneratorRecord,
    RegisterWrite,
    Rotation,
    Chat,
    Membership,
)


@lru_cache(maxsize=_OPENED)
def open_record(data: bytes) -> Signed[Record]:
    """Any record; raises as `open_signed`. The same one comes by many ways, and is no less true the second time."""
    return open_signed(data, RECORDS, LARGEST_RECORD)


def accept_rotation(new: Identity, old: PublicKey) -> bytes:
    """The new key's word that it follows the old one: nobody may be made another's follower unasked."""
    return sign(new, _ACCEPTANCE, old.raw, new.public.raw)


def prove_membership(jam_key: Identity, jam_id: bytes, member: PublicKey) -> bytes:
    """The word of a jam's key that a player has it."""
    return sign(jam_key, _MEMBERSHIP, jam_id, member.raw)
