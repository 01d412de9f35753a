"""Which of many streams a generator follows: those that it must, and of the others those that were written to last.

A jam's tags outlive their instances. Whoever followed the first sixty in the order of their names heard nothing of a
newcomer in a long night. Pure.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

__all__ = ["Attention"]

_FRESH: Final = 100
"""Streams that are read for the first time at once."""
_IN_TURN: Final = 20
"""Streams that are not followed and looked at, each second: 200 of them within ten seconds."""


class Attention:
    """See the module.

    Args:
        most: streams that may be followed at once.

    Attributes:
        ids: the last entry that was read, by stream; "0-0" of one that was empty.
        followed: the streams to wait for.
    """

    def __init__(self, most: int) -> None:
        self.ids: dict[str, str] = {}
        self.followed: tuple[str, ...] = ()
        self._most = most
        self._turn = 0

    def unknown(self, wanted: Iterable[str]) -> list[str]:
        """Of these the ones that were never read, in order, as many as are read at once."""
        return list(islice((key for key in dict.fromkeys(wanted) if key not in self.ids), _FRESH))

    def choose(self, musts: Iterable[str]) -> None:
        """Choose anew: `musts` (of those that were read), then the ones with the youngest entries."""
        first = [key for key in dict.fromkeys(musts) if key in self.ids]
        known = frozenset(first)
        others = sorted((key for key in self.ids if key not in known), key=lambda key: (_order(self.ids[key]), key))
        self.followed = (*first, *others[::-1])[: self._most]

    def in_turn(self) -> list[str]:
        """Some that are not followed: one after another each comes to be looked at."""
        followed = frozenset(self.followed)
        rest = sorted(key for key in self.ids if key not in followed)
        if not rest:
            return []
        start = self._turn % len(rest)
        self._turn = start + _IN_TURN
        return (rest[start:] + rest[:start])[:_IN_TURN]

    def is_new(self, key: str, identity: str) -> bool:
        """Whether an entry lies behind the last that was read."""
        return _order(identity) > _order(self.ids.get(key, "0-0"))


def _order(identity: str) -> tuple[int, int]:
    first, _, second = identity.partition("-")
    return int(first), int(second or 0)
