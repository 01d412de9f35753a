"""What a node needs of the world around it, and what it counts."""

import random
from dataclasses import dataclass
from typing import Protocol

from marmalade_sc.peers.members import Member
from marmalade_sc.peers.records import Record, Signed

__all__ = ["Counts", "Ports"]


class Ports(Protocol):
    """What a node needs of the world. None may block."""

    @property
    def dice(self) -> random.Random:
        """Chance."""

    def now(self) -> float:
        """Monotonic seconds."""

    def wall_ms(self) -> int:
        """Milliseconds since 1970 of the wall clock, which may jump."""

    def send(self, key: bytes, address: str, data: bytes) -> None:
        """A datagram to a player; it may be lost."""

    def open_record(self, data: bytes) -> Signed[Record]:
        """A record with its signature checked. Raises PeerError."""

    def admits(self, key: bytes) -> bool:
        """Whether a player that is new here may be taken up now."""

    def heard(self, record: Signed[Record]) -> None:
        """A record that is news here; once, and never one of our own making."""

    def turned(self, member: Member, state: str) -> None:
        """A member has another state."""


@dataclass(slots=True)
class Counts:
    """What happened, for screens and bars."""

    sent: int = 0
    received: int = 0
    refused: int = 0
    gone: int = 0
    refuted: int = 0
