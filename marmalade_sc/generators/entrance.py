"""When an instance is heard first: at the next place of a grid at which it can be there. Pure."""

from fractions import Fraction
from math import ceil
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND

__all__ = ["entrance", "opening"]

_LEAD: Final = UNITS_PER_SECOND // 2
"""A program starts in 70 to 150 ms and makes its frames 150 ms ahead."""
_MARGIN: Final = UNITS_PER_SECOND * 3 // 100
_MOST_BARS: Final = 64


def entrance(timeline: Timeline | None, now: int, quantum: float) -> int:
    """The jam time at which the next `quantum` bars begin, half a second from now or later; 0 for as soon as it can.

    Bars are counted from the player's own first one. Where time stands still there is no next bar: 0 as well.
    """
    if timeline is None or not 0 < quantum <= _MOST_BARS or not timeline.is_playing(now):
        return 0
    step = Fraction(quantum).limit_denominator(64)
    return timeline.timetag(ceil(timeline.cycle(now + _LEAD) / step) * step)


def opening(begin: int) -> int:
    """From when on an entrance's notes are let through: 30 ms before, for bars may still be moved a little."""
    return max(0, begin - _MARGIN)
