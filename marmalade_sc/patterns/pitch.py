"""From names, degrees and note numbers to semitones and hertz.

Note numbers count semitones; note 0 is middle C: MIDI note 60, 261.63 Hz, named c5 (as in Tidal, one octave above
the scientific name). So a5 is 440 Hz and a1 is 27.5 Hz.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from math import floor

from marmalade_sc.errors import ControlError, nearest
from marmalade_sc.patterns.event import Value
from marmalade_sc.patterns.scales import scale_degrees, scale_table

__all__ = [
    "MIDDLE_C_MIDI",
    "NOTE_NAME",
    "Note",
    "degree_semitones",
    "freq_hz",
    "midi_note",
    "note_name",
    "note_number",
    "resolve_pitch",
]

MIDDLE_C_MIDI = 60
DEFAULT_OCTAVE = 5
NOTE_NAME = re.compile(r"([a-gA-G])([sfnb#]*)(-?\d{1,2})?")
LETTERS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
ACCIDENTALS = {"s": 1, "#": 1, "f": -1, "b": -1, "n": 0}
_OF_PITCH = ("degree", "n", "note", "root", "oct", "transpose")
NAMES = ("c", "cs", "d", "ef", "e", "f", "fs", "g", "af", "a", "bf", "b")


class Note(float):
    """Semitones from middle C, as written by a note name: told apart from a degree of a scale."""

    __slots__ = ()


@lru_cache(1024)
def note_number(name: str) -> float | None:
    """Semitones of a note name (`c` = `c5` = 0, `ef4`, `f#`, `bb3`), or None when it is not one."""
    found = NOTE_NAME.fullmatch(name)
    if found is None:
        return None
    letter, accidentals, octave = found.groups()
    steps = LETTERS[letter.lower()] + sum(ACCIDENTALS[each] for each in accidentals)
    return float(steps + 12 * ((int(octave) if octave else DEFAULT_OCTAVE) - DEFAULT_OCTAVE))


def note_name(number: float) -> str:
    """The name of the nearest note, `note_name(0) == "c5"`."""
    nearest_note = floor(number + 0.5)
    return f"{NAMES[nearest_note % 12]}{nearest_note // 12 + DEFAULT_OCTAVE}"


def midi_note(number: float) -> float:
    """The MIDI note number of a note number: 0 becomes 60."""
    return number + MIDDLE_C_MIDI


def freq_hz(number: float) -> float:
    """The frequency of a note number in equal temperament, a5 = 9 = 440 Hz."""
    return float(440.0 * 2.0 ** ((number - 9.0) / 12.0))


@lru_cache(4096)
def degree_semitones(degree: float, scale: str = "major") -> float:
    """Semitones above the root of a degree counted from 0; beyond the scale it goes on in the next octave.

    A fractional degree lies between its neighbours in proportion: 0.5 in "major" is 1.0.

    Raises:
        ControlError: for a scale that does not exist, with the nearest name.
    """
    steps = scale_degrees(scale)
    if steps is None:
        near = nearest(scale, scale_table())
        raise ControlError(
            f"there is no scale {scale!r}", hint=f"did you mean {near!r}?" if near else "docs/language.md lists them"
        )
    below = floor(degree)
    low = steps[below % len(steps)] + 12.0 * (below // len(steps))
    if below == degree:
        return low
    above = below + 1
    high = steps[above % len(steps)] + 12.0 * (above // len(steps))
    return low + (high - low) * (degree - below)


def _number(value: Value, control: str) -> float:
    if type(value) is float:  # nearly always, and most quickly said
        return value
    if isinstance(value, (int, float)):
        return float(value)
    number = note_number(value) if isinstance(value, str) else None
    if number is None:
        raise ControlError(f"{control} is {value!r}; it must be a number or a note name")
    return number


def resolve_pitch(value: Mapping[str, Value]) -> float | None:
    """The frequency in hertz that the controls of an event mean, or None when they name no pitch.

    In order: `freq` as it is; `degree` (or `n` when there is a `scale`) in `scale` (default major) above `root`
    (default c5); `note`. To the last two are added `oct` octaves and `transpose` semitones. A `scale` may hold its
    root: "a4:minor".

    Raises:
        ControlError: for an unknown scale, a value that is no number, or a pitch beyond all bounds.
    """
    if "freq" in value:
        return _number(value["freq"], "freq")
    try:
        semitones = _semitones(value)
        return None if semitones is None else freq_hz(semitones)
    except (OverflowError, ValueError):  # of a number that is none, or beyond all bounds
        pitch = ", ".join(f"{name} {value[name]}" for name in _OF_PITCH if name in value)
        raise ControlError(f"{pitch:.80} is no pitch", hint="give numbers between -100 and 100") from None


def _semitones(value: Mapping[str, Value]) -> float | None:
    if "degree" in value or ("n" in value and "scale" in value):
        scale, root = str(value.get("scale", "major")), value.get("root", 0.0)
        if ":" in scale:
            name, scale = scale.split(":", 1)
            root = value.get("root", name)
        degree = _number(value["degree"] if "degree" in value else value["n"], "degree")
        semitones = degree_semitones(degree, scale) + _number(root, "root")
    elif "note" in value:
        semitones = _number(value["note"], "note")
    else:
        return None
    if "oct" in value:
        semitones += 12.0 * _number(value["oct"], "oct")
    if "transpose" in value:
        semitones += _number(value["transpose"], "transpose")
    return semitones
