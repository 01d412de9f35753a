"""Which notes of a cycle begin in a stretch of music, and when. Pure."""

from collections.abc import Callable, Iterable
from fractions import Fraction

from marmalade_sc.live.lane import Ready
from marmalade_sc.patterns.span import ratio
from marmalade_sc.sdk.emission import Stretch

__all__ = ["onsets"]


def onsets(notes: Iterable[Ready], stretch: Stretch, timetag: Callable[[Fraction], int]) -> list[tuple[int, Ready]]:
    """Those of `notes`, a cycle's in the order of their beginnings, that begin in a stretch of it; each with its time.

    Args:
        timetag: of a cycle, in jam time; the stretch remembers what it said.
    """
    found = []
    number, times = stretch.number, stretch.times
    low, low_end, high, high_end = stretch.about
    for note in notes:
        # Floats decide all but the ties: exact fractions cost ten times as much to compare.
        at = note.at
        if at < low_end and (at < low or note.offset < stretch.low):
            continue
        if at > high and (at > high_end or note.offset >= stretch.high):
            break
        offset = note.offset
        when = times.get((number, offset.numerator, offset.denominator))
        if when is None:
            denominator = offset.denominator
            when = timetag(ratio(number * denominator + offset.numerator, denominator))
            times[number, offset.numerator, denominator] = when
        found.append((when, note))
    return found
