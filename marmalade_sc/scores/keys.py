"""Key signatures: which letters are raised or lowered, and by how much, from text, from a scale or from pairs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["MODES", "NO_KEY", "SEMITONES", "KeySignature", "key_of_letters", "key_of_scale", "semitones_of"]

KeySignature = Mapping[str, int]
"""Semitones by letter; a letter that is not in it is natural."""

NO_KEY: Final[KeySignature] = MappingProxyType({})
SEMITONES: Final = MappingProxyType({"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11})
"""Semitones of the letters above c."""

_SHARPS: Final = "fcgdaeb"
"""The letters in the order in which key signatures sharpen them; backwards they are flattened."""

MODES: Final = MappingProxyType(
    {
        "major": -1,
        "ionian": -1,
        "dorian": -3,
        "phrygian": -5,
        "lydian": 0,
        "mixolydian": -2,
        "minor": -4,
        "aeolian": -4,
        "locrian": -6,
    }
)
"""Sharps of each mode upon f (negative: flats); each letter on in the order of sharps has one more."""

_SIGNS: Final = {"+": 1, "-": -1}
_WORDS: Final = {"flat": -1, "natural": 0, "sharp": 1}


def semitones_of(word: str) -> int | None:
    """Semitones of flat, natural and sharp; None for another word."""
    return _WORDS.get(word)


def key_of_letters(text: str) -> KeySignature | None:
    """The key signature of a text such as "f+ c+" or "b- e--"; None when it is none."""
    key: dict[str, int] = {}
    for word in text.split():
        letter, signs = word[0], word[1:]
        if letter not in SEMITONES or not signs or any(sign not in _SIGNS for sign in signs):
            return None
        key[letter] = sum(_SIGNS[sign] for sign in signs)
    return key


def key_of_scale(letter: str, accidentals: int, mode: str) -> KeySignature:
    """The key signature of a scale: its tonic's letter, the tonic's accidentals in semitones, its mode."""
    fifths = MODES[mode] + _SHARPS.index(letter)
    order = _SHARPS if fifths > 0 else _SHARPS[::-1]
    key = dict.fromkeys(SEMITONES, accidentals)
    for step in range(abs(fifths)):
        key[order[step % len(order)]] += 1 if fifths > 0 else -1
    return {name: semitones for name, semitones in key.items() if semitones}
