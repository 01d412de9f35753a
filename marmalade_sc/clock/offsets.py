"""How another player's clock differs from ours, and how fast, from probes there and back. Pure.

A probe tells how long each way took, plus or minus the offset. What a way takes beyond its shortest time is a wait in
some queue, and never less than nothing: so the offset lies where two parallel lines, one below all ways there and one
above all ways back, come as close to the samples as they can. No probe has to be lucky both ways. The slope is the rate
at which one clock gains on the other; crystals differ by 5 to 30 millionths, so where queues are long a steeper slope
has to be earned. What no probe can see is a way that is always longer than the way back: half of that is in the offset,
and it cannot be more than half of the shortest round trip.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from heapq import nsmallest
from statistics import median
from typing import Final

__all__ = ["UNSURE_S", "WINDOW", "Offset", "Offsets", "Sample", "agreed"]

WINDOW: Final = 256
_WINDOW_S: Final = 64.0
"""Older probes say too little of how fast a clock goes now."""
_FEWEST: Final = 8
_WORST_RATE: Final = 200e-6
"""Two crystals never differ by more."""
_USUAL_RATE: Final = 20e-6
_STEPS: Final = 20
"""Of a golden section from 400 millionths to 0.03."""
_FLOOR_S: Final = 5e-7
_JUMP_S: Final = 0.02
_LOWEST: Final = 12
_FEW: Final = 16.0
UNSURE_S: Final = 0.001
"""Who is known less well than this is asked more often."""
_LEVEL: Final = 4.5
_TILT: Final = 9.5
"""The error of the lines' height and of their slope at the end, in mean distances between the lowest samples: 99.9 %
and more of all cases in simulations of links with queues of all lengths (bench/offsets.py)."""


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
        while self._samples[0].middle < sample.middle - _WINDOW_S:
            self._samples.popleft()
        self._found = None
        return True

    @property
    def count(self) -> int:
        """How many probes there are."""
        return len(self._samples)

    @property
    def latest(self) -> Offset | None:
        """The estimate that was made last; None where none was asked for since the last probe."""
        return self._found

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
        found = self._found
        off = abs(sample.offset_s - found.offset_at(sample.middle))
        # Of one clock a probe is off by half of its round trip at most, and so is the estimate by half of its best.
        return off > _JUMP_S + sample.round_trip_s / 2 + found.asymmetry_s + found.uncertainty_at(sample.middle)


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
    shortest = min(each.round_trip_s for each in samples)
    at = max(each.middle for each in samples)
    if len(samples) < _FEWEST:
        best = sorted(samples, key=lambda each: each.round_trip_s)
        excess = best[-1].round_trip_s / 2
        offset = median(each.offset_s for each in best)
        return Offset(at, offset, 0.0, _FLOOR_S + excess, shortest / 2, shortest, _WORST_RATE)
    times = [each.middle - at for each in samples]
    there = [each.arrived - each.sent for each in samples]
    back = [each.back - each.answered for each in samples]

    lowest_there, lowest_back = _lowest(times, there), _lowest(times, back)

    def lines(rate: float) -> tuple[float, float]:
        """The highest line below all ways there, and below all ways back, where a clock gains so much."""
        return (
            min(way - rate * time for time, way in lowest_there),
            min(way + rate * time for time, way in lowest_back),
        )

    count = len(samples)
    wait_s = (sum(there) + sum(back)) / (2 * count) - sum(lines(0.0)) / 2 + 1e-9
    rate = _highest(lambda each: count * sum(lines(each)) / wait_s - (each / _USUAL_RATE) ** 2 / 2)
    low, high = lines(rate)
    fewest = min(_LOWEST, max(3, count // 4))
    ways = [way - rate * time - low for way, time in zip(there, times, strict=True)]
    ways_back = [way + rate * time - high for way, time in zip(back, times, strict=True)]
    lowest = nsmallest(fewest, ways)[-1] + nsmallest(fewest, ways_back)[-1]
    # How far apart the lowest are says how far the very lowest may be from where none can be; few say so badly.
    apart_s = lowest / (2 * (fewest - 1)) * (1 + _FEW / (fewest - 1) ** 2)
    tilt_s = min(_TILT * apart_s, -min(times) * _USUAL_RATE)
    error = _LEVEL * apart_s + tilt_s
    drift = min(_WORST_RATE, (_LEVEL + _TILT) * apart_s / max(1e-3, -min(times)))
    return Offset(at, (low - high) / 2, rate, _FLOOR_S + error, shortest / 2, shortest, drift)


def _lowest(times: list[float], ways: list[float]) -> list[tuple[float, float]]:
    """Those of the points that a line below all of them can touch: their lower hull."""
    found: list[tuple[float, float]] = []
    for time, way in sorted(zip(times, ways, strict=True)):
        while len(found) > 1:
            (first, low), (second, middle) = found[-2:]
            if (second - first) * (way - low) > (time - first) * (middle - low):
                break
            found.pop()
        found.append((time, way))
    return found


def _highest(worth: Callable[[float], float]) -> float:
    """The rate that is worth most, of a worth with one summit: by golden section."""
    low, high = -_WORST_RATE, _WORST_RATE
    step = (math.sqrt(5) - 1) / 2
    left, right = high - step * (high - low), low + step * (high - low)
    at_left, at_right = worth(left), worth(right)
    for _ in range(_STEPS):
        if at_left < at_right:
            low, left, at_left = left, right, at_right
            right = low + step * (high - low)
            at_right = worth(right)
        else:
            high, right, at_right = right, left, at_left
            left = high - step * (high - low)
            at_left = worth(left)
    return (low + high) / 2
