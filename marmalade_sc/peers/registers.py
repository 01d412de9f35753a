"""Values that all players share: each player's latest write of each name is kept, and everybody picks by one rule.

By the policy `lww`, of the writers that it trusts a player takes the write of the oldest session, then of the latest
clock. So a newcomer joins the tempo that runs, and a stranger's write is kept and passed on, but changes nothing. By
the policy `vote` what more than half of those hold that are here and trusted holds; else nothing does. Pure.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from marmalade_sc.clock.hybrid import HybridClock
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import VERSION, RegisterWrite
from marmalade_sc.peers.requests import JamName

__all__ = ["KEPT_MS", "LARGEST_VALUE", "LWW", "NAMES", "VOTE", "Registers", "policy_of"]

LARGEST_VALUE: Final = 640
"""Bytes of a value: its record fits into one datagram."""
LWW: Final = "lww"
VOTE: Final = "vote"
NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "timeline": LWW,
        "transport": LWW,
        "schedule": LWW,
        "plays": LWW,
        "mix-": LWW,
        "asset-": LWW,
        "vote-": VOTE,
    }
)
"""Policies by name; a name that ends with `-` stands for a register for each word behind it."""
KEPT_MS: Final = 7 * 86_400_000


def policy_of(name: str) -> str:
    """The policy of a register; "" for a name that this version does not know: it is kept, and holds nothing."""
    return "" if name.endswith("-") else NAMES.get(name) or NAMES.get(name[: name.find("-") + 1], "")


class Registers:
    """See the module.

    Args:
        own: the player's raw key.
        may_write: whether a key may write a register, as far as this player is concerned.
        here: keys of the other players that are here now: they vote.
    """

    def __init__(
        self,
        own: bytes,
        jam: JamName,
        ledger: Ledger,
        wall_ms: Callable[[], int],
        dice: random.Random,
        may_write: Callable[[bytes, str], bool],
        here: Callable[[], Iterable[bytes]] = tuple,
    ) -> None:
        self._own = own
        self._jam = jam
        self._ledger = ledger
        self._wall_ms = wall_ms
        self._dice = dice
        self._may_write = may_write
        self._here = here
        self._clock = HybridClock(wall_ms)

    def current(self, name: str) -> RegisterWrite | None:
        """The write that holds, for this player; of one that was voted for, the first that named its value."""
        if policy_of(name) == VOTE:
            most = max(self.voices(name).values(), key=len, default=[])
            return most[0] if 2 * len(most) > len(self.electors(name)) else None
        return max(self._allowed(name), key=lambda each: each.rank, default=None)

    def electors(self, name: str) -> frozenset[bytes]:
        """Who votes: this player, and those that are here and may write the register."""
        return frozenset({self._own, *(key for key in self._here() if self._may_write(key, name))})

    def voices(self, name: str) -> dict[bytes, list[RegisterWrite]]:
        """What electors have written lately, by value, the first of each value first. No value is no voice."""
        electors, now = self.electors(name), self._wall_ms()
        found: dict[bytes, list[RegisterWrite]] = defaultdict(list)
        for each in sorted(self._allowed(name), key=lambda each: (each.clock, each.maker)):
            if each.maker in electors and each.expires >= now and each.value:
                found[each.value].append(each)
        return dict(found)

    def heard(self, write: RegisterWrite) -> None:
        """A write of another player: what we write from now on is later."""
        self._clock.hear(write.clock)

    def write(self, name: str, value: bytes, effective: int, sequence: int, lasts_ms: int = KEPT_MS) -> RegisterWrite:
        """A write of our own, to be signed and published: in the session that holds, or the first of a new one.

        Args:
            effective: when it takes effect, in ms of our wall clock.
            sequence: of the record.
            lasts_ms: when it is forgotten.

        Raises:
            ValueError: the value is too large, or there is no register of that name.
        """
        if not (policy := policy_of(name)):
            raise ValueError(f"there is no register {name!r:.80}")
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
            expires=now + lasts_ms,
            name=name,
            value=value,
            clock=self._clock.tick(),
            effective=effective,
            policy=policy,
            born=before.born if before is not None else now,
            session=before.session if before is not None else self._dice.randbytes(16),
        )

    def _allowed(self, name: str) -> list[RegisterWrite]:
        """Writes of those that may, by the register's own policy: nobody turns a vote into a decree by writing so."""
        policy = policy_of(name)
        return [
            each
            for each in self._ledger.writes(name)
            if each.policy == policy and (each.maker == self._own or self._may_write(each.maker, name))
        ]
