"""Seeds of chance: the same for the same jam seed, track and place in time, on every machine, live and rendered."""

from fractions import Fraction
from typing import Final

__all__ = ["note_seed", "track_seed"]

_MASK: Final = (1 << 64) - 1
_LARGEST_EXACT: Final = 1 << 24
"""Seeds travel as float32, which counts exactly up to here."""


def track_seed(seed: int, track: str) -> int:
    """Seed of a track's pattern, 0 to 2**64 - 1."""
    state = seed & _MASK
    for byte in track.encode():
        state = _mix(state ^ byte)
    return state


def note_seed(seed: int, cycle: int, offset: Fraction, place: int) -> int:
    """Seed of one note's noise, 1 to 2**24 - 1.

    Args:
        seed: of its track.
        cycle, offset: where it begins.
        place: among the notes of the same instant.
    """
    state = _mix(seed ^ (cycle & _MASK))
    state = _mix(state ^ (offset.numerator << 20) ^ offset.denominator)
    return _mix(state ^ place) % (_LARGEST_EXACT - 1) + 1


def _mix(state: int) -> int:
    """One step of splitmix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    state = (state + 0x9E3779B97F4A7C15) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
