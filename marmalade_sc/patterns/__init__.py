"""The pattern language: pure functions of time, their notation, chance and pitch."""

from marmalade_sc.patterns.event import Event, Place
from marmalade_sc.patterns.notation import Literal, notation
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.patterns.span import Span

__all__ = ["Event", "Literal", "Pattern", "Place", "Span", "notation"]
