"""How another player's clock differs from ours, and how fast, from probes there and back. Pure.

A probe gives one sample: its offset, wrong by half of the difference between its two ways. Samples that came back fast
had no queue on either way. So of the last minute the quarter with the shortest round trips counts; where a straight
line through it lies now is the offset, its slope the rate (two crystals differ by 5 to 30 millionths). What no probe
can see is a way that is always longer than the way back: half of that is in the offset, and it cannot be more than half
of the shortest round trip.
"""

import math
from collections import deque
from dataclasses import dataclass
from statistics import median
from typing import Final

__all__ = ["WINDOW", "Offset", "Offsets", "Sample", "agreed"]

WINDOW: Final = 64
_SHARE: Final = 4
_FEWEST: Final = 8
_WORST_RATE: Final = 200e-6
"""Two crystals never differ by more; a steeper line is noise of few samples."""
_FLOOR_S: Final = 3e-6
_SIGMAS: Final = 4.7
"""In simulations of links with queues the error is within in 99.9 % and more of all cases (bench/offsets.py)."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One probe, in seconds: `sent` and `back` of our clock, `arrived` and `answered` of theirs."""

    sent: float
    arrived: float
    answered: float
    back: float

    @property
    def round_trip_s(self) -> float:
        """How long it travelled, both ways."""
        return (self.back - self.sent) - (self.answered - self.arrived)

    @property
    def offset_s(self) -> float:
        """Their clock minus ours."""
        return ((self.arrived - self.sent) + (self.answered - self.back)) / 2

    @property
    def middle(self) -> float:
        """The moment of our clock that it speaks of."""
        return (self.sent + self.back) / 2


@dataclass(frozen=True, slots=True)
class Offset:
    """An estimate: at the moment `at` of our clock theirs shows `at + offset_s`.

    Attributes:
        rate: how many seconds theirs gains in one of ours.
        uncertainty_s: it is wrong by no more, besides the asymmetry of the ways.
        asymmetry_s: what ways that are not alike could add at most: half of the shortest round trip.
        drift: how much the uncertainty grows in a second without probes.
    """

    at: float
    offset_s: float
    rate: float
    uncertainty_s: float
    asymmetry_s: float
    round_trip_s: float
    drift: float

    def offset_at(self, moment: float) -> float:
        """Their clock minus ours at a moment of our clock."""
        return self.offset_s + self.rate * (moment - self.at)

    def uncertainty_at(self, moment: float) -> float:
        """How far the estimate may be off at a moment, asymmetry aside."""
        return self.uncertainty_s + self.drift * abs(moment - self.at)

    def ours(self, theirs: float) -> float:
        """The moment of our clock at which theirs shows `theirs`."""
        return self.at + (theirs - self.at - self.offset_s) / (1 + self.rate)


class Offsets:
    """The probes of one other player."""

    def __init__(self, window: int = WINDOW) -> None:
        self._samples: deque[Sample] = deque(maxlen=window)
        self._found: Offset | None = None

    def add(self, sample: Sample) -> bool:
        """Take a probe; False where it cannot be: back before it was sent, or there for longer than it was away."""
        values = (sample.sent, sample.arrived, sample.answered, sample.back)
        if not all(map(math.isfinite, values)) or sample.answered < sample.arrived or sample.round_trip_s < 0:
            return False
        if self._found is not None and self._has_jumped(sample):
            self._samples.clear()  # their clock was set anew: another session, another machine
        self._samples.append(sample)
        self._found = None
        return True

    @property
    def count(self) -> int:
        """How many probes there are."""
        return len(self._samples)

    def estimate(self, now: float) -> Offset | None:
        """The offset as it is now; None before the first probe."""
        if not self._samples:
            return None
        if self._found is None:
            self._found = _fit(list(self._samples))
        found = self._found
        return Offset(
            now,
            found.offset_at(now),
            found.rate,
            found.uncertainty_at(now),
            found.asymmetry_s,
            found.round_trip_s,
            found.drift,
        )

    def _has_jumped(self, sample: Sample) -> bool:
        assert self._found is not None
        off = abs(sample.offset_s - self._found.offset_at(sample.middle))
        return off > 1.0 + sample.round_trip_s + self._found.uncertainty_at(sample.middle)


def agreed(found: list[Offset], now: float) -> tuple[float, float, int] | None:
    """What most of several players say: an offset, how far it may be off, and how many agree. One liar moves nothing.

    Marzullo's rule, as in NTP (RFC 5905): the smallest interval that lies in the most of theirs. None where there is
    none, or no more than half agree.
    """
    edges: list[tuple[float, int]] = []
    for each in found:
        middle, half = each.offset_at(now), each.uncertainty_at(now) + each.asymmetry_s
        edges += [(middle - half, -1), (middle + half, 1)]
    edges.sort()
    best, count, low, high = 0, 0, 0.0, 0.0
    for number, (edge, kind) in enumerate(edges):
        count -= kind
        if count > best:
            best, low, high = count, edge, edges[number + 1][0]
    if not best or 2 * best <= len(found):
        return None
    return (low + high) / 2, (high - low) / 2, best


def _fit(samples: list[Sample]) -> Offset:
    ordered = sorted(samples, key=lambda each: each.round_trip_s)
    best = ordered[: max(min(_FEWEST, len(ordered)), len(ordered) // _SHARE)]
    shortest = best[0].round_trip_s
    at = max(each.middle for each in samples)
    if len(best) < 3:
        excess = max(each.round_trip_s for each in best) / 2
        offset = median(each.offset_s for each in best)
        return Offset(at, offset, 0.0, _FLOOR_S + excess, shortest / 2, shortest, _WORST_RATE)
    mean_t = sum(each.middle for each in best) / len(best)
    mean_o = sum(each.offset_s for each in best) / len(best)
    spread = sum((each.middle - mean_t) ** 2 for each in best)
    slope = sum((each.middle - mean_t) * (each.offset_s - mean_o) for each in best) / spread if spread > 1e-9 else 0.0
    slope = max(-_WORST_RATE, min(_WORST_RATE, slope))
    rest = sum((each.offset_s - mean_o - slope * (each.middle - mean_t)) ** 2 for each in best)
    # A sample is off by half of its wait in queues at most; what the rest says alone is too good where few are alike.
    waits = sum(((each.round_trip_s - shortest) / 2) ** 2 for each in best) / len(best)
    sigma = math.sqrt(max(rest / (len(best) - 2), waits / 3))
    place = (at - mean_t) ** 2 / spread if spread > 1e-9 else 0.0
    drift = min(_WORST_RATE, _SIGMAS * sigma / math.sqrt(spread)) if spread > 1e-9 else _WORST_RATE
    error = _SIGMAS * sigma * math.sqrt(1 / len(best) + place)
    return Offset(at, mean_o + slope * (at - mean_t), slope, _FLOOR_S + error, shortest / 2, shortest, drift)
