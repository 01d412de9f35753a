"""The records that a player holds: of each slot the latest, compared with others' by digests. Pure.

Whatever order records come in, and however often, two players that have seen the same ones hold the same ones.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from marmalade_sc.peers.records import PlayerRecord, Record, RegisterWrite, Signed
from marmalade_sc.peers.refusals import refused
from marmalade_sc.peers.requests import JamName

__all__ = ["AHEAD_MS", "BUCKETS", "PER_MAKER", "Ledger"]

BUCKETS: Final = 16
PER_MAKER: Final = 1000
_MOST: Final = 50_000
AHEAD_MS: Final = 10_000
"""A register's clock may be so far ahead of ours: one that is later would stand until its time has come."""
_KEPT_MS: Final = 60_000
"""Records stay so long after they have expired: players' clocks differ, and what one drops another would send again."""
_WORD: Final = (1 << 64) - 1

R = TypeVar("R", bound=Record)


class Ledger:
    """See the module. `most` records, `per_maker` of each maker; a later one of a slot always finds room."""

    def __init__(
        self, jam: JamName, wall_ms: Callable[[], int], *, most: int = _MOST, per_maker: int = PER_MAKER
    ) -> None:
        self._jam = jam
        self._wall_ms = wall_ms
        self._most = most
        self._per_maker = per_maker
        self._slots: dict[tuple[object, ...], Signed[Record]] = {}
        self._marks: dict[bytes, Signed[Record]] = {}
        self._counts: Counter[bytes] = Counter()
        self._writes: dict[str, dict[bytes, RegisterWrite]] = {}
        self._sums = [0] * BUCKETS

    def __len__(self) -> int:
        return len(self._slots)

    def __iter__(self) -> Iterator[Signed[Record]]:
        return iter(list(self._slots.values()))

    def __contains__(self, mark: object) -> bool:
        return mark in self._marks

    def add(self, record: Signed[Record]) -> bool:
        """Take a record whose signature was checked; whether it is news.

        Raises:
            PeerError: it is of another jam, has expired, is from too far in the future, or there is no room.
        """
        message = record.message
        if (message.jam, message.jam_id) != (self._jam.name, self._jam.id):
            raise refused("jam")
        now = self._wall_ms()
        if message.expires < now:
            raise refused("clock", "it has expired", now_ms=now)
        if isinstance(message, RegisterWrite) and message.clock >> 16 > now + AHEAD_MS:
            raise refused("clock", "a register's clock is ahead", now_ms=now)
        before = self._slots.get(message.slot)
        if before is None:
            if len(self._slots) >= self._most or self._counts[message.maker] >= self._per_maker:
                raise refused("full")
        elif _order(record) <= _order(before):
            return False
        else:
            self._drop(before)
        self._slots[message.slot] = record
        self._marks[record.mark] = record
        self._counts[message.maker] += 1
        if isinstance(message, RegisterWrite):
            self._writes.setdefault(message.name, {})[message.maker] = message
        self._flip(record)
        return True

    def expire(self) -> None:
        """Forget what has expired."""
        now = self._wall_ms()
        for record in [each for each in self._slots.values() if each.message.expires + _KEPT_MS < now]:
            self._drop(record)

    def forget(self, maker: bytes) -> None:
        """Forget all of a maker's records."""
        for record in [each for each in self._slots.values() if each.message.maker == maker]:
            self._drop(record)

    # Asking

    def at(self, *slot: object) -> Signed[Record] | None:
        """The record of a slot."""
        return self._slots.get(slot)

    def get(self, mark: bytes) -> Signed[Record] | None:
        """The record that a mark names."""
        return self._marks.get(mark)

    def of(self, kind: type[R]) -> list[R]:
        """All records of one kind, the latest made first."""
        found = [each.message for each in self._slots.values() if isinstance(each.message, kind)]
        return sorted(found, key=lambda each: (-each.made, each.maker))

    def registers(self) -> list[str]:
        """Names of the registers that somebody has written."""
        return sorted(self._writes)

    def writes(self, name: str) -> list[RegisterWrite]:
        """Each maker's write of a register."""
        return list(self._writes.get(name, {}).values())

    def player(self, key: bytes) -> PlayerRecord | None:
        """Where a player has said it is."""
        found = self._slots.get(("player", key))
        return found.message if found is not None and isinstance(found.message, PlayerRecord) else None

    # Comparing

    @property
    def digest(self) -> bytes:
        """8 bytes that are the same where the records are, and else almost never."""
        total = 0
        for number, each in enumerate(self._sums):
            total = (total * 31 + each + number) & _WORD
        return total.to_bytes(8, "big")

    @property
    def buckets(self) -> tuple[bytes, ...]:
        """The same for each 16th of them."""
        return tuple(each.to_bytes(8, "big") for each in self._sums)

    def differing(self, buckets: tuple[bytes, ...]) -> list[int]:
        """Numbers of the buckets that are not the same."""
        return [number for number, own in enumerate(self.buckets) if number >= len(buckets) or buckets[number] != own]

    def marks(self, numbers: Iterable[int]) -> list[bytes]:
        """Marks of all records in some buckets."""
        wanted = frozenset(numbers)
        return [mark for mark in self._marks if mark[0] % BUCKETS in wanted]

    def _drop(self, record: Signed[Record]) -> None:
        del self._slots[record.message.slot]
        del self._marks[record.mark]
        self._counts[record.message.maker] -= 1
        if not self._counts[record.message.maker]:
            del self._counts[record.message.maker]
        if isinstance(message := record.message, RegisterWrite):
            del self._writes[message.name][message.maker]
            if not self._writes[message.name]:
                del self._writes[message.name]
        self._flip(record)

    def _flip(self, record: Signed[Record]) -> None:
        self._sums[record.mark[0] % BUCKETS] ^= int.from_bytes(record.mark, "big")


def _order(record: Signed[Record]) -> tuple[tuple[int, ...], bytes]:
    # Of two that a maker signed with one sequence all players keep the same one.
    return record.message.order, record.data
