"""What a player still has to pass on: fresh records and doubts, each so many times that all hear of it. Pure."""

import math
from collections.abc import Sequence

from marmalade_sc.peers.chatter import DOUBTS_AT_ONCE, Doubt, packed, written_doubts
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import Record, Signed

__all__ = ["Rumours"]

_HINTS = 6


class Rumours:
    """See the module. Those that were told least go first.

    Attributes:
        wait: whether there was no room for all, when they were last asked for.
    """

    def __init__(self) -> None:
        self.wait = False
        self._records: dict[bytes, int] = {}
        self._doubts: dict[Doubt, int] = {}

    def __bool__(self) -> bool:
        return bool(self._records or self._doubts)

    def spread(self, mark: bytes, members: int) -> None:
        """Pass a record on. Where each tells it 4 log10(members) + 2 times fewer than 1 in 1,000 do not hear it."""
        self._records[mark] = 2 + 4 * math.ceil(math.log10(members + 2))

    def hint(self, doubt: Doubt) -> None:
        """Pass a doubt on."""
        self._doubts[doubt] = _HINTS

    def records(self, ledger: Ledger, room: int) -> tuple[bytes, ...]:
        """The freshest records that `room` bytes hold, but one at least; what is not among them was not told."""
        found: list[Signed[Record]] = []
        self.wait = False
        for mark in sorted(self._records, key=lambda mark: -self._records[mark]):
            record = ledger.get(mark)
            if record is None:
                del self._records[mark]
                continue
            parts = list(packed([*found, record], room))
            if len(parts) > 1:
                self.wait = True
                break
            found.append(record)
            self._records[mark] -= 1
            if self._records[mark] <= 0:
                del self._records[mark]
        return tuple(each.data for each in found)

    def doubts(self, own: Sequence[Doubt]) -> tuple[bytes, ...]:
        """What we doubt ourselves, and what we have just heard of, as they travel."""
        found = dict.fromkeys(own)
        for doubt in list(self._doubts)[:DOUBTS_AT_ONCE]:
            found[doubt] = None
            self._doubts[doubt] -= 1
            if not self._doubts[doubt]:
                del self._doubts[doubt]
        return written_doubts(list(found)[:DOUBTS_AT_ONCE])
