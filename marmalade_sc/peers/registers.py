"""Values that all players share: each player's latest write of each name is kept, and everybody picks by one rule.

Of the writers that it trusts, a player takes the write of the oldest session, then of the latest clock. So a newcomer
joins the tempo that runs, and a stranger's write is kept and passed on, but changes nothing. Pure.
"""

import random
from collections.abc import Callable
from typing import Final

from marmalade_sc.clock.hybrid import HybridClock
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import VERSION, RegisterWrite
from marmalade_sc.peers.requests import JamName

__all__ = ["LARGEST_VALUE", "Registers"]

LARGEST_VALUE: Final = 640
"""Bytes of a value: its record fits into one datagram."""
_KEPT_MS: Final = 7 * 86_400_000


class Registers:
    """See the module.

    Args:
        own: the player's raw key.
        may_write: whether a key may write a register, as far as this player is concerned.
    """

    def __init__(
        self,
        own: bytes,
        jam: JamName,
        ledger: Ledger,
        wall_ms: Callable[[], int],
        dice: random.Random,
        may_write: Callable[[bytes, str], bool],
    ) -> None:
        self._own = own
        self._jam = jam
        self._ledger = ledger
        self._wall_ms = wall_ms
        self._dice = dice
        self._may_write = may_write
        self._clock = HybridClock(wall_ms)

    def current(self, name: str) -> RegisterWrite | None:
        """The write that holds, for this player."""
        found = [each for each in self._ledger.of(RegisterWrite) if each.name == name]
        allowed = [each for each in found if each.maker == self._own or self._may_write(each.maker, name)]
        return max(allowed, key=lambda each: each.rank, default=None)

    def heard(self, write: RegisterWrite) -> bool:
        """A write of another player; whether it is the one that holds now."""
        self._clock.hear(write.clock)
        found = self.current(write.name)
        return found is not None and found.maker == write.maker and found.clock == write.clock

    def write(self, name: str, value: bytes, effective: int, sequence: int, policy: str = "lww") -> RegisterWrite:
        """A write of our own, to be signed and published: in the session that holds, or the first of a new one.

        Args:
            effective: when it takes effect, in ms of our wall clock.
            sequence: of the record.

        Raises:
            ValueError: the value is too large.
        """
        if len(value) > LARGEST_VALUE:
            raise ValueError(f"a register holds {LARGEST_VALUE} bytes, this has {len(value)}")
        now, before = self._wall_ms(), self.current(name)
        return RegisterWrite(
            version=VERSION,
            jam=self._jam.name,
            jam_id=self._jam.id,
            maker=self._own,
            sequence=sequence,
            made=now,
            expires=now + _KEPT_MS,
            name=name,
            value=value,
            clock=self._clock.tick(),
            effective=effective,
            policy=policy,
            born=before.born if before is not None else now,
            session=before.session if before is not None else self._dice.randbytes(16),
        )
