"""Who is there: SWIM's probes with Lifeguard's patience, where nobody is held for gone on others' word alone. Pure.

A member that does not answer, directly or through others, is doubted; doubt spreads, and whoever hears of it asks by
itself. Only who gets no answer until its patience ends holds the member for gone. A member refutes with a new record of
its own: its sequence is the incarnation, and nobody else can sign one.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.peers.chatter import Doubt

__all__ = ["ALIVE", "DOUBTED", "GONE", "MEMBERS_LEFT", "Member", "Members", "Timing"]

ALIVE: Final = "here"
DOUBTED: Final = "doubted"
GONE: Final = "gone"
MEMBERS_LEFT: Final = "left"
_LONGEST_TRIP_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Timing:
    """How patient a player is, in seconds.

    Attributes:
        period_s: between two probes.
        answer_s: until others are asked to probe.
        patience: periods until a doubted member is gone, times log10 of the number of members (at least 1), with all
            confirmations there can be; `impatience` times as long with none.
        helpers: who are asked to probe, and whose doubts shorten the patience.
        gone_s: how long one that is gone is still asked now and then.
    """

    period_s: float = 1.0
    answer_s: float = 0.4
    patience: float = 1.5
    impatience: float = 2.0
    helpers: int = 3
    gone_s: float = 900.0
    worst_health: int = 8

    def until_gone_s(self, members: int, confirmations: int) -> float:
        """How long a doubted member has."""
        shortest = self.patience * max(1.0, math.log10(max(1, members))) * self.period_s
        longest = self.impatience * shortest
        most = min(self.helpers, max(0, members - 1))  # who else could confirm
        share = math.log(min(confirmations, most) + 1) / math.log(most + 1) if most else 1.0
        return max(shortest, longest - (longest - shortest) * share)


@dataclass(slots=True)
class Member:
    """One other player. `incarnation` is of its latest record, `since` when its state began.

    Attributes:
        proven: monotonic time of its last answer.
        doubters: keys of those who doubt it at this incarnation.
        failures: probes of ours in a row that it has not answered.
        round_trip_s: how long its answers took lately, the longest of them; at most a few seconds count.
        is_kept: asked for ever, however long it is gone: named by hand, or a friend of old.
    """

    key: bytes
    incarnation: int
    address: str
    state: str = ALIVE
    since: float = 0.0
    proven: float = -math.inf
    doubters: set[bytes] = field(default_factory=set)
    failures: int = 0
    round_trip_s: float = 0.0
    checked: float = -math.inf
    is_kept: bool = False


class Members:
    """See the module. `own` is never a member of it."""

    def __init__(self, own: bytes, dice: random.Random, timing: Timing) -> None:
        self.own = own
        self.timing = timing
        self.health = 0
        """Lifeguard's multiplier: how many of our own probes failed lately; a slow player is patient with others."""
        self._dice = dice
        self._members: dict[bytes, Member] = {}
        self._order: list[bytes] = []
        self._present: list[Member] | None = None
        self._doubted: dict[bytes, Member] = {}
        self._usual_trip_s = 2.0
        """Of those that have never answered us we expect what others took lately; before anybody has, patience."""

    def __len__(self) -> int:
        return len(self._members)

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def get(self, key: bytes) -> Member | None:
        """A member by its key."""
        return self._members.get(key)

    @property
    def present(self) -> list[Member]:
        """Those that are here, or doubted."""
        if self._present is None:
            self._present = [each for each in self._members.values() if each.state in (ALIVE, DOUBTED)]
        return self._present

    def introduce(self, key: bytes, incarnation: int, address: str, has_left: bool, now: float) -> str | None:
        """A record of a player was heard; its new state where that changed, else None."""
        member = self._members.get(key)
        if member is None:
            state = MEMBERS_LEFT if has_left else ALIVE
            self._members[key] = Member(key, incarnation, address, state, now)
            self._present = None
            self._order.insert(self._dice.randint(0, len(self._order)), key)
            return state
        if incarnation <= member.incarnation:
            return None
        member.incarnation, member.address = incarnation, address
        member.doubters.clear()
        return self._turn(member, MEMBERS_LEFT if has_left else ALIVE, now)

    def slowness(self, member: Member) -> float:
        """How much longer than usual to wait for a member: where we hear badly ourselves, or its link is long.

        An answer has 0.8 periods times this: a quarter more of the way, so that one like those before is never late.
        """
        trip_s = self._usual_trip_s if member.proven == -math.inf else member.round_trip_s
        return 1 + self.health / 4 + 1.25 * trip_s

    def answered(self, key: bytes, now: float, asked: float | None) -> str | None:
        """A member has answered, and what we asked at `asked` if it was us: whatever is said of it, it is there."""
        member = self._members.get(key)
        if member is None:
            return None
        member.proven = now
        if asked is not None:
            self._usual_trip_s = min(_LONGEST_TRIP_S, max(now - asked, 0.9 * self._usual_trip_s))
            member.round_trip_s = min(_LONGEST_TRIP_S, max(now - asked, 0.9 * member.round_trip_s))
        member.failures = 0
        member.doubters.clear()
        return self._turn(member, ALIVE, now) if member.state in (DOUBTED, GONE) else None

    def unanswered(self, key: bytes, now: float) -> str | None:
        """Neither it nor those who asked for us have had an answer."""
        member = self._members.get(key)
        if member is None or member.state not in (ALIVE, DOUBTED):
            return None
        member.failures += 1
        if member.state == ALIVE:
            self.health = min(self.timing.worst_health, self.health + 1)
        member.doubters.add(self.own)
        return self._turn(member, DOUBTED, now) if member.state == ALIVE else None

    def hear_doubt(self, doubt: Doubt, who: bytes, now: float) -> bool:
        """Somebody doubts a member; whether we should ask it ourselves, now."""
        member = self._members.get(doubt.key)
        if member is None or member.state not in (ALIVE, DOUBTED) or doubt.incarnation != member.incarnation:
            return False
        if len(member.doubters) < 16:
            member.doubters.add(who)
        if member.state == DOUBTED or now - max(member.checked, member.proven) < self.timing.period_s:
            return False
        member.checked = now
        return True

    def overdue(self, now: float) -> list[Member]:
        """Doubted members whose time is over: they are gone from now on."""
        found = []
        count = len(self.present)
        for member in list(self._doubted.values()):
            others = len(member.doubters - {self.own})
            patience = self.timing.until_gone_s(count, others) * self.slowness(member)
            if now - member.since >= patience:
                self._turn(member, GONE, now)
                found.append(member)
        return found

    @property
    def doubted(self) -> list[Member]:
        """Those that we doubt ourselves."""
        return list(self._doubted.values())

    def doubts(self) -> list[Doubt]:
        """Of those the latest, as they are told to others: one lost datagram is not worth their time."""
        found = [each for each in self.doubted if each.failures >= 2]
        return [Doubt(each.key, each.incarnation) for each in sorted(found, key=lambda each: -each.since)[:4]]

    def next_to_probe(self) -> Member | None:
        """The next in turn: in a round that is shuffled anew each member comes once."""
        for _ in range(2):
            while self._order:
                member = self._members.get(self._order.pop())
                if member is not None and member.state in (ALIVE, DOUBTED):
                    return member
            self._order = [each.key for each in self.present]
            self._dice.shuffle(self._order)
        return None

    def some(self, count: int, but: bytes = b"") -> list[Member]:
        """Some that are here, by chance."""
        found = self._dice.sample(self.present, min(count + 1, len(self.present)))
        return [each for each in found if each.key != but][:count]

    def missing(self) -> Member | None:
        """One of those that are gone, by chance: a network that is whole again is noticed by asking."""
        if len(self.present) == len(self._members):
            return None
        found = [each for each in self._members.values() if each.state == GONE]
        return self._dice.choice(found) if found else None

    def forget(self, now: float) -> None:
        """Drop those that are gone for long."""
        for member in self:
            if member.state in (GONE, MEMBERS_LEFT) and not member.is_kept and now - member.since > self.timing.gone_s:
                del self._members[member.key]
                self._present = None

    def recovered(self) -> None:
        """One of our probes was answered: we hear well."""
        self.health = max(0, self.health - 1)

    def _turn(self, member: Member, state: str, now: float) -> str | None:
        if member.state == state:
            return None
        member.state, member.since = state, now
        self._present = None
        if state == DOUBTED:
            self._doubted[member.key] = member
        else:
            self._doubted.pop(member.key, None)
        if state == ALIVE and member.key not in self._order:
            self._order.insert(self._dice.randint(0, len(self._order)), member.key)
        return state
