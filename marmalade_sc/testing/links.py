"""Ways between two clocks with queues and bursts, to measure estimates against a truth that is known."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from marmalade_sc.clock.offsets import UNSURE_S, Offsets, Sample

__all__ = ["LINKS", "Figures", "Way", "measure"]


@dataclass(frozen=True, slots=True)
class Way:
    """One way, in seconds: a floor, an exponential queue, bursts with a share of all, and an even spread."""

    floor_s: float
    queue_s: float
    bursts: float
    burst_s: float
    spread_s: float = 0.0

    def draw(self, dice: random.Random) -> float:
        """How long one datagram takes."""
        found = self.floor_s + dice.expovariate(1 / self.queue_s) + self.spread_s * dice.random()
        return found + dice.expovariate(1 / self.burst_s) if dice.random() < self.bursts else found


LINKS: Final[Mapping[str, Way]] = MappingProxyType(
    {
        "lan": Way(0.000075, 0.00001, 0.001, 0.001),
        "wifi": Way(0.00075, 0.0005, 0.05, 0.02),
        "wan": Way(0.0125, 0.001, 0.03, 0.03),
        "mobile": Way(0.02, 0.006, 0.08, 0.1),
        "shaky": Way(0.03, 0.00001, 0.0, 0.001, 0.04),
    }
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What an estimate was worth: seconds, and the share of cases in which the error was as small as it said."""

    median_s: float
    p99_s: float
    stated_s: float
    inside: float


def measure(way: Way, seed: int, probes: int = 2000, rate: float = 30e-6, longer_s: float = 0.0) -> Figures:
    """Estimate a clock that gains `rate`, once a second, more often while unsure, as players do.

    The way there takes `longer_s` more than the way back.

    Half of `longer_s`, which nobody can see, is taken off the errors.
    """
    dice = random.Random(seed)
    offsets = Offsets()
    errors, stated, inside = [], [], 0
    sent = 0.0
    for count in range(probes):
        arrived = sent + way.draw(dice) + longer_s
        answered = arrived + 0.0002
        back = answered + way.draw(dice)
        offsets.add(Sample(sent, _theirs(arrived, rate), _theirs(answered, rate), back))
        found = offsets.estimate(back)
        assert found is not None
        error = abs(found.offset_s - (_theirs(back, rate) - back) - longer_s / 2)
        inside += error <= found.uncertainty_s
        if count > 63:
            errors.append(error)
            stated.append(found.uncertainty_s)
        sent += 0.25 if found.uncertainty_s > UNSURE_S else 1.0
    errors.sort()
    stated.sort()
    middle, late = len(errors) // 2, int(0.99 * len(errors))
    return Figures(errors[middle], errors[late], stated[middle], inside / probes)


def _theirs(moment: float, rate: float) -> float:
    return moment * (1 + rate) + 123.0
