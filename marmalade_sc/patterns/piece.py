"""A pattern that has a beginning: its cycle 0 is where it lands, not where the jam began. Plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType

__all__ = ["END", "Piece"]

END = "end"
"""The mark that every piece has: where it begins again, or is over."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a player must know of such a pattern to begin it, to go on with another version of it, and to wait for a
    place in it. Lengths are in units of the pattern.

    Attributes:
        key: which piece it is. A track that gets another version of what it plays goes on where it is.
        length: after which it is over, or begins again.
        marks: places in it, by name.
        loops: whether it begins again.
        in_seconds: whether a unit of the pattern is a second, at whatever tempo, instead of a cycle.
        begins_anew: whether it begins at its beginning all the same.
    """

    key: str
    length: Fraction
    marks: Mapping[str, Fraction] = field(default_factory=lambda: MappingProxyType({}))
    loops: bool = True
    in_seconds: bool = False
    begins_anew: bool = False

    def next(self, mark: str, at: Fraction) -> Fraction | None:
        """The first time at or after `at`, counted from the beginning, at which a mark is reached; None for never."""
        place = self.length if mark == END else self.marks.get(mark)
        if place is None or not self.length:
            return None
        if not self.loops:
            return place if place >= at else None
        turns = (at - place) / self.length
        return place + self.length * max(0, -(-turns.numerator // turns.denominator))

    def within(self, at: Fraction) -> Fraction:
        """The place in the piece at a time from its beginning."""
        return at % self.length if self.loops and self.length else at
