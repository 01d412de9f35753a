"""Jam time to samples of the server, from readings of its block counter: the map of mode `exact`.

A synth counts control blocks on a control bus; we read it with /c_get. A reading is good to the time its question and
answer took, so of each two seconds the tightest counts. The map is held still while it is within a millisecond of
what is measured: a step or a slope in it would move notes against each other, and neighbours matter more than the wall.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import BLOCK

__all__ = ["COUNTER_WRAP", "Reading", "SampleClock", "SampleMap"]

COUNTER_WRAP: Final = 1 << 24
"""The counter is a float32, exact up to here: it wraps after 6.2 hours at 48 kHz."""
_WINDOW: Final = 40
"""Readings considered: 2 s of one each 50 ms."""
_DEAD_BAND_S: Final = 0.001
_STEP_S: Final = 0.003
"""An error beyond this is an xrun: the sound itself has stepped, so the map steps, too; to slew 5 ms took a minute."""
_FRESH: Final = 10
"""Readings that must agree on it, half a second."""
_JUMP_S: Final = 0.008
"""Beyond this three readings are enough."""
_SLEW: Final = 100e-6
"""Between the two the map runs at most this much faster or slower: 0.6 samples in a sixteenth at 120 bpm."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One answer of the block counter: asked and answered in jam time, and the block."""

    asked: int
    answered: int
    block: int

    @property
    def width(self) -> int:
        """Uncertainty in timetag units."""
        return self.answered - self.asked


@dataclass(frozen=True, slots=True)
class SampleMap:
    """sample(t) = floor((t - origin) * rate + 1/2) + offset, the rounding that a render uses.

    Attributes:
        revision: grows with each change.
        since: jam time from which it holds.
        rate: nominal samples per second.
        slew: relative speed that brings the map back to what is measured; 0 while it is held.
    """

    revision: int
    since: int
    origin: int
    rate: int
    offset: int
    slew: float = 0.0

    def sample(self, timetag: int) -> int:
        """The sample of the server's own clock at a jam time."""
        exact = (2 * (timetag - self.origin) * self.rate + UNITS_PER_SECOND) // (2 * UNITS_PER_SECOND)
        if self.slew:
            exact += round((timetag - self.since) * self.rate * self.slew / UNITS_PER_SECOND)
        return exact + self.offset

    def place(self, timetag: int) -> tuple[int, int]:
        """Block, as the server's counter shows it, and frame within it."""
        block, frame = divmod(self.sample(timetag), BLOCK)
        return block % COUNTER_WRAP, frame


class SampleClock:
    """Turns readings into a map that changes as seldom as can be.

    Args:
        rate: nominal samples per second.
        origin: jam time whose sample grid a render would use (the timeline's start).
    """

    def __init__(self, rate: int, origin: int) -> None:
        self.rate = rate
        self.origin = origin
        self.map: SampleMap | None = None
        self.slips = 0
        self._readings: deque[Reading] = deque(maxlen=_WINDOW)
        self._far = self._apart = 0
        self._wraps = 0

    def add(self, reading: Reading) -> SampleMap:
        """Take in a reading; returns the map that holds from now on."""
        reading = self._unwrapped(reading)
        self._readings.append(reading)
        measured = self._offset()
        current = self.map
        now = reading.answered
        if current is None:
            self.map = SampleMap(1, now, self.origin, self.rate, measured)
            return self.map
        error_s = (measured - self._held(current, now)) / self.rate
        own_error_s = (self._offset_of(reading) - self._held(current, now)) / self.rate
        width_s = reading.width / UNITS_PER_SECOND
        self._far = self._far + 1 if abs(own_error_s) > _JUMP_S + width_s else 0
        tight = min(list(self._readings)[-_FRESH:], key=lambda each: each.width)
        fresh_error_s = (self._offset_of(tight) - self._held(current, now)) / self.rate
        is_apart = abs(fresh_error_s) > _STEP_S + tight.width / 2 / UNITS_PER_SECOND
        self._apart = self._apart + 1 if is_apart else 0
        if self._far >= 3 or self._apart >= _FRESH:  # the server's clock has moved: older readings mislead
            fresh = list(self._readings)[-3:] if self._far >= 3 else list(self._readings)[-_FRESH:]
            self._readings.clear()
            self._readings.extend(fresh)
            self.slips += 1
            self._far = self._apart = 0
            self.map = SampleMap(current.revision + 1, now, self.origin, self.rate, self._offset())
        elif abs(error_s) > _DEAD_BAND_S + self._uncertainty_s() and not current.slew:
            slew = _SLEW if error_s > 0 else -_SLEW
            self.map = SampleMap(current.revision + 1, now, self.origin, self.rate, self._held(current, now), slew)
        elif current.slew and (error_s > 0) != (current.slew > 0):
            self.map = SampleMap(current.revision + 1, now, self.origin, self.rate, self._held(current, now))
        assert self.map is not None
        return self.map

    def reset(self) -> None:
        """Forget everything: a new server counts from zero."""
        self._readings.clear()
        self.map = None
        self._far = self._apart = 0
        self._wraps = 0

    def readings(self) -> Iterator[Reading]:
        """The readings considered, oldest first."""
        return iter(self._readings)

    def _unwrapped(self, reading: Reading) -> Reading:
        block = reading.block + self._wraps * COUNTER_WRAP
        if self._readings and block < self._readings[-1].block - COUNTER_WRAP // 2:
            self._wraps += 1
            block += COUNTER_WRAP
        return replace(reading, block=block)

    def _offset_of(self, reading: Reading) -> int:
        middle = (reading.asked + reading.answered) // 2
        plain = SampleMap(0, 0, self.origin, self.rate, 0)
        return reading.block * BLOCK - plain.sample(middle)

    def _uncertainty_s(self) -> float:
        """By how much the tightest reading may be off: its answer may lie anywhere between question and answer."""
        return min(reading.width for reading in self._readings) / 2 / UNITS_PER_SECOND

    def _offset(self) -> int:
        return self._offset_of(min(self._readings, key=lambda reading: reading.width))

    def _held(self, current: SampleMap, now: int) -> int:
        plain = SampleMap(0, 0, self.origin, self.rate, 0)
        return current.sample(now) - plain.sample(now)
