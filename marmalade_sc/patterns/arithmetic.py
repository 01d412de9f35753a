"""Sums of patterns: what `p + 12` means for numbers, notes and controls."""

import operator
from collections.abc import Callable, Mapping

from marmalade_sc.errors import ControlError
from marmalade_sc.patterns.arguments import as_pattern, is_number
from marmalade_sc.patterns.combine import app_onset
from marmalade_sc.patterns.event import Value
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.patterns.pitch import Note

__all__ = ["calculate", "combined"]

OPERATIONS: Mapping[str, Callable[[Value, Value], Value]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "mod": operator.mod,
}
PITCH_KEYS = ("degree", "note")  # what a bare number changes in an event of controls, first found first


def calculate(name: str, pattern: Pattern, other: object, swap: bool = False) -> Pattern:
    """The pattern after one operation with another; structure is that of `pattern`.

    A number changes the degree or the note of an event of controls (without either: its note, from 0); two events
    of controls combine the controls that both have and keep the rest.

    Raises:
        UsageError: naming the operation, for an argument that is no pattern or values that cannot be combined in
            the first cycle.
    """
    right = as_pattern(other, name, "pitch")
    if swap:
        result = app_onset(pattern, right, lambda a, b: combined(name, b, a))
    else:
        result = app_onset(pattern, right, lambda a, b: combined(name, a, b))
    result.query(0, 1)  # so that values that do not fit are said now, not while it plays
    return result


def combined(name: str, left: Value, right: Value) -> Value:
    """One value after one operation with another.

    Raises:
        ControlError: naming operation and values, when they cannot be combined.
    """
    if is_number(left) and is_number(right):
        try:
            result = OPERATIONS[name](left, right)
        except ZeroDivisionError:
            raise ControlError(f"{name}: {left} cannot be divided by {right}") from None
        return Note(result) if isinstance(left, Note) or isinstance(right, Note) else result
    if isinstance(left, dict) and isinstance(right, dict):
        both = {
            key: combined(name, left[key], right[key])
            for key in left.keys() & right.keys()
            if is_number(left[key]) and is_number(right[key])
        }
        return {**left, **right, **both}
    if isinstance(left, dict) and is_number(right):
        key = next((key for key in PITCH_KEYS if key in left), "n" if "scale" in left and "n" in left else "note")
        return {**left, key: combined(name, left.get(key, 0.0), right)}
    if is_number(left) and isinstance(right, dict):
        key = next((key for key in PITCH_KEYS if key in right), "note")
        return {**right, key: combined(name, left, right.get(key, 0.0))}
    if name == "add" and isinstance(left, str) and isinstance(right, str):
        return left + right
    raise ControlError(f"{name}: {left!r} and {right!r} cannot be combined", hint="use numbers, notes or controls")
