"""Requests are heard once: the sequences of each sender, in bounded room. Pure."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from marmalade_sc.peers.refusals import refused

__all__ = ["MOST_SENDERS", "WINDOW", "Sequences"]

WINDOW: Final = 1024
"""How far behind the highest sequence one may still arrive, on connections that overtake each other."""
MOST_SENDERS: Final = 4096


@dataclass(slots=True)
class _Seen:
    highest: int
    bits: int
    until: int


class Sequences:
    """Which sequences were taken, of at most `most` senders, each forgotten when its requests have expired."""

    def __init__(self, most: int = MOST_SENDERS) -> None:
        self._most = most
        self._seen: OrderedDict[bytes, _Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, sender: bytes, sequence: int, expires: int, now_ms: int) -> None:
        """Take a sequence of a sender whose signature was checked; `expires` and `now_ms` are of our clock.

        Raises:
            PeerError: it was taken before, lies too far back, or there is no room for another sender.
        """
        seen = self._seen.get(sender)
        if seen is None:
            self._make_room(now_ms)
            self._seen[sender] = _Seen(sequence, 1, expires)
            return
        ahead = sequence - seen.highest
        if ahead > 0:
            seen.bits = ((seen.bits << ahead) | 1) & ((1 << WINDOW) - 1) if ahead < WINDOW else 1
            seen.highest = sequence
        elif -ahead >= WINDOW or seen.bits >> -ahead & 1:
            raise refused("replay")
        else:
            seen.bits |= 1 << -ahead
        seen.until = max(seen.until, expires)
        self._seen.move_to_end(sender)

    def _make_room(self, now_ms: int) -> None:
        while len(self._seen) >= self._most:
            oldest = next(iter(self._seen))
            if self._seen[oldest].until >= now_ms:  # forgotten now, its requests could be heard again
                raise refused("full")
            del self._seen[oldest]
