"""Peaks, true peaks, power per 100 ms and silences, gathered block by block."""

import numpy
from numpy.typing import NDArray

from marmalade_sc.measures.audio import Samples

__all__ = ["FLOOR_DB", "Silences", "Tenths", "TruePeak", "amplitude_to_db", "power_to_db"]

#: What stands for silence in decibels: -infinity has no place in JSON.
FLOOR_DB = -200.0

_OVERSAMPLING = 4
#: Taps for each of the interpolated places. 32 under a Kaiser window of beta 9 are flat to 0.01 dB up to 0.4 of the
#: rate, found on sines against their known peaks (tests/measures/test_levels.py).
_TAPS = 32
_BETA = 9.0
_PART_FRAMES = 2048


def amplitude_to_db(amplitude: float) -> float:
    """Decibels of an amplitude, never below -200."""
    return max(FLOOR_DB, 20.0 * float(numpy.log10(amplitude))) if amplitude > 0 else FLOOR_DB


def power_to_db(power: float) -> float:
    """Decibels of a power, never below -200."""
    return max(FLOOR_DB, 10.0 * float(numpy.log10(power))) if power > 0 else FLOOR_DB


def _interpolators() -> NDArray[numpy.float64]:
    """Filters of shape (taps, 3): the signal a quarter, a half and three quarters behind a sample."""
    places = numpy.arange(_TAPS) - (_TAPS / 2 - 1)
    window_at = numpy.arange(_OVERSAMPLING) / _OVERSAMPLING
    made = []
    for part in window_at[1:]:
        at = places - part
        window = numpy.i0(_BETA * numpy.sqrt(numpy.clip(1 - (at / (_TAPS / 2)) ** 2, 0, None))) / numpy.i0(_BETA)
        taps = numpy.sinc(at) * window
        made.append(taps / taps.sum())
    return numpy.stack(made, axis=1)


class TruePeak:
    """The largest value of the sound between its samples, by four times oversampling (after ITU-R BS.1770)."""

    def __init__(self, channels: int) -> None:
        self._filters = _interpolators()
        self._bound = float(numpy.abs(self._filters).sum(axis=0).max())
        self._before = numpy.zeros((_TAPS - 1, channels))
        self.peak = 0.0

    def add(self, block: Samples) -> None:
        """Takes the next frames."""
        joined = numpy.concatenate([self._before, block])
        self._before = joined[-(_TAPS - 1) :]
        self.peak = max(self.peak, float(numpy.abs(block).max(initial=0.0)))
        for start in range(0, len(joined) - _TAPS + 1, _PART_FRAMES):
            part = joined[start : start + _PART_FRAMES + _TAPS - 1]
            # A part whose samples cannot reach the peak so far, whatever their phase, is passed over.
            if float(numpy.abs(part).max()) * self._bound <= self.peak:
                continue
            windows = numpy.lib.stride_tricks.sliding_window_view(part, _TAPS, axis=0)
            self.peak = max(self.peak, float(numpy.abs(windows @ self._filters).max(initial=0.0)))

    def finish(self) -> float:
        """The true peak as an amplitude, once all frames were taken; the sound is silent behind its end."""
        self.add(numpy.zeros((_TAPS, self._before.shape[1])))
        return self.peak


class Tenths:
    """Sums of squares per 100 ms: window `j` is from frame `j * rate // 10` to before `(j + 1) * rate // 10`."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._sums: list[NDArray[numpy.float64]] = []
        self._at = 0

    def add(self, block: Samples) -> None:
        """Takes the next frames."""
        squares = numpy.square(block)
        first = self._window(self._at)
        last = self._window(self._at + len(block) - 1)
        starts = [max(0, self._edge(window) - self._at) for window in range(first, last + 1)]
        sums = numpy.add.reduceat(squares, starts, axis=0)
        for window, total in zip(range(first, last + 1), sums, strict=True):
            if window < len(self._sums):
                self._sums[window] += total
            else:
                self._sums.append(total.copy())
        self._at += len(block)

    def powers(self) -> NDArray[numpy.float64]:
        """The mean square of each window and channel; the last window may be shorter."""
        edges = numpy.array([self._edge(window) for window in range(len(self._sums))] + [self._at], dtype=float)
        if len(self._sums) == 0:
            return numpy.zeros((0, 1))
        return numpy.array(self._sums) / numpy.diff(edges)[:, None]

    def sums(self) -> NDArray[numpy.float64]:
        """The sum of squares of each window that is whole, by channel."""
        whole = [total for window, total in enumerate(self._sums) if self._edge(window + 1) <= self._at]
        return numpy.array(whole)

    def _edge(self, window: int) -> int:
        return window * self._rate // 10

    def _window(self, frame: int) -> int:
        window = frame * 10 // self._rate
        return window + 1 if self._edge(window + 1) <= frame else window


class Silences:
    """Stretches of frames that stay at or below a threshold."""

    def __init__(self, threshold: float, shortest_frames: int) -> None:
        self._threshold = threshold
        self._shortest = shortest_frames
        self._at = 0
        self._last_loud = -1
        self.leading: int | None = None
        self.longest = 0
        self.total = 0

    def add(self, block: Samples) -> None:
        """Takes the next frames."""
        loud = numpy.nonzero(numpy.abs(block).max(axis=1) > self._threshold)[0] + self._at
        self._at += len(block)
        if len(loud) == 0:
            return
        if self.leading is None:
            self.leading = int(loud[0])
        gaps = numpy.diff(numpy.concatenate([[self._last_loud], loud])) - 1
        self._note(gaps)
        self._last_loud = int(loud[-1])

    def _note(self, gaps: NDArray[numpy.int64]) -> None:
        self.longest = max(self.longest, int(gaps.max(initial=0)))
        self.total += int(gaps[gaps >= self._shortest].sum())

    def finish(self) -> int:
        """How many frames are silent at the end; `leading`, `longest` and `total` are whole from here on."""
        trailing = self._at - self._last_loud - 1
        if self.leading is None:
            self.leading = self._at
        self._note(numpy.array([trailing]))
        return trailing
