"""What evaluated code, keys and commands ask of the music: small values, carried out by the scheduler.

An operation says *what*; when it lands is decided when it is carried out, from the grid that it names.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from marmalade_sc.live.lane import Lane

__all__ = [
    "Count",
    "DropScene",
    "Grid",
    "Hush",
    "Meter",
    "NextScene",
    "Nudge",
    "Only",
    "Operation",
    "Ramp",
    "Recall",
    "Redo",
    "Remembered",
    "Replace",
    "SaveScene",
    "SetMix",
    "Tempo",
    "Transport",
    "Undo",
    "in_meter",
]


@dataclass(frozen=True, slots=True)
class Grid:
    """Where a change may land: at multiples of `cycles`, `phase` later. 0 cycles: as soon as it can.

    With `beats` it is that many beats of the meter, which `in_meter` turns into cycles. With `mark` it is where what
    the track plays comes to that place of itself, if it is a piece that has one.
    """

    cycles: Fraction = Fraction(1)
    phase: Fraction = Fraction(0)
    beats: Fraction = Fraction(0)
    mark: str = ""

    def in_meter(self, beats_per_cycle: Fraction) -> "Grid":
        """The grid in cycles, where a cycle has so many beats."""
        return replace(self, cycles=self.beats / beats_per_cycle, beats=Fraction(0)) if self.beats else self

    def next(self, earliest: Fraction) -> Fraction:
        """The first point of the grid that is not before `earliest`."""
        if not self.cycles:
            return earliest
        steps = (earliest - self.phase) / self.cycles
        return self.phase + self.cycles * -(-steps.numerator // steps.denominator)


@dataclass(frozen=True, slots=True)
class Replace:
    """A track plays `lane` from the next point of the grid on; over `fade` cycles the one before goes out under it."""

    track: str
    lane: Lane
    grid: Grid = field(default_factory=Grid)
    fade: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Hush:
    """A track (None: all) falls silent now, within `fade_s` seconds, and plays no more."""

    track: str | None = None
    fade_s: float = 0.02


_MIXED: Final = {
    ("mute", True): "muted",
    ("mute", False): "unmuted",
    ("solo", True): "solo",
    ("solo", False): "no longer solo",
}


@dataclass(frozen=True, slots=True)
class SetMix:
    """Settings of a track's strip, as `Mix` sections carry them; at the next point of `grid`, or now.

    `is_shared`: it is what all players share, whoever has moved it. Undo does not take it back, here alone.
    """

    track: str
    settings: Mapping[str, object]
    grid: Grid = field(default_factory=lambda: Grid(Fraction(0)))
    is_shared: bool = False

    @property
    def words(self) -> str:
        """What a landing says of it: "d1 muted", as the keys do."""
        said = [_MIXED[name, bool(on)] for name, on in self.settings.items() if (name, bool(on)) in _MIXED]
        return f"{self.track} {said[0]}" if len(said) == len(self.settings) == 1 else f"mix of {self.track}"


@dataclass(frozen=True, slots=True)
class Tempo:
    """Another tempo from the next point of the grid on."""

    bpm: float
    grid: Grid = field(default_factory=Grid)


@dataclass(frozen=True, slots=True)
class Ramp:
    """Go to a tempo within `cycles`, from the next point of the grid on."""

    bpm: float
    cycles: Fraction
    grid: Grid = field(default_factory=Grid)


@dataclass(frozen=True, slots=True)
class Meter:
    """Another number of beats in a bar, from the next bar on."""

    beats: Fraction


@dataclass(frozen=True, slots=True)
class Nudge:
    """All that comes is `seconds_s` later."""

    seconds_s: float


@dataclass(frozen=True, slots=True)
class Transport:
    """Musical time goes on or stands still; at cycle `at`, where that is known from before, else as soon as it can."""

    playing: bool
    at: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """The bars are counted from now on: what plays first begins at the next of them, and not the bars anew."""


@dataclass(frozen=True, slots=True)
class Only:
    """Tracks that are not named play no more from the next point of the grid on."""

    tracks: tuple[str, ...]
    grid: Grid = field(default_factory=Grid)


@dataclass(frozen=True, slots=True)
class Undo:
    """Take back the latest `steps` changes of a track, or of all (None): pattern and mix, from the grid on."""

    track: str | None = None
    steps: int = 1
    grid: Grid = field(default_factory=Grid)


@dataclass(frozen=True, slots=True)
class Redo:
    """Do again what was taken back last, of a track or of all (None)."""

    track: str | None = None
    steps: int = 1
    grid: Grid = field(default_factory=Grid)


@dataclass(frozen=True, slots=True)
class SaveScene:
    """Keep what each track plays, with its mix, under a name."""

    name: str


@dataclass(frozen=True, slots=True)
class DropScene:
    """Forget a scene."""

    name: str


@dataclass(frozen=True, slots=True)
class Recall:
    """Every track plays what the scene says from the next point of the grid on; those it does not name stop."""

    name: str
    grid: Grid = field(default_factory=Grid)


@dataclass(frozen=True, slots=True)
class NextScene:
    """Recall the scene `steps` behind (or before) the latest one, in the order in which they were saved, round."""

    steps: int = 1
    grid: Grid = field(default_factory=Grid)


Remembered = Replace | Hush | SetMix | Only | Undo | Redo | SaveScene | DropScene | Recall | NextScene
"""What changes the book: what tracks play and played."""

Operation = Remembered | Tempo | Ramp | Meter | Nudge | Transport | Count


def in_meter(operation: Operation, beats_per_cycle: Fraction) -> Operation:
    """The operation with its grid in cycles, where a cycle has so many beats."""
    grid = getattr(operation, "grid", None)
    if not isinstance(grid, Grid) or not grid.beats:
        return operation
    return replace(operation, grid=grid.in_meter(beats_per_cycle))  # type: ignore[arg-type]  # those with a grid take one
