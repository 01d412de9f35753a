"""Where sounds begin: by rises of the envelope, placed on the sample; or exactly, behind silence."""

from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from marmalade_sc.measures.audio import Samples, Source

__all__ = ["Envelope", "find_onsets", "first_sounds"]

#: A hop of the envelope: 64 frames at 48 kHz.
_HOPS_PER_SECOND = 750
#: A sound begins where the power of a hop is this much above every hop from 45 to 5 ms before it: 40 ms hold a
#: whole wave of 25 Hz, 5 ms let a soft attack rise.
_RISE = 10 ** (6 / 10)
_BACK, _ATTACK = 30, 4
#: Two onsets are at least this far apart.
_APART_S = 0.03
#: Nothing below -66 dBFS (of a hop's root mean square) is an onset.
_QUIETEST = 10 ** (-66 / 10)


class Envelope:
    """The power of a sound, and of its slope, per hop; gathered block by block."""

    def __init__(self, rate: int) -> None:
        self.hop = max(1, round(rate / _HOPS_PER_SECOND))
        self._rest: Samples | None = None
        self._last: NDArray[numpy.float64] | None = None
        self._powers: list[NDArray[numpy.float32]] = []

    def add(self, block: Samples) -> None:
        """Takes the next frames."""
        joined = block if self._rest is None else numpy.concatenate([self._rest, block])
        hops = len(joined) // self.hop
        self._rest = joined[hops * self.hop :]
        if hops:
            self._gather(joined[: hops * self.hop])

    def _gather(self, frames: Samples) -> None:
        before = frames[:1] * 0 if self._last is None else self._last
        slopes = numpy.diff(numpy.concatenate([before, frames]), axis=0)
        self._last = frames[-1:]
        both = [numpy.square(part).max(axis=1).reshape(-1, self.hop).mean(axis=1) for part in (frames, slopes)]
        self._powers.append(numpy.stack(both, axis=1).astype(numpy.float32))

    def finish(self) -> NDArray[numpy.float32]:
        """Of shape (hops, 2): power of the sound and of its slope. An hour is 21 MB."""
        if self._rest is not None and len(self._rest):
            missing = self.hop - len(self._rest)
            self._gather(numpy.concatenate([self._rest, numpy.zeros((missing, self._rest.shape[1]))]))
            self._rest = None
        return numpy.concatenate(self._powers) if self._powers else numpy.zeros((0, 2), dtype=numpy.float32)


def find_onsets(source: Source, envelope: NDArray[numpy.float32], hop: int) -> tuple[int, ...]:
    """The frames at which sounds begin, by an envelope of `Envelope` and the sound that it was made of.

    Found are rises of 6 dB within 5 ms over all of the 40 ms before, in the sound or in its slope (a hit over a held
    bass shows there). Of two equal hits the second is found when the first fell by 6 dB 45 ms before it: drums 60 ms
    apart are told apart, a faster roll counts as one sound. Behind silence the place is exact for a sharp sound; over
    other sounds, and for soft starts, it is where the sound leaves what was there before: up to 20 ms late.
    """
    if len(envelope) == 0:
        return ()
    padding = numpy.zeros((_BACK + _ATTACK, 2), dtype=envelope.dtype)
    padded = numpy.concatenate([padding, envelope])[: len(envelope) + _BACK - 1]
    background = numpy.lib.stride_tricks.sliding_window_view(padded, _BACK, axis=0).max(axis=2)
    # The slope of what is hardly heard is noise of the numbers.
    floor = numpy.array([_QUIETEST, _QUIETEST / 16])
    rising = (envelope > background * _RISE) & (envelope > floor)
    onsets: list[int] = []
    apart = round(_APART_S * source.rate)
    for index in numpy.nonzero(rising.any(axis=1))[0]:
        if onsets and (index + 1) * hop - onsets[-1] < apart:
            continue
        place = _refined(source, int(index) * hop, hop, is_slope=bool(rising[index, 1]))
        if not onsets or place - onsets[-1] >= apart:
            onsets.append(place)
    return tuple(onsets)


def _refined(source: Source, start: int, hop: int, *, is_slope: bool) -> int:
    """The frame, from 5 ms before the hop at `start` to its end, where the sound leaves the level of 20 ms before."""
    search = max(0, start - _ATTACK * hop)
    first = max(0, search - _BACK // 2 * hop)
    frames = numpy.nan_to_num(source.read(first, start + hop - first))
    if is_slope:
        frames = numpy.diff(frames, axis=0, prepend=frames[:1] if first else 0.0)
    sizes = numpy.abs(frames).max(axis=1)
    level = float(sizes[: search - first].max(initial=0.0))
    searched = sizes[search - first :]
    # Behind silence: the first sample within 60 dB of the peak.
    threshold = min(max(level * 1.25, float(searched.max()) * 1e-3), float(searched.max()) * 0.999)
    return search + int(numpy.argmax(searched > threshold))


def first_sounds(samples: Samples | Sequence[float], gap: int, threshold: float = 0.0) -> tuple[int, ...]:
    """The frames that are above `threshold` after at least `gap` frames that are not: exact, for sparse sounds.

    The sound's first frame counts as preceded by silence.
    """
    frames = numpy.abs(numpy.asarray(samples, dtype=numpy.float64))
    if frames.ndim == 2:
        frames = frames.max(axis=1)
    loud = numpy.nonzero(frames > threshold)[0]
    before = numpy.concatenate([[-gap - 1], loud[:-1]]) if len(loud) else loud
    return tuple(int(frame) for frame in loud[loud - before > gap])
