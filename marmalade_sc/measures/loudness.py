"""Integrated loudness after ITU-R BS.1770-4, in bounded memory: pyloudnorm's filters, gated over their running sums."""

from typing import Any

import numpy
from numpy.typing import NDArray

from marmalade_sc.measures.audio import Samples
from marmalade_sc.measures.levels import Tenths

__all__ = ["Loudness"]

_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_OFFSET = -0.691
#: A gating block of 400 ms is four windows of 100 ms; blocks overlap by three.
_WINDOWS = 4
_GAINS = (1.0, 1.0, 1.0, 1.41, 1.41)


class Loudness:
    """Loudness of up to five channels."""

    def __init__(self, rate: int, channels: int) -> None:
        from pyloudnorm.meter import Meter  # imports scipy: 0.5 s

        meter: Any = Meter  # pyloudnorm has no types
        filters = meter(rate)._filters.values()
        self._stages = [(stage.passband_gain * stage.b, stage.a) for stage in filters]
        self._states = [numpy.zeros((max(len(a), len(b)) - 1, channels)) for b, a in self._stages]
        self._gains = numpy.array((_GAINS + (1.0,) * channels)[:channels])
        self._tenths = Tenths(rate)
        self._window_frames = rate / 10

    def add(self, block: Samples) -> None:
        """Takes the next frames."""
        from scipy.signal import lfilter  # type: ignore[import-untyped]  # scipy ships no types

        for index, (b, a) in enumerate(self._stages):
            block, self._states[index] = lfilter(b, a, block, axis=0, zi=self._states[index])
        self._tenths.add(block)

    def finish(self) -> float | None:
        """LUFS, or None for what is shorter than 400 ms or never above -70 LUFS."""
        sums = self._tenths.sums()
        if len(sums) < _WINDOWS:
            return None
        running = numpy.cumsum(numpy.concatenate([numpy.zeros((1, sums.shape[1])), sums]), axis=0)
        powers = (running[_WINDOWS:] - running[:-_WINDOWS]) / (_WINDOWS * self._window_frames)
        weighted = powers @ self._gains
        loud = weighted > 10 ** ((_ABSOLUTE_GATE - _OFFSET) / 10)
        if not loud.any():
            return None
        gate = max(self._lufs(weighted[loud]) + _RELATIVE_GATE, _ABSOLUTE_GATE)
        return self._lufs(weighted[weighted > 10 ** ((gate - _OFFSET) / 10)])

    def _lufs(self, powers: NDArray[numpy.float64]) -> float:
        return _OFFSET + 10 * float(numpy.log10(powers.mean()))
