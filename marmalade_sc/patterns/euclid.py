"""Euclidean rhythms after Bjorklund: hits spread as evenly as they can be."""

from fractions import Fraction
from functools import lru_cache

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.pattern import Pattern, silence
from marmalade_sc.patterns.span import ONE
from marmalade_sc.patterns.timing import late, timecat

__all__ = ["MAX_STEPS", "bjorklund", "euclid"]

MAX_STEPS = 1024


@lru_cache(maxsize=512)
def bjorklund(hits: int, steps: int) -> tuple[bool, ...]:
    """The rhythm of `hits` in `steps` as booleans; it starts with a hit when there is one.

    Agrees with Tidal, Strudel and isobar for all 0 <= hits <= steps <= 16. More hits than steps: as many steps
    as hits.
    """
    steps = max(hits, steps)
    if hits <= 0:
        return (False,) * steps
    heads: list[tuple[bool, ...]] = [(True,)] * hits
    tails: list[tuple[bool, ...]] = [(False,)] * (steps - hits)
    while len(tails) > 1:
        pairs = min(len(heads), len(tails))
        joined = [heads[i] + tails[i] for i in range(pairs)]
        heads, tails = joined, heads[pairs:] or tails[pairs:]
    return tuple(flag for group in heads + tails for flag in group)


def euclid(pattern: Pattern, hits: int, steps: int, rotation: int = 0) -> Pattern:
    """Every hit plays one whole cycle of the pattern; `rotation` turns the rhythm to the left, in steps.

    Negative `hits` swap hits and rests; no hits or no steps is silence.

    Raises:
        UsageError: for more than 1,024 hits or steps.
    """
    if max(abs(hits), abs(steps)) > MAX_STEPS:
        raise UsageError(f"euclid: {max(abs(hits), abs(steps))} steps are too many; up to {MAX_STEPS} work")
    if hits == 0 or steps <= 0:
        return silence()
    rhythm = bjorklund(abs(hits), steps)
    quiet = silence()
    plays = [(ONE, pattern if flag == (hits > 0) else quiet) for flag in rhythm]
    return late(timecat(plays), -Fraction(rotation, steps))
