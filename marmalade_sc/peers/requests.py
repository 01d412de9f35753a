"""Requests to one player: made with the next sequence, and checked one thing after the other. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.peers.records import (
    HERE,
    LEFT,
    METHODS,
    REQUEST_BYTES,
    VERSION,
    ControlTicket,
    PlayerRecord,
    PlayTicket,
    Record,
    Request,
    Signed,
    StopTicket,
    open_record,
    open_signed,
    signed,
)
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.replay import Sequences

__all__ = ["CARRIES", "LIFETIME_MS", "SKEW_MS", "Asker", "Checked", "Desk", "JamName"]

LIFETIME_MS: Final = 60_000
_LONGEST_MS: Final = 300_000
SKEW_MS: Final = 30_000
"""How far two players' wall clocks may be apart before a request has to be signed again."""
_EARLY_MS: Final = 5_000

CARRIES: Final[Mapping[str, type[Record]]] = MappingProxyType(
    {
        "play": PlayTicket,
        "stop": StopTicket,
        "control": ControlTicket,
        "presence": PlayerRecord,
        "leave": PlayerRecord,
    }
)
"""The record that each request hands over."""


@dataclass(frozen=True, slots=True)
class JamName:
    """A jam: its name, and the random 128 bits that tell it from another of that name."""

    name: str
    id: bytes


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that passed all checks."""

    request: Request
    record: Signed[Record]
    sender: PublicKey


class Asker:
    """Makes the requests of one player. `wall_ms` is the wall clock in ms since 1970; `address` where it is found."""

    def __init__(self, own: Identity, jam: JamName, address: str, wall_ms: Callable[[], int]) -> None:
        self._own = own
        self._jam = jam
        self._address = address
        self._wall_ms = wall_ms
        self._last = 0
        self._ahead_ms: dict[bytes, int] = {}

    def make(self, method: str, receiver: PublicKey, record: Signed[Record]) -> bytes:
        """A signed request. Sequences grow over restarts too: they follow the wall clock in microseconds."""
        now = max(0, self._wall_ms() + self._ahead_ms.get(receiver.raw, 0))
        self._last = max(self._last + 1, self._wall_ms() * 1000)
        request = Request(
            version=VERSION,
            method=method,
            jam=self._jam.name,
            jam_id=self._jam.id,
            sender=self._own.public.raw,
            receiver=receiver.raw,
            address=self._address,
            sequence=self._last,
            not_before=max(0, now - _EARLY_MS),
            expires=now + LIFETIME_MS,
            record=record.data,
        )
        return signed(self._own, request).data

    def learn_clock(self, receiver: PublicKey, now_ms: int) -> None:
        """A receiver has told its time because ours was refused: requests to it follow its clock from now on."""
        self._ahead_ms[receiver.raw] = now_ms - self._wall_ms()


class Desk:
    """Checks the requests to one player.

    Args:
        wall_ms: the wall clock. Requests from before it was made are refused: what was heard then is forgotten.
    """

    def __init__(self, own: PublicKey, jam: JamName, wall_ms: Callable[[], int]) -> None:
        self._own = own
        self._jam = jam
        self._wall_ms = wall_ms
        self._begun_ms = wall_ms()
        self._sequences = Sequences()

    def check(self, data: bytes, method: str = "") -> Checked:
        """A request that may be carried out; of method `method` where that is given. Changes nothing when it raises.

        Raises:
            PeerError: says why it may not.
        """
        found = open_signed(data, (Request,), REQUEST_BYTES)
        request = found.message
        if request.receiver != self._own.raw:
            raise refused("audience")
        self.check_jam(request.jam, request.jam_id)
        if method and request.method != method:
            raise refused("malformed", "it is signed for another method")
        now = self._wall_ms()
        self._check_times(request, now)
        record = open_record(request.record)
        message = record.message
        if type(message) is not CARRIES[request.method] or message.maker != request.sender:
            raise refused("malformed", "it hands over what it may not")
        if isinstance(message, PlayerRecord) and (message.state == LEFT) != (request.method == "leave"):
            raise refused("malformed", f"{request.method} needs a record that says {HERE} or {LEFT}")
        self.check_jam(message.jam, message.jam_id)
        if message.expires < now - SKEW_MS:
            raise refused("clock", "what it hands over has expired", now_ms=now)
        self._sequences.take(request.sender, request.sequence, request.expires + SKEW_MS, now)
        return Checked(request, record, PublicKey(request.sender))

    def check_jam(self, name: str, number: bytes) -> None:
        """Raises PeerError unless that is our jam."""
        if (name, number) != (self._jam.name, self._jam.id):
            raise refused("jam")

    def _check_times(self, request: Request, now: int) -> None:
        if request.expires <= request.not_before or request.expires - request.not_before > _LONGEST_MS:
            raise refused("malformed", "it is valid for too long, or never")
        early, late = request.not_before > now + SKEW_MS, request.expires < now - SKEW_MS
        if early or late or request.not_before + _EARLY_MS < self._begun_ms:
            raise refused("clock", now_ms=now)


assert set(CARRIES) == set(METHODS)
