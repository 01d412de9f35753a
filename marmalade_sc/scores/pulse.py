"""Beats and times of a part whose tempo goes somewhere: milliseconds per beat change by as much in each beat."""

import math
from dataclasses import dataclass

__all__ = ["Pulse"]


@dataclass(frozen=True, slots=True)
class Pulse:
    """From beat `at_beat` at `at_ms` on, beats last `beat_ms`; within `over` beats they come to last `last_beat_ms`.

    That is how the jam's timeline ramps too, so that both are the same where they meet. `over` 0 is a steady tempo.
    """

    at_ms: float
    at_beat: float
    beat_ms: float
    last_beat_ms: float
    over: float = 0.0

    @property
    def is_steady(self) -> bool:
        """Whether all beats last as long."""
        return not self.over

    @property
    def _whole_ms(self) -> float:
        return self.over * (self.beat_ms + self.last_beat_ms) / 2

    def beat(self, ms: float) -> float:
        """The beat at a time."""
        gone = ms - self.at_ms
        if self.is_steady or gone <= 0:
            return self.at_beat + gone / self.beat_ms
        if gone >= self._whole_ms:
            return self.at_beat + self.over + (gone - self._whole_ms) / self.last_beat_ms
        steeper = (self.last_beat_ms - self.beat_ms) / self.over
        return self.at_beat + 2 * gone / (self.beat_ms + math.sqrt(self.beat_ms**2 + 2 * steeper * gone))

    def ms(self, beat: float) -> float:
        """The time of a beat."""
        gone = beat - self.at_beat
        if self.is_steady or gone <= 0:
            return self.at_ms + gone * self.beat_ms
        if gone >= self.over:
            return self.at_ms + self._whole_ms + (gone - self.over) * self.last_beat_ms
        return self.at_ms + gone * (self.beat_ms + (self.last_beat_ms - self.beat_ms) * gone / (2 * self.over))

    def beat_ms_at(self, ms: float) -> float:
        """How long beats last at a time."""
        gone = self.beat(ms) - self.at_beat
        if self.is_steady or gone <= 0:
            return self.beat_ms
        return self.beat_ms + (self.last_beat_ms - self.beat_ms) * min(1.0, gone / self.over)

    def steady_from(self, ms: float, beat_ms: float) -> "Pulse":
        """The pulse whose beats last `beat_ms` from a time on, counted through."""
        return Pulse(ms, self.beat(ms), beat_ms, beat_ms)

    def lasting_ms(self, at_ms: float, nominal_ms: float) -> float:
        """What lasts `nominal_ms` while beats last `beat_ms` lasts so long where it begins at `at_ms`."""
        if self.is_steady:
            return nominal_ms
        return self.ms(self.beat(at_ms) + nominal_ms / self.beat_ms) - at_ms
