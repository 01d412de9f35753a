"""Where scsynth plays a timetag, measured: what it is off by is taken out of the timetags of the notes to come.

scsynth reads a timetag by the wall clock through a filter of its driver's wake-ups. That filter wanders by some samples
within minutes, needs half a minute to settle after the start, and is thrown off by each dropout. But it is measurable:
a probe (`marmalade.aim`) is sent with a timetag twenty times a second and tells the block, the sample and the fraction
on which it started. A line through the last of these says where the next timetags will land.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import BLOCK
from marmalade_sc.engine.sampleclock import COUNTER_WRAP, SampleMap

__all__ = ["Aim", "Landing", "Line"]

_WINDOW: Final = 24
"""Landings considered: 1.2 s of one each 50 ms. The filter's own noise is 0.1 to 0.3 samples, its drift slow."""
_SLOPED: Final = 8
"""With fewer landings than these the line is level: a slope of few points is noise."""
_STRAY: Final = 4.0
"""A landing further from the line than this, in samples, is a stray one; two running that agree are a new truth."""
_MOST_S: Final = 0.04
"""More than this is no error of a filter, and half of what notes are handed over ahead of their time."""
_STEEPEST: Final = 1000e-6
"""After the start the filter's rate is up to 400 ppm off (engine.md section 2)."""


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a probe started.

    Attributes:
        due: jam time that its timetag meant.
        block: the server's block counter as the probe saw it, below COUNTER_WRAP.
        frame: sample within the block, with the fraction that was rounded away.
    """

    due: int
    block: int
    frame: float

    def error(self, here: SampleMap) -> float:
        """By how many samples it started later than the map has it."""
        block, frame = divmod(here.sample(self.due), BLOCK)
        apart = (self.block - block + COUNTER_WRAP // 2) % COUNTER_WRAP - COUNTER_WRAP // 2
        return apart * BLOCK + self.frame - frame


@dataclass(frozen=True, slots=True)
class Line:
    """The error to expect: `level` samples at jam time `at`, and `slope` samples more for each second after it."""

    at: int
    level: float
    slope: float
    rate: int

    def correction(self, when: int) -> int:
        """What is to be taken from the timetag of a jam time, in timetag units."""
        samples = self.level + self.slope * (when - self.at) / UNITS_PER_SECOND
        return round(samples / self.rate * UNITS_PER_SECOND)


class Aim:
    """Collects landings. `line` is replaced whole, so that another thread may read it at any time."""

    def __init__(self) -> None:
        self.line: Line | None = None
        self._landings: deque[Landing] = deque(maxlen=_WINDOW)
        self._strays: list[Landing] = []

    def reset(self) -> None:
        """Forget everything: another server, or a wall clock that was stepped."""
        self.line = None
        self._landings.clear()
        self._strays.clear()

    def add(self, landing: Landing, here: SampleMap) -> None:
        """Take in where a probe landed; `here` is the map that holds now."""
        if abs(landing.error(here)) > _MOST_S * here.rate:
            return
        if self._landings and self._is_stray(landing, here):
            self._strays.append(landing)
            errors = [each.error(here) for each in self._strays]
            if len(errors) < 2 or abs(errors[-1] - errors[-2]) > _STRAY:
                self._strays = self._strays[-1:]
                return
            self._landings.clear()  # a dropout has moved the clock
            self._landings.extend(self._strays)
        else:
            self._landings.append(landing)
        self._strays = []
        self.line = _fitted(self._landings, here)

    def _is_stray(self, landing: Landing, here: SampleMap) -> bool:
        line = _fitted(self._landings, here)
        expected = line.level + line.slope * (landing.due - line.at) / UNITS_PER_SECOND
        return abs(landing.error(here) - expected) > _STRAY


def _fitted(landings: Sequence[Landing], here: SampleMap) -> Line:
    """The line of least squares; all errors are taken against one map, so that its own steps are in none."""
    last = landings[-1].due
    ages = [(landing.due - last) / UNITS_PER_SECOND for landing in landings]
    errors = [landing.error(here) for landing in landings]
    count = len(landings)
    age, error = sum(ages) / count, sum(errors) / count
    if count < _SLOPED:
        return Line(last, error, 0.0, here.rate)
    spread = sum((each - age) ** 2 for each in ages)
    slope = sum((a - age) * (e - error) for a, e in zip(ages, errors, strict=True)) / spread if spread else 0.0
    steepest = _STEEPEST * here.rate
    slope = max(-steepest, min(steepest, slope))
    return Line(last, error - slope * age, slope, here.rate)
