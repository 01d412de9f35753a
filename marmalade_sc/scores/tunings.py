"""Tunings: where each note of the octave lies, in semitones above the tonic; 12 of them, or any equal division."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from marmalade_sc.scores.keys import SEMITONES

__all__ = ["LETTERS_BY_FIFTHS", "TUNINGS", "EqualDivision", "Temperament", "Tuning"]


@dataclass(frozen=True, slots=True)
class Temperament:
    """Twelve notes of an octave, in cents above `tonic` (0 to 11 semitones above c). The tonic itself stays."""

    cents: tuple[float, ...]
    tonic: int = 0

    def pitch(self, midi: float, fifths: int | None) -> float:
        """The MIDI note, with its fraction, as it is tuned."""
        whole = math.floor(midi)
        octave, degree = divmod(whole - self.tonic, 12)
        return self.tonic + octave * 12 + self.cents[degree] / 100 + (midi - whole)


@dataclass(frozen=True, slots=True)
class EqualDivision:
    """An octave in `steps` equal ones, notes reached by fifths: in 19 or 31 steps c+ and d- are two notes."""

    steps: int

    def pitch(self, midi: float, fifths: int | None) -> float:
        """The MIDI note as it is tuned; `fifths` above c say how it is written, None: with sharps."""
        if fifths is None:
            fifths = _SHARP_FIFTHS[math.floor(midi) % 12]
        fifth = round(self.steps * math.log2(1.5)) * 12 / self.steps
        return midi + fifths * (fifth - 7)


Tuning = Temperament | EqualDivision

_SHARP_FIFTHS: Final = tuple((pitch * 7) % 12 for pitch in range(12))


def _ratios(*ratios: tuple[int, int]) -> tuple[float, ...]:
    return tuple(1200 * math.log2(above / below) for above, below in ratios)


def _by_fifths(fifth_cents: Sequence[float]) -> tuple[float, ...]:
    """Twelve notes from the sizes of the fifths from e- (3 below c) up to g+ (8 above)."""
    found = {0: 0.0}
    at = 0.0
    for step, size in enumerate(fifth_cents[3:], 1):
        at += size
        found[(step * 7) % 12] = at % 1200
    at = 0.0
    for step, size in enumerate(reversed(fifth_cents[:3]), 1):
        at -= size
        found[(-step * 7) % 12] = at % 1200
    return tuple(found[degree] for degree in range(12))


_PURE: Final = 1200 * math.log2(1.5)
_COMMA: Final = 12 * _PURE - 8400
"""The Pythagorean comma, by which twelve pure fifths are too large."""
_QUARTER_MEANTONE: Final = 1200 * math.log2(5) / 4

TUNINGS: Final[Mapping[str, tuple[float, ...]]] = MappingProxyType(
    {
        "equal": tuple(100.0 * degree for degree in range(12)),
        "just": _ratios(
            *((1, 1), (16, 15), (9, 8), (6, 5), (5, 4), (4, 3)),
            *((45, 32), (3, 2), (8, 5), (5, 3), (9, 5), (15, 8)),
        ),
        "pythagorean": _by_fifths([_PURE] * 11),
        "meantone": _by_fifths([_QUARTER_MEANTONE] * 11),
        "werckmeister": _by_fifths(
            [*[_PURE] * 3, *[_PURE - _COMMA / 4] * 3, _PURE, _PURE, _PURE - _COMMA / 4, _PURE, _PURE]
        ),
        "young": _by_fifths([*[_PURE] * 3, *[_PURE - _COMMA / 6] * 6, _PURE, _PURE]),
    }
)
"""Cents of the twelve notes above the tonic. Just: the usual five-limit scale. Werckmeister is his third (1691), Young
his second of 1799."""

LETTERS_BY_FIFTHS: Final = MappingProxyType({letter: ((pitch * 7 + 1) % 12) - 1 for letter, pitch in SEMITONES.items()})
"""Fifths above c of each letter: f is -1, b is 5; each sharp adds 7."""
