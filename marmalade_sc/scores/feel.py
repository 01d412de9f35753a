"""How a part plays beyond Alda's language: what goes from one value to another, swing, chance, tuning, ornaments.

A part has a `Feel` from the first of these extensions on, and none in strict mode: then nothing here is ever asked.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from marmalade_sc.scores.ornaments import Ornament
from marmalade_sc.scores.pulse import Pulse
from marmalade_sc.scores.tunings import Tuning

__all__ = ["Feel", "Humanity", "Ramp", "Swing", "Toward"]


@dataclass(frozen=True, slots=True)
class Toward:
    """A wish: come to `value` within so many beats."""

    value: float
    beats: float


@dataclass(frozen=True, slots=True)
class Ramp:
    """A value that goes from one time in milliseconds to another."""

    begin_ms: float
    end_ms: float
    begin: float
    end: float

    def at(self, ms: float) -> float:
        """The value at a time."""
        if ms >= self.end_ms:
            return self.end
        share = max(0.0, (ms - self.begin_ms) / (self.end_ms - self.begin_ms))
        return self.begin + (self.end - self.begin) * share


@dataclass(frozen=True, slots=True)
class Swing:
    """Of each two notes of `beats` the first takes `share` of their time (0.5 is straight), from beat `since` on."""

    share: float
    beats: float
    since: float

    def swung(self, beat: float) -> float:
        """Where what stands on a beat sounds."""
        pair = 2 * self.beats
        gone = beat - self.since
        whole = math.floor(gone / pair + 1e-9)
        place = max(0.0, gone / pair - whole)
        early = place < 0.5
        moved = place * 2 * self.share if early else self.share + (place - 0.5) * 2 * (1 - self.share)
        return self.since + (whole + moved) * pair


_GOLDEN: Final = 0x9E3779B97F4A7C15
_MASK: Final = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Humanity:
    """Notes a little early, late, soft and loud: up to `ms` and `share` of the volume, the same for the same seed."""

    ms: float
    share: float
    seed: int

    def dice(self, part: int, onset_ms: float, midi: float) -> tuple[float, float]:
        """Two numbers between -1 and 1, small ones more often: for a note they depend on the note alone, so that an
        edit elsewhere moves none."""
        state = (self.seed * 1_000_003 + part * 8191 + round(onset_ms * 64) * 131 + round(midi * 64)) & _MASK
        rolled = []
        for _ in range(4):
            state = (state + _GOLDEN) & _MASK
            mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
            rolled.append((mixed ^ (mixed >> 31)) / 2**64)
        return rolled[0] - rolled[1], rolled[2] - rolled[3]


@dataclass(frozen=True, slots=True)
class Feel:
    """See the module.

    Attributes:
        pulse: beats of the part, and where its tempo goes.
        ramps: by field of the part.
        ornament: of the next note or chord alone.
        strum_ms: between the notes of the next chord, in their order; negative: backwards.
    """

    pulse: Pulse
    ramps: Mapping[str, Ramp] = field(default_factory=lambda: MappingProxyType({}))
    swing: Swing | None = None
    humanity: Humanity | None = None
    cents: float = 0.0
    tuning: Tuning | None = None
    ornament: Ornament | None = None
    strum_ms: float = 0.0
    sounding: float = 1.0
    louder: float = 1.0

    def value(self, name: str, ms: float, settled: float) -> float:
        """A field's value at a time; `settled` where it does not go anywhere."""
        ramp = self.ramps.get(name)
        return settled if ramp is None else ramp.at(ms)

    def toward(self, name: str, begin: float, wish: Toward, ms: float) -> "Feel":
        """A field goes somewhere from a time on."""
        end_ms = self.pulse.ms(self.pulse.beat(ms) + wish.beats)
        ramp = Ramp(ms, end_ms, self.value(name, ms, begin), wish.value)
        return replace(self, ramps=MappingProxyType({**self.ramps, name: ramp}))

    def settled(self, name: str) -> "Feel":
        """A field has a value of its own again."""
        if name not in self.ramps:
            return self
        return replace(self, ramps=MappingProxyType({key: ramp for key, ramp in self.ramps.items() if key != name}))

    @property
    def is_spent(self) -> bool:
        """Whether nothing waits for the next note."""
        return self.ornament is None and not self.strum_ms and self.sounding == self.louder == 1.0

    def spent(self) -> "Feel":
        """After the note that an ornament was for."""
        return replace(self, ornament=None, strum_ms=0.0, sounding=1.0, louder=1.0)

    def span(self, at_ms: float, duration_ms: float) -> tuple[float, float]:
        """When a note sounds, and for how long, that stands at `at_ms`: with swing."""
        if self.swing is None:
            return at_ms, duration_ms
        begin, end = self.pulse.beat(at_ms), self.pulse.beat(at_ms + duration_ms)
        begin_ms, end_ms = self.pulse.ms(self.swing.swung(begin)), self.pulse.ms(self.swing.swung(end))
        return max(0.0, begin_ms), end_ms - begin_ms
