"""What a player still has to pass on: fresh records and doubts, each so many times that all hear of it. Pure."""

import math
from collections.abc import Sequence

from marmalade_sc.peers.chatter import DOUBTS_AT_ONCE, Doubt, written_doubts
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import Record, Signed

__all__ = ["Rumours"]

_HINTS = 6


class Rumours:
    """See the module. Those that were told least go first."""

    def __init__(self) -> None:
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

    def records(self, ledger: Ledger, most: int) -> list[Signed[Record]]:
        """The freshest records, told once more."""
        found = []
        for mark in sorted(self._records, key=lambda mark: -self._records[mark])[:most]:
            record = ledger.get(mark)
            self._records[mark] -= 1
            if record is None or self._records[mark] <= 0:
                del self._records[mark]
            if record is not None:
                found.append(record)
        return found

    def doubts(self, own: Sequence[Doubt]) -> tuple[bytes, ...]:
        """What we doubt ourselves, and what we have just heard of, as they travel."""
        found = dict.fromkeys(own)
        for doubt in list(self._doubts)[:DOUBTS_AT_ONCE]:
            found[doubt] = None
            self._doubts[doubt] -= 1
            if not self._doubts[doubt]:
                del self._doubts[doubt]
        return written_doubts(list(found)[:DOUBTS_AT_ONCE])
