"""What players tell each other in datagrams: probes, doubts, and records on their way. Pure.

A datagram's sender is known when it is read: see `datagrams`. None is larger than LARGEST bytes.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar, Final

from marmalade_sc.peers.records import Record, Signed
from marmalade_sc.peers.wire import BLOBS, KEY, MARKS, NUMBER, Message, wire

__all__ = [
    "CHATTER",
    "CLOCKS",
    "DOUBTS_AT_ONCE",
    "LARGEST",
    "Ack",
    "ClockAnswer",
    "ClockProbe",
    "Doubt",
    "Have",
    "Ping",
    "PingRequest",
    "Push",
    "Summary",
    "Want",
    "packed",
    "read_doubts",
    "written_doubts",
]

LARGEST: Final = 1200
"""Bytes of a message: with its envelope and the headers of UDP and IPv6 it stays below an Ethernet frame."""
ROOM: Final = 1030
"""Of them for records: one of the largest size fits, or the others with three doubts."""
DOUBTS_AT_ONCE: Final = 3
MARKS_AT_ONCE: Final = 100
_DOUBT: Final = struct.Struct(">32sQ")


@dataclass(frozen=True, slots=True)
class Doubt:
    """Somebody did not answer: its key, and the sequence of the record that it was asked by."""

    key: bytes
    incarnation: int


@dataclass(frozen=True, slots=True)
class Ping(Message):
    """Are you there? `doubt` is the sequence of your record at which I held you for gone, else 0."""

    KIND: ClassVar[int] = 0x20
    nonce: int = wire(NUMBER)
    doubt: int = wire(NUMBER)
    digest: tuple[bytes, ...] = wire(MARKS)
    doubts: tuple[bytes, ...] = wire(BLOBS)
    records: tuple[bytes, ...] = wire(BLOBS)


@dataclass(frozen=True, slots=True)
class Ack(Message):
    """`target` is there: myself, or whom you asked me to ping."""

    KIND: ClassVar[int] = 0x21
    nonce: int = wire(NUMBER)
    target: bytes = wire(KEY)
    digest: tuple[bytes, ...] = wire(MARKS)
    doubts: tuple[bytes, ...] = wire(BLOBS)
    records: tuple[bytes, ...] = wire(BLOBS)


@dataclass(frozen=True, slots=True)
class PingRequest(Message):
    """Ping `target` for me: it does not answer."""

    KIND: ClassVar[int] = 0x22
    nonce: int = wire(NUMBER)
    target: bytes = wire(KEY)


@dataclass(frozen=True, slots=True)
class Summary(Message):
    """Digests of my buckets."""

    KIND: ClassVar[int] = 0x23
    buckets: tuple[bytes, ...] = wire(MARKS)


@dataclass(frozen=True, slots=True)
class Have(Message):
    """Marks of all that I hold in the buckets whose bits are set; `is_whole` is 0 where more come."""

    KIND: ClassVar[int] = 0x24
    buckets: int = wire(NUMBER)
    is_whole: int = wire(NUMBER)
    marks: tuple[bytes, ...] = wire(MARKS)


@dataclass(frozen=True, slots=True)
class Want(Message):
    """Send me these."""

    KIND: ClassVar[int] = 0x25
    marks: tuple[bytes, ...] = wire(MARKS)


@dataclass(frozen=True, slots=True)
class Push(Message):
    """Records, and doubts that are passed on."""

    KIND: ClassVar[int] = 0x26
    doubts: tuple[bytes, ...] = wire(BLOBS)
    records: tuple[bytes, ...] = wire(BLOBS)


@dataclass(frozen=True, slots=True)
class ClockProbe(Message):
    """What does your clock show?"""

    KIND: ClassVar[int] = 0x30
    nonce: int = wire(NUMBER)


@dataclass(frozen=True, slots=True)
class ClockAnswer(Message):
    """It showed `arrived` when you asked, and `answered` when I answer: jam time, in units of 2**-32 s."""

    KIND: ClassVar[int] = 0x31
    nonce: int = wire(NUMBER)
    arrived: int = wire(NUMBER)
    answered: int = wire(NUMBER)


CLOCKS: Final[tuple[type[Message], ...]] = (ClockProbe, ClockAnswer)
CHATTER: Final[tuple[type[Message], ...]] = (Ping, Ack, PingRequest, Summary, Have, Want, Push)


def written_doubts(doubts: Iterable[Doubt]) -> tuple[bytes, ...]:
    """Doubts as they travel."""
    return tuple(_DOUBT.pack(each.key, each.incarnation) for each in doubts)


def read_doubts(parts: Iterable[bytes]) -> list[Doubt]:
    """Doubts as they came; what is none is left out."""
    return [Doubt(*_DOUBT.unpack(each)) for each in parts if len(each) == _DOUBT.size]


def packed(records: Iterable[Signed[Record]], room: int = ROOM) -> Iterator[tuple[bytes, ...]]:
    """Records in as few datagrams as they fit into, in their order."""
    part: list[bytes] = []
    size = 0
    for each in records:
        need = len(each.data) + 2
        if part and size + need > room:
            yield tuple(part)
            part, size = [], 0
        part.append(each.data)
        size += need
    if part:
        yield tuple(part)
