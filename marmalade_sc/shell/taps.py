"""Tap tempo: from the times of taps to beats per minute. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

__all__ = ["Taps"]

_PAUSE_S: Final = 2.5
"""A longer pause begins anew: 24 beats per minute are slower than anybody taps."""
_KEPT: Final = 16
_NEEDED: Final = 4


@dataclass(frozen=True, slots=True)
class Taps:
    """Times of taps in seconds, the latest last."""

    times: tuple[float, ...] = ()

    def tap(self, now_s: float) -> "Taps":
        """With one more."""
        going_on = bool(self.times) and now_s - self.times[-1] <= _PAUSE_S
        return Taps(((*self.times, now_s) if going_on else (now_s,))[-_KEPT:])

    @property
    def missing(self) -> int:
        """How many taps are still needed for a tempo."""
        return max(0, _NEEDED - len(self.times))

    @property
    def bpm(self) -> float | None:
        """The tempo by the median distance, to a tenth and within what a tempo may be; None before the fourth tap."""
        if self.missing:
            return None
        distances: Sequence[float] = [b - a for a, b in zip(self.times, self.times[1:], strict=False)]
        middle = median(distances)
        return round(min(1000.0, max(1.0, 60.0 / middle)), 1) if middle > 0 else None
