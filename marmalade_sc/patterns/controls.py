"""Patterns of controls: events whose values are mappings such as {"s": "bd", "amp": 0.8}, never changed in place."""

from collections.abc import Mapping
from dataclasses import dataclass

from marmalade_sc.errors import ControlError, UsageError
from marmalade_sc.patterns.arguments import as_pattern, is_number
from marmalade_sc.patterns.combine import app_onset
from marmalade_sc.patterns.event import Value
from marmalade_sc.patterns.pattern import Pattern, pure
from marmalade_sc.patterns.pitch import Note

__all__ = [
    "ALIASES",
    "CONTROLS",
    "Control",
    "Voice",
    "as_controls",
    "control",
    "sound_controls",
    "voice",
    "with_controls",
]


@dataclass(frozen=True, slots=True)
class Control:
    """One control that every voice understands; `kind` is how a notation for it is read."""

    name: str
    kind: str
    unit: str
    doc: str


CONTROLS = (
    Control("s", "string", "", 'the sound: a voice or a bank of samples; "bd:3" is number 3 of the bank'),
    Control("n", "number", "", "number within a bank of samples; with a scale, a degree"),
    Control("note", "note", "semitones", "pitch from middle C, a number or a name: c5 is 0"),
    Control("degree", "pitch", "degrees", "step of the scale, counted from 0; -1 is the step below the root"),
    Control("scale", "string", "", 'name of the scale of the degrees (default major); "a4:minor" has its root with it'),
    Control("root", "note", "semitones", "where degree 0 lies (default c5)"),
    Control("oct", "number", "octaves", "octaves added to the pitch"),
    Control("transpose", "number", "semitones", "semitones added to the pitch"),
    Control("freq", "number", "Hz", "pitch as a frequency; goes before everything else"),
    Control("chord", "string", "", "symbol of a chord such as Am7, for voicing()"),
    Control("amp", "number", "", "loudness as a factor, 1 is full"),
    Control("pan", "number", "", "place from left (-1) to right (1)"),
    Control("dur", "number", "", "length of the note as a factor of the event's length"),
    Control("sustain", "number", "s", "length of the note; goes before dur"),
    Control("begin", "number", "", "where in the sample to begin, 0 to 1"),
    Control("end", "number", "", "where in the sample to end, 0 to 1"),
    Control("speed", "number", "", "speed of the sample, negative is backwards"),
    Control("swing", "number", "", "lateness of every second eighth, in eighths: applied to the times, not sent"),
)

ALIASES: Mapping[str, str] = {"gain": "amp", "sound": "s", "octave": "oct", "legato": "dur"}


def _kind(name: str) -> str:
    for each in CONTROLS:
        if each.name == name:
            return each.kind
    return "auto"


def sound_controls(word: Value) -> Value:
    """The controls of a word for a sound: `bd:3:0.8` is sound bd, number 3, loudness 0.8.

    A part behind a colon that is no number belongs to the name.
    """
    if isinstance(word, dict):
        return word
    if not isinstance(word, str):
        raise ControlError(f"s: {word!r} is not the name of a sound", hint='for example s("bd ~ sn ~")')
    name, *rest = word.split(":")
    result: dict[str, Value] = {"s": name}
    for key, text in zip(("n", "amp"), rest, strict=False):
        try:
            result[key] = float(text)
        except ValueError:
            return {"s": word}
    return result


def as_controls(value: Value) -> dict[str, Value]:
    """The controls that a bare value means: a word is a sound, a note a note, another number a degree."""
    if isinstance(value, dict):
        return value
    if isinstance(value, str):
        return dict(sound_controls(value))
    if isinstance(value, Note):
        return {"note": float(value)}
    if is_number(value):
        return {"degree": float(value)}
    raise ControlError(f"{value!r} is neither a sound, a note nor controls")


def _plain(value: Value) -> Value:
    return float(value) if is_number(value) else value


def control(name: str, value: object) -> Pattern:
    """A pattern of one control, `control("cutoff", "400 .. 1600")`.

    Raises:
        UsageError: for a value that is no pattern; NotationError for a notation that cannot be read.
    """
    name = ALIASES.get(name, name)
    pattern = as_pattern(value, name, _kind(name))
    if name == "s":
        return pattern.fmap(sound_controls)
    if name == "degree":
        return pattern.fmap(as_controls)
    return pattern.fmap(lambda each: each if isinstance(each, dict) else {name: _plain(each)})


def with_controls(pattern: Pattern, controls: Mapping[str, object]) -> Pattern:
    """The pattern with more controls; they are looked up at each event's onset and go before those it has.

    Raises:
        UsageError: naming the control, for a value that is no pattern.
    """
    fixed: dict[str, Value] = {}
    moving: list[tuple[str, Pattern]] = []
    swing: object = None
    for given, value in controls.items():
        name = ALIASES.get(given, given)
        if name == "swing":
            swing = value
            continue
        values = control(name, value)
        if values.constant is not None and not values.constant[1]:
            fixed |= values.constant[0]
        else:
            moving.append((name, values))
    result = pattern.fmap(lambda value: {**as_controls(value), **fixed})
    for _, values in moving:
        result = app_onset(result, values, lambda value, more: {**value, **more})
    if swing is not None:
        from marmalade_sc.patterns.rhythm import swing as swung

        result = swung(result, swing)
    return result


@dataclass(frozen=True, slots=True)
class Voice:
    """A constructor of patterns for one synthdef or bank: `bass = voice("bass")`, `bass("<0 3>*4", dur=.8)`."""

    name: str
    defaults: tuple[tuple[str, object], ...] = ()

    def having(self, control: str, value: object) -> "Voice":
        """The same with a value that a control has where none is given; None takes it out again."""
        rest = tuple(each for each in self.defaults if each[0] != control)
        return Voice(self.name, rest if value is None else (*rest, (control, value)))

    def __call__(self, pattern: object = None, **controls: object) -> Pattern:
        """Notes of the voice.

        Args:
            pattern: gives the times; its numbers are degrees, its names of notes are notes. Without it, one note
                per cycle.
            controls: values of controls: numbers, notations or patterns.

        Raises:
            UsageError: naming the voice or control, for what is no pattern.
        """
        if pattern is None:
            base = pure({"s": self.name})
        else:
            base = as_pattern(pattern, self.name, "pitch").fmap(lambda value: {"s": self.name, **self._notes(value)})
        given = {**dict(self.defaults), **controls}
        return with_controls(base, given) if given else base

    def _notes(self, value: Value) -> dict[str, Value]:
        if isinstance(value, str):
            raise ControlError(
                f"{self.name}: {value!r} is neither a degree nor a note", hint='for sounds write s("bd sn")'
            )
        return as_controls(value)

    def __repr__(self) -> str:
        return f"<voice {self.name}>"


def voice(name: str) -> Voice:
    """A voice by name, to be bound to a variable.

    Raises:
        UsageError: when the name is not text.
    """
    if not isinstance(name, str) or not name:
        raise UsageError(f"voice: {name!r} is not the name of a voice")
    return Voice(name)
