"""Arguments as people type them: a number, a notation or a pattern, checked where they are given."""

import re
from collections.abc import Callable
from fractions import Fraction
from math import isfinite

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.combine import inner_join
from marmalade_sc.patterns.event import Value
from marmalade_sc.patterns.notation import notation
from marmalade_sc.patterns.pattern import Pattern, pure
from marmalade_sc.patterns.span import cycles_from

__all__ = [
    "MAX_FACTOR",
    "Change",
    "as_pattern",
    "changed",
    "is_number",
    "with_count",
    "with_cycles",
    "with_number",
]

MAX_FACTOR = 16_384  # the fullest cycle that a notation may make

Change = Callable[[Pattern], Pattern]


def is_number(value: object) -> bool:
    """Whether it is an int, float or Fraction that is finite (and not a bool)."""
    return isinstance(value, (int, float, Fraction)) and not isinstance(value, bool) and isfinite(value)


def as_pattern(value: object, function: str, kind: str = "auto") -> Pattern:
    """The pattern that an argument means.

    Raises:
        UsageError: naming the function, when it is not a pattern, a notation or a finite number.
    """
    if isinstance(value, Pattern):
        return value
    if isinstance(value, str):
        return notation(value, kind)
    if isinstance(value, bool) and kind == "bool":
        return pure(value)
    if is_number(value):
        return pure(value)
    if voice := re.fullmatch(r"<voice (\w+)>", repr(value)):
        raise UsageError(f"{function}: {voice[1]} is an instrument", hint=f'its name stands in quotes: "{voice[1]}"')
    raise UsageError(
        f"{function}: {value!r} is not a pattern",
        hint='give a pattern, a notation in quotes such as "0 1", or a number',
    )


def changed(change: object, pattern: Pattern, function: str) -> Pattern:
    """`change(pattern)`, where `change` is what the user gave as a function.

    Raises:
        UsageError: when it is not a function of a pattern.
    """
    if not callable(change):
        raise UsageError(
            f"{function}: {change!r} is not a function of a pattern", hint=f"for example {function}(..., fast(2))"
        )
    result = change(pattern)
    if not isinstance(result, Pattern):
        raise UsageError(
            f"{function}: the function gave {type(result).__name__}, not a pattern",
            hint=f"for example {function}(..., fast(2)) or {function}(..., lambda p: p.fast(2))",
        )
    return result


def _checked(value: Value, function: str, name: str, low: float, high: float) -> Value:
    if not is_number(value):
        raise UsageError(f"{function}: {name} is {value!r}; it must be a number")
    if not low <= value <= high:
        raise UsageError(f"{function}: {name} is {value}; it must be from {low:g} to {high:g}")
    return value


def with_cycles(
    value: object,
    build: Callable[[Fraction], Pattern],
    function: str,
    name: str,
    low: float = -MAX_FACTOR,
    high: float = MAX_FACTOR,
) -> Pattern:
    """`build(number)` with an exact number; when the argument is a pattern, its values take turns.

    Raises:
        UsageError: naming function, argument and value, when a value is no number from `low` to `high`.
    """

    def make(number: Value) -> Pattern:
        return build(cycles_from(_checked(number, function, name, low, high)))

    if is_number(value):
        return make(value)
    return inner_join(as_pattern(value, function, "rational"), make)


def with_number(
    value: object, build: Callable[[float], Pattern], function: str, name: str, low: float, high: float
) -> Pattern:
    """As `with_cycles`, for a float."""
    return with_cycles(value, lambda number: build(float(number)), function, name, low, high)


def with_count(
    value: object, build: Callable[[int], Pattern], function: str, name: str, low: int, high: int
) -> Pattern:
    """As `with_cycles`, for a whole number."""

    def make(number: Fraction) -> Pattern:
        if number.denominator != 1:
            raise UsageError(f"{function}: {name} is {float(number):g}; it must be a whole number")
        return build(int(number))

    return with_cycles(value, make, function, name, low, high)
