"""Bars as programs hear of them that only follow: each is told a little before it begins. Pure."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, units_to_milliseconds

__all__ = ["AHEAD", "Bars"]

AHEAD: Final = UNITS_PER_SECOND * 3 // 10
"""How long before it begins a bar is told: the longest lookahead that a program needs, and its own 100 ms."""


@dataclass(slots=True)
class Bars:
    """Tells each bar once."""

    _told: int = -1

    def due(self, timeline: Timeline, now: int) -> dict[str, object] | None:
        """The record of the bar that is to be told now (docs/state.md); None while there is none."""
        if not timeline.is_playing(now):
            return None
        cycle = timeline.cycle(now + AHEAD)
        bar = cycle.numerator // cycle.denominator
        if self._told - 4 < bar <= self._told or bar < 0:
            return None
        self._told = bar
        begin, after = (timeline.timetag(Fraction(each)) for each in (bar, bar + 1))
        return {
            "bar": bar,
            "begins": units_to_milliseconds(begin),
            "ends": units_to_milliseconds(after),
            "bpm": round(timeline.bpm(Fraction(bar)), 6),
        }
