"""What is done at every so many bars or seconds, counted from the jam's first bar. Pure."""

from dataclasses import dataclass, field
from fractions import Fraction

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.span import cycles_from
from marmalade_sc.sdk.waits import Do

__all__ = ["Every", "Everys"]


@dataclass(frozen=True, slots=True)
class Every:
    """How often, and how many cycles early. `cycles` is None where it counts seconds."""

    cycles: Fraction | None
    seconds: Fraction
    early: Fraction

    @classmethod
    def of(cls, bars: float | Fraction | None, seconds: float | None, early: float | Fraction) -> "Every":
        """From what an author says. Raises UsageError where not one of both is given, or it is not above 0."""
        if (bars is None) == (seconds is None):
            raise UsageError("every() needs either bars or seconds", hint="Write, for example: @jam.every(bars=4)")
        cycles = cycles_from(bars) if bars is not None else None
        span = Fraction(str(seconds)) if seconds is not None else Fraction(0)
        if (cycles if cycles is not None else span) <= 0:
            raise UsageError("every() needs a length above 0")
        return cls(cycles, span, cycles_from(early))


@dataclass(slots=True)
class Everys:
    """All of a generator."""

    _all: list[tuple[Every, Do]] = field(default_factory=list)

    def add(self, every: Every, do: Do) -> None:
        """One more."""
        self._all.append((every, do))

    def due(
        self, timeline: Timeline, first: int, last: int, begin: Fraction, end: Fraction
    ) -> list[tuple[Fraction, Do]]:
        """What is to be done in a frame, in order: for which moment, and what.

        Args:
            first, last: the frame in jam time.
            begin, end: the same in cycles.
        """
        due: list[tuple[Fraction, int, Fraction, Do]] = []
        zero = timeline.time_s(Fraction(0)) if self._all else Fraction(0)
        for order, (each, do) in enumerate(self._all):
            if each.cycles is not None:
                low, high = begin + each.early, end + each.early
                number = -(-low // each.cycles)
                while number * each.cycles < high:
                    at = number * each.cycles
                    due.append((at - each.early, order, at, do))
                    number += 1
            else:
                low, high = (Fraction(when, UNITS_PER_SECOND) - zero for when in (first, last))
                number = -(-low // each.seconds)
                while number * each.seconds < high:
                    when = round((zero + number * each.seconds) * UNITS_PER_SECOND)
                    at = timeline.cycle(when)
                    due.append((at, order, at, do))
                    number += 1
        return [(at, do) for _, _, at, do in sorted(due, key=lambda row: row[:2])]
