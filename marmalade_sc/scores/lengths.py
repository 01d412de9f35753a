"""How long lengths last: floats in the order of Alda's own arithmetic, so that times agree to the last bit."""

import math
import re
from typing import Final

from marmalade_sc.scores.tree import Beats, Duration, Length, Milliseconds, Time

__all__ = ["Times", "beats_of", "divide", "is_positive", "length_of_text", "lengths_of_text", "milliseconds_of"]

_TEXT: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(\.*)(.?)", re.DOTALL)


def divide(numerator: float, denominator: float) -> float:
    """IEEE division: by zero it is an infinity or not a number, no error."""
    if denominator:
        return numerator / denominator
    if not numerator or numerator != numerator:
        return math.nan
    return math.copysign(math.inf, numerator) * math.copysign(1.0, denominator)


def beats_of(time: Time) -> float:
    """Beats (quarters) of a length that is no time."""
    if isinstance(time, Length):
        return divide(4.0, time.denominator) * (2 - 2.0 ** -min(time.dots, 1000))
    if isinstance(time, Beats):
        return time.beats
    if isinstance(time, Duration):
        total = 0.0
        for part in time.lengths:
            total += beats_of(part)
        return total
    raise ValueError("a length in time has no beats")


def milliseconds_of(time: Time, tempo_bpm: float) -> float:
    """Milliseconds of a length at a tempo."""
    if isinstance(time, Duration):
        total = 0.0
        for part in time.lengths:
            total += milliseconds_of(part, tempo_bpm)
        return total
    if isinstance(time, Milliseconds):
        return time.ms
    return beats_of(time) * divide(60000.0, tempo_bpm)


def is_positive(time: Time) -> bool:
    """Whether no part of a length is zero or less."""
    if isinstance(time, Duration):
        return all(is_positive(part) for part in time.lengths)
    if isinstance(time, Length):
        return time.denominator > 0
    return (time.beats if isinstance(time, Beats) else time.ms) > 0


class Times:
    """Milliseconds of durations, remembered: music repeats itself, and working them out is half of playing a note."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, float], tuple[float, Duration]] = {}
        self._positive: dict[int, Duration] = {}

    def milliseconds(self, duration: Duration, tempo_bpm: float) -> float:
        """See `milliseconds_of`."""
        key = (id(duration), tempo_bpm)
        known = self._known.get(key)  # it holds the duration, so that no other one gets its id
        if known is None:
            known = self._known[key] = (milliseconds_of(duration, tempo_bpm), duration)
        return known[0]

    def is_positive(self, duration: Duration) -> bool:
        """See `is_positive`."""
        if id(duration) in self._positive:
            return True
        if not is_positive(duration):
            return False
        self._positive[id(duration)] = duration
        return True


def length_of_text(text: str) -> Length | None:
    """A note length such as "4.", or None. Alda overlooks one character after it, so we do."""
    found = _TEXT.fullmatch(text)
    return Length(float(found.group(1)), len(found.group(2))) if found else None


def lengths_of_text(text: str) -> Duration | None:
    """Note lengths tied such as "2~8", or None."""
    lengths = [length_of_text(part) for part in text.split("~")]
    if any(length is None for length in lengths):
        return None
    return Duration(tuple(length for length in lengths if length is not None))
