"""When a play that somebody asked for is heard here: as it comes, with a bar or phrase, or at an agreed moment. Pure.

| policy | an instance begins |
| --- | --- |
| `arrival` | as soon as it can |
| `quantum` | with the next bar of whoever hears it |
| `interval` | with the next phrase of whoever hears it, some bars long, as in NINJAM |
| `future` | at one moment everywhere, which its requester has named on its own clock |
"""

from collections.abc import Iterable, Mapping
from typing import Final

from marmalade_sc.clock.offsets import Offset
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, units_to_seconds
from marmalade_sc.peers.records import PlayTicket

__all__ = ["AUTO", "chosen", "entrance", "lead_s", "ours"]

AUTO: Final = "auto"
FAR_S: Final = 0.025
"""Further apart people do not play together by ear: then phrases follow each other instead of bars."""
_LATEST_S: Final = 3600.0
_LEAD_S: Final = 1.0


def chosen(wish: str, ways: Iterable[Offset | None]) -> str:
    """The policy of a wish: for `auto` bars, or phrases where anybody is further away than 25 ms one way, with queues.

    Args:
        ways: to the players that are here; those that are not known yet do not count.
    """
    if wish != AUTO:
        return wish
    is_far = any(way.round_trip_s / 2 + way.uncertainty_s > FAR_S for way in ways if way is not None)
    return "interval" if is_far else "quantum"


def lead_s(ways: Iterable[Offset | None]) -> float:
    """How far ahead a moment must lie that all are to hear of before it comes."""
    trips = [way.round_trip_s + way.uncertainty_s for way in ways if way is not None]
    return _LEAD_S + 4 * max(trips, default=0.0)


def ours(at: int, offset: Offset | None, since: int) -> int | None:
    """A moment of another player's jam time in ours; None where its clock is not known, or there is no such moment.

    Args:
        offset: its clock minus ours, in seconds since jam time `since`.
    """
    if offset is None or not at:
        return None
    found = since + round(offset.ours(units_to_seconds(at - since)) * UNITS_PER_SECOND)
    return found if 0 < found < 1 << 64 else None


def entrance(ticket: PlayTicket, begin: int | None, now: int, phrase_bars: int, rule: str = "") -> Mapping[str, object]:
    """What to ask of the runner so that a play is heard when it should be: `quantum` or `begin`, or neither.

    Args:
        begin: the ticket's moment on our clock, where that is known.
        rule: the policy that the listener wants instead; empty for the ticket's.
    """
    policy = rule or ticket.policy
    if policy == "arrival":
        return {}
    if policy == "interval":
        return {"quantum": phrase_bars}
    if policy == "future" and begin is not None and 0 < begin - now <= _LATEST_S * UNITS_PER_SECOND:
        return {"begin": begin}
    return {"quantum": 1}  # who hears of a moment when it is over comes in with the next bar
