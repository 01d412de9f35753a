"""Generators in the user's code: `g1 >> jam["drums"](density=.8)`; each action is an order for the player."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from marmalade_sc.errors import ControlError, UsageError
from marmalade_sc.patterns.notation import notation
from marmalade_sc.patterns.pattern import Pattern

_BARS = 16
_MOST_BARS = 64
_A_BAR = 32
_MOST_STEPS = 4096
_WIDEST = 96

__all__ = ["GeneratorCall", "GeneratorHandle", "controls_of"]


class GeneratorCall:
    """A generator with its controls, to be given to a track."""

    __slots__ = ("controls", "name", "options")

    def __init__(self, name: str, controls: Mapping[str, object], options: Mapping[str, object]) -> None:
        self.name = name
        self.controls = dict(controls)
        self.options = dict(options)

    def transpose(self, semitones: float) -> "GeneratorCall":
        """The same, with all its notes so much higher."""
        if isinstance(semitones, bool) or not isinstance(semitones, int | float) or not abs(semitones) <= _WIDEST:
            raise ControlError(f"{semitones!r:.40} semitones cannot be", hint=f"Give {-_WIDEST} to {_WIDEST}.")
        return GeneratorCall(self.name, self.controls, {**self.options, "semitones": float(semitones)})

    def order(self, track: str = "") -> dict[str, object]:
        """What the player is asked for."""
        return {"do": "run", "generator": self.name, "track": track, "replace": bool(track),
                "controls": self.controls, **self.options}  # fmt: skip

    def __repr__(self) -> str:
        shown = {name: f"{each:g}" if isinstance(each, float) else repr(each) for name, each in self.controls.items()}
        given = ", ".join(f"{name}={each:.60}" for name, each in shown.items())
        return f'jam["{self.name}"]({given})'


class GeneratorHandle:
    """One generator: called with controls it is given to a track, `set` changes those of its instances that run."""

    __slots__ = ("_name", "_order")

    @property
    def name(self) -> str:
        """The generator's."""
        return self._name

    def __init__(self, name: str, order: Callable[[Mapping[str, object]], None]) -> None:
        self._name = name
        self._order = order

    def __call__(self, *, bars: float | None = None, seconds: float | None = None, **controls: object) -> GeneratorCall:
        """This generator with these controls, for so long."""
        return GeneratorCall(self._name, controls_of(controls), _length(bars, seconds))

    def transpose(self, semitones: float) -> GeneratorCall:
        """This generator with all its notes so much higher: `p1 >> jam["acid"].transpose(5)`."""
        return self().transpose(semitones)

    def set(self, **controls: object) -> None:
        """Set controls of its instances that run: to numbers, or to patterns."""
        self._order({"do": "control", "name": self._name, "controls": controls_of(controls)})

    def stop(self, bars: float = 0) -> None:
        """Tell its instances to end, within so many bars."""
        self._order({"do": "stop", "name": self._name, "bars": float(bars)})

    def __repr__(self) -> str:
        return f'jam["{self._name}"]'


def controls_of(given: Mapping[str, object]) -> dict[str, object]:
    """Controls as the player takes them: numbers, notations as text, other patterns as a loop of steps.

    Raises:
        ControlError: one is neither.
        NotationError: a text cannot be read.
    """
    found: dict[str, object] = {}
    for name, value in given.items():
        if isinstance(value, str):
            notation(value, "number")
            found[name] = str(value)
        elif isinstance(value, Pattern):
            found[name] = _loop(name, value)
        elif isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ControlError(f"{name} of a generator cannot be {value!r:.40}", hint='Give a number, or "<200 800>".')
        else:
            found[name] = float(value)
    return found


def _loop(name: str, pattern: Pattern) -> dict[str, object]:
    """A pattern as steps: one repetition, or its first 16 bars; of what is continuous 32 values a bar."""
    bars = pattern.period if pattern.period is not None and pattern.period <= _MOST_BARS else _BARS
    steps: dict[Fraction, float] = {}
    for event in pattern.query(0, bars):
        if event.whole is None:
            break
        if event.has_onset:
            steps[event.part.begin] = event.value
    else:
        return {"bars": bars, "steps": _rows(name, steps)}
    for number in range(bars * _A_BAR):
        at = Fraction(number, _A_BAR)
        if sample := pattern.query(at, at + Fraction(1, 1 << 16)):
            steps[at] = sample[0].value
    return {"bars": bars, "steps": _rows(name, steps)}


def _rows(name: str, steps: Mapping[Fraction, object]) -> list[list[object]]:
    found: list[list[object]] = []
    for at, value in sorted(steps.items())[:_MOST_STEPS]:
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ControlError(f"{name} of a generator cannot be {value!r:.40}", hint="Its pattern is of numbers.")
        if not found or found[-1][1] != value:
            found.append([str(at), float(value)])
    if not found:
        raise ControlError(f"The pattern of {name} has no values")
    return found


def _length(bars: float | None, seconds: float | None) -> dict[str, object]:
    if bars is not None and seconds is not None:
        raise UsageError("A generator plays for bars or for seconds, not both")
    found = {name: value for name, value in (("bars", bars), ("seconds", seconds)) if value is not None}
    return dict(controls_of(found))
