"""Controls of an instance that are patterns: their values are told ahead, each for the very frame in which it begins.

An entry of `state:controls:...` counts for an instance from two frames after its stamp, and a frame is made 150 ms
before it begins (docs/sdk.md). So a value for a time is written 50 ms before that time, and 300 ms before it comes.
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Final, Protocol, cast

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import ManifestError, MarmaladeError

if TYPE_CHECKING:
    from marmalade_sc.patterns.pattern import Pattern

__all__ = ["Change", "Weave", "changes", "weave"]

_AHEAD: Final = UNITS_PER_SECOND * 3 // 10
_TOLD: Final = UNITS_PER_SECOND // 20
_LONGEST: Final = 2000
_MOST_STEPS: Final = 4096
_MOST_BARS: Final = 64
_MOST_CHANGES: Final = 64
_MOMENT: Final = Fraction(1, 4096)

Onset = tuple[Fraction, float]


class Weave(Protocol):
    """Values of one control over musical time, in cycles."""

    def at(self, cycle: Fraction) -> float | None:
        """The value that holds then; None in a rest."""

    def between(self, begin: Fraction, end: Fraction) -> Sequence[Onset]:
        """The values that begin in a time, in order."""


@dataclass(frozen=True, slots=True)
class Change:
    """New values of all controls, and the jam time at which they are to be written."""

    when: int
    controls: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Text:
    """A notation, as in the shell."""

    text: str

    def at(self, cycle: Fraction) -> float | None:
        found = _read(self.text).query(cycle, cycle + _MOMENT)
        return _number(found[0].value) if found else None

    def between(self, begin: Fraction, end: Fraction) -> Sequence[Onset]:
        found = [(each.part.begin, _number(each.value)) for each in _read(self.text).onsets(begin, end)]
        return [(cycle, value) for cycle, value in found if value is not None]


@dataclass(frozen=True, slots=True)
class _Steps:
    """A loop of so many bars, of a pattern that somebody else has asked."""

    bars: int
    begins: tuple[Fraction, ...]
    values: tuple[float, ...]

    def at(self, cycle: Fraction) -> float | None:
        return self.values[bisect_right(self.begins, cycle % self.bars) - 1]

    def between(self, begin: Fraction, end: Fraction) -> Sequence[Onset]:
        found = []
        loop = int(begin // self.bars)
        while loop * self.bars < end:
            base = loop * self.bars
            found += [
                (base + each, value)
                for each, value in zip(self.begins, self.values, strict=True)
                if begin <= base + each < end
            ]
            loop += 1
        return found


def weave(name: str, given: object) -> Weave:
    """The pattern in a control: a text in the notation, or `{"bars": 4, "steps": [["1/2", 200], ...]}`.

    Raises:
        ManifestError: it is neither.
        NotationError: the text cannot be read.
    """
    if isinstance(given, str) and len(given) <= _LONGEST:
        _read(given)
        return _Text(given)
    try:
        table = cast(Mapping[str, object], given)
        bars, rows = table["bars"], cast(Sequence[Sequence[object]], table["steps"])
        if not isinstance(bars, int) or not 1 <= bars <= _MOST_BARS or not 1 <= len(rows) <= _MOST_STEPS:
            raise ValueError
        steps = sorted((Fraction(str(row[0])[:40]), float(cast(float, row[1]))) for row in rows)
        if not all(0 <= begin < bars for begin, _ in steps):
            raise ValueError
        return _Steps(bars, tuple(begin for begin, _ in steps), tuple(value for _, value in steps))
    except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError):
        raise ManifestError(
            f"{name} cannot be {given!r:.40}", hint='A control is a number, or a pattern: "<200 800>".'
        ) from None


def changes(
    woven: Mapping[str, Weave],
    controls: Mapping[str, float],
    clamp: Callable[[str, float], float],
    timeline: Timeline,
    told: int,
    now: int,
) -> tuple[list[Change], int]:
    """What is to be written now, and until when (jam time) all is told then.

    Args:
        controls: as they are at `told`.
        clamp: a value within its control's range.
        told: until when all was told; 0 at first, then the values that hold now are told at once.
    """
    until = now + _AHEAD
    if not timeline.is_playing(now):
        return [], until
    found: list[Change] = []
    values = dict(controls)
    if told < now:  # the first look, or one that comes late: what holds now
        cycle = timeline.cycle(now)
        for name, each in woven.items():
            with_value = each.at(cycle)
            if with_value is not None:
                values[name] = clamp(name, with_value)
        if values != dict(controls):
            found.append(Change(now - _TOLD, dict(values)))
        told = now
    if told >= until:
        return found, told
    begin, end = timeline.cycle(told), timeline.cycle(until)
    onsets = sorted((cycle, name, value) for name, each in woven.items() for cycle, value in each.between(begin, end))
    for cycle, name, value in onsets[:_MOST_CHANGES]:
        fresh = clamp(name, value)
        if values.get(name) == fresh:
            continue
        values[name] = fresh
        when = timeline.timetag(cycle) - _TOLD
        if found and found[-1].when == when:
            found.pop()
        found.append(Change(when, dict(values)))
    return found, until


def _read(text: str) -> "Pattern":
    from marmalade_sc.patterns.notation import notation  # 50 ms of a start, for whom no control is a pattern

    return notation(text, "number")


def _number(value: object) -> float | None:
    try:
        return float(cast(float, value))
    except (TypeError, ValueError, MarmaladeError):
        return None
