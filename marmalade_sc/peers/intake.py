"""Records on their way in: each is opened once, those of makers we do not know yet wait. Pure."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.records import Record, RegisterWrite, Signed

__all__ = ["Intake"]

_ORPHANS: Final = 512
_DISMISSED: Final = 4096
_WRITES: Final = 10.0
"""Register writes a second that are taken of one maker, 200 at once: nobody has more hands."""


class Intake:
    """See the module. `opener` checks a signature, which costs most, so it comes last. `now` is in seconds."""

    def __init__(self, ledger: Ledger, opener: Callable[[bytes], Signed[Record]], now: Callable[[], float]) -> None:
        self._ledger = ledger
        self._opener = opener
        self._now = now
        self._writers = Buckets(_WRITES, 20 * _WRITES)
        self._orphans: OrderedDict[bytes, Signed[Record]] = OrderedDict()
        self._dismissed: OrderedDict[bytes, None] = OrderedDict()

    def knows(self, mark: bytes) -> bool:
        """Whether nothing would come of this record."""
        return mark in self._ledger or mark in self._dismissed

    def open(self, data: bytes) -> Signed[Record] | None:
        """The record, or None where nothing would come of it. Raises PeerError, once for the same bytes."""
        mark = hashlib.sha256(data).digest()[:8]
        if self.knows(mark):
            return None
        try:
            record = self._opener(data)
        except PeerError:
            self.dismiss(mark)
            raise
        message = record.message
        if isinstance(message, RegisterWrite) and not self._writers.take(message.maker.hex(), self._now()):
            return None  # not dismissed: whoever has it offers it again, and the last one comes when it is quiet
        return record

    def dismiss(self, mark: bytes) -> None:
        """Nothing will come of this one, now or later."""
        self._dismissed[mark] = None
        while len(self._dismissed) > _DISMISSED:
            self._dismissed.popitem(last=False)

    def hold(self, record: Signed[Record]) -> None:
        """Keep it until its maker is known, if there is room: else it will be asked for again."""
        self._orphans[record.mark] = record
        while len(self._orphans) > _ORPHANS:
            self._orphans.popitem(last=False)

    def held(self, maker: bytes) -> list[Signed[Record]]:
        """What waits for a maker, which waits no longer."""
        found = [each for each in self._orphans.values() if each.message.maker == maker]
        for each in found:
            del self._orphans[each.mark]
        return found
