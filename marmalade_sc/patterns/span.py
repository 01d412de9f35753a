"""Exact musical time: cycles as fractions, spans of them, and the integer short cuts that keep queries cheap."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

__all__ = ["ONE", "ZERO", "Span", "ceiling", "cycles_from", "floor", "mapped", "ratio", "shifted"]

_new = object.__new__


def ratio(numerator: int, denominator: int) -> Fraction:
    """The fraction of two numbers that have no common factor; `denominator` is positive (not checked).

    Skips the gcd and type checks of `Fraction(n, d)`: 80 ns instead of 330 ns (python 3.11).
    """
    result: Fraction = _new(Fraction)
    result._numerator = numerator  # type: ignore[attr-defined]
    result._denominator = denominator  # type: ignore[attr-defined]
    return result


ZERO = Fraction(0)
ONE = Fraction(1)


def floor(time: Fraction) -> int:
    """The cycle in which `time` lies."""
    numerator, denominator = time.as_integer_ratio()
    return numerator // denominator


def ceiling(time: Fraction) -> int:
    """The first whole cycle that is not before `time`."""
    numerator, denominator = time.as_integer_ratio()
    return -(-numerator // denominator)


def shifted(time: Fraction, cycles: int) -> Fraction:
    """`time` moved by whole cycles (no gcd is needed)."""
    numerator, denominator = time.as_integer_ratio()
    return ratio(numerator + cycles * denominator, denominator)


def mapped(time: Fraction, scale: Fraction, offset: Fraction) -> Fraction:
    """`time * scale + offset` with a single gcd; `scale` may be negative, not zero."""
    numerator, denominator = time.as_integer_ratio()
    up, down = scale.as_integer_ratio()
    numerator *= up
    denominator *= down
    up, down = offset.as_integer_ratio()
    if up:
        numerator = numerator * down + up * denominator
        denominator *= down
    common = gcd(numerator, denominator)
    return ratio(numerator // common, denominator // common)


def cycles_from(number: int | float | Fraction) -> Fraction:
    """Exact cycles from a number as a person means it: 1/3 typed as a float is one third, 0.1 one tenth.

    A float becomes the nearest fraction with a denominator up to 65,536 when that is the same float to 1e-12,
    else its decimal digits.

    Raises:
        ValueError: for NaN and infinities.
    """
    if isinstance(number, float):
        exact = Fraction(number)
        if exact.denominator <= 65_536:
            return exact
        near = exact.limit_denominator(65_536)
        if abs(near - exact) <= abs(exact) * Fraction(1, 10**12):
            return near
        return Fraction(repr(number))
    return Fraction(number)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time in cycles, `begin` included, `end` excluded, `begin <= end`."""

    begin: Fraction
    end: Fraction

    @property
    def length(self) -> Fraction:
        """Cycles from begin to end."""
        return self.end - self.begin

    def cycles(self) -> Iterator["Span"]:
        """The span cut at whole cycles; nothing for an empty span."""
        begin = self.begin
        while begin < self.end:
            end = min(self.end, Fraction(floor(begin) + 1))
            yield Span(begin, end)
            begin = end

    def intersection(self, other: "Span") -> "Span | None":
        """What both cover, or None when that is nothing."""
        begin = self.begin if self.begin >= other.begin else other.begin
        end = self.end if self.end <= other.end else other.end
        if begin >= end:
            return None
        if begin is self.begin and end is self.end:
            return self
        return Span(begin, end)

    def shifted(self, cycles: int) -> "Span":
        """The span moved by whole cycles."""
        return Span(shifted(self.begin, cycles), shifted(self.end, cycles))

    def mapped(self, scale: Fraction, offset: Fraction) -> "Span":
        """The span under `time * scale + offset`; a negative scale swaps the ends."""
        begin = mapped(self.begin, scale, offset)
        end = mapped(self.end, scale, offset)
        return Span(begin, end) if scale.numerator > 0 else Span(end, begin)

    def __str__(self) -> str:
        return f"{self.begin}..{self.end}"
