"""What a notation plays, as plain data: the library call behind `marmalade events`."""

from fractions import Fraction
from math import inf

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.event import Event, Value
from marmalade_sc.patterns.notation import notation
from marmalade_sc.patterns.pattern import Pattern

__all__ = ["MAX_CYCLES", "MAX_ONSETS", "Onset", "notation_onsets", "pattern_onsets", "plain_value"]

MAX_CYCLES = 10_000
MAX_ONSETS = 1_000_000  # about 100 MB of JSON

Onset = tuple[Fraction, Fraction, Value]  # begin and end of the whole event in cycles, and its value


def plain_value(value: Value) -> Value:
    """The value for people and JSON: whole numbers without a fraction, mappings with sorted keys."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, Fraction):
        return plain_value(float(value))
    if isinstance(value, dict):
        return {key: plain_value(value[key]) for key in sorted(value)}
    return value


def pattern_onsets(pattern: Pattern, cycles: int, seed: int = 0) -> list[Onset]:
    """The onsets of a pattern in cycles 0 to `cycles`, sorted by begin, end and value.

    Raises:
        UsageError: when `cycles` is not from 1 to 10,000, or for more than 1,000,000 onsets.
    """
    if not 1 <= cycles <= MAX_CYCLES:
        raise UsageError(f"{cycles} cycles cannot be listed; ask for 1 to {MAX_CYCLES}")
    found: list[Event] = []
    asked = min(cycles, pattern.period or cycles)
    for cycle in range(asked):
        found += pattern.onsets(cycle, cycle + 1, seed)
        _check(len(found), cycles)
    once = tuple(found)
    for offset in range(asked, cycles, asked):  # a known period is asked for once and repeated
        found += [shifted for event in once if (shifted := event.shifted(offset)).part.begin < cycles]
        _check(len(found), cycles)
    listed = [(e.whole.begin, e.whole.end, plain_value(e.value)) for e in found if e.whole is not None]
    listed.sort(key=lambda onset: (onset[0], onset[1], *_order(onset[2])))
    return listed


def _order(value: Value) -> tuple[float, str]:
    """Numbers in order of size, then everything else in order of its text."""
    return (value, "") if isinstance(value, (int, float)) else (inf, str(value))


def _check(count: int, cycles: int) -> None:
    if count > MAX_ONSETS:
        raise UsageError(f"more than {MAX_ONSETS} onsets in {cycles} cycles; ask for fewer cycles")


def notation_onsets(text: str, cycles: int, kind: str = "string") -> list[Onset]:
    """The onsets of a notation in cycles 0 to `cycles`.

    Args:
        kind: "string", "number" (values without a fraction are ints) or "note" (semitones, c5 is 0).

    Raises:
        NotationError: for text that cannot be read.
        UsageError: as `pattern_onsets`.
    """
    return pattern_onsets(notation(text, kind), cycles)
