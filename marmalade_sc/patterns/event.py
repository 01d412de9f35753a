"""Events: a value, when it happens, and which characters of which literal made it."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from marmalade_sc.patterns.span import Span

__all__ = ["Event", "Place", "Value"]

Value = Any  # text, a number or a mapping of controls; checked where it is used, for users mix them freely


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the evaluated text an event comes from: characters `start` to `end` of one literal.

    `literal` names the literal ("" when unknown), `line` (from 1) and `column` (from 0) say where its first
    character stands in the block that was evaluated. See `notation.Literal`.
    """

    start: int
    end: int
    literal: str = ""
    line: int = 1
    column: int = 0


@dataclass(frozen=True, slots=True)
class Event:
    """A value over a span.

    `whole` is the full extent of the event, None for a sample of a continuous signal; `part` is the piece of it
    that lies in the query. Only an event whose part starts where its whole starts is an onset.
    """

    whole: Span | None
    part: Span
    value: Value
    places: tuple[Place, ...] = ()

    @property
    def has_onset(self) -> bool:
        """Whether this piece holds the beginning of the whole."""
        return self.whole is not None and (self.whole is self.part or self.whole.begin == self.part.begin)

    @property
    def extent(self) -> Span:
        """The whole, or the part of a continuous event."""
        return self.part if self.whole is None else self.whole

    def with_value(self, value: Value) -> "Event":
        """The same event with another value."""
        return Event(self.whole, self.part, value, self.places)

    def shifted(self, cycles: int) -> "Event":
        """The event moved by whole cycles."""
        part = self.part.shifted(cycles)
        if self.whole is self.part:
            return Event(part, part, self.value, self.places)
        whole = None if self.whole is None else self.whole.shifted(cycles)
        return Event(whole, part, self.value, self.places)

    def mapped(self, scale: Fraction, offset: Fraction) -> "Event":
        """The event under `time * scale + offset`."""
        part = self.part.mapped(scale, offset)
        if self.whole is self.part:
            return Event(part, part, self.value, self.places)
        whole = None if self.whole is None else self.whole.mapped(scale, offset)
        return Event(whole, part, self.value, self.places)

    def clipped(self, span: Span) -> "Event | None":
        """The piece of the event inside `span`, or None."""
        part = self.part.intersection(span)
        if part is None:
            return None
        return self if part is self.part else Event(self.whole, part, self.value, self.places)
