"""The door to the notation: text in, pattern out, parsed at once and remembered."""

from functools import lru_cache

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.compiler import Origin, compile_node
from marmalade_sc.patterns.nodes import Node
from marmalade_sc.patterns.parser import parse
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.patterns.timing import tabled

__all__ = ["Literal", "notation"]

CACHED_LITERALS = 512  # a set has tens of literals; each keeps at most timing.MAX_TABLE events


class Literal(str):
    """A string that knows where it stands in the evaluated text, so that its steps can be highlighted.

    `literal` names it, `line` (from 1) and `column` (from 0) are of its first character. A host makes these from
    the string constants of a block before it evaluates it; everywhere else they are plain strings.
    """

    __slots__ = ("column", "line", "literal")

    literal: str
    line: int
    column: int

    def __new__(cls, text: str, literal: str = "", line: int = 1, column: int = 0) -> "Literal":
        """A literal at a place."""
        self = super().__new__(cls, text)
        self.literal, self.line, self.column = literal, line, column
        return self


@lru_cache(maxsize=CACHED_LITERALS)
def _tree(text: str, kind: str, source: str) -> Node:
    return parse(text, kind, source)


@lru_cache(maxsize=CACHED_LITERALS)
def _pattern(text: str, kind: str, origin: Origin) -> Pattern:
    return tabled(compile_node(_tree(text, kind, origin[0] or "pattern"), origin))


def notation(text: str, kind: str = "string") -> Pattern:
    """The pattern that a notation means; docs/notation.md has the rules.

    Parsed completely before it returns, so nothing in it can fail later. Equal text is parsed once.

    Args:
        kind: "string" (values are words), "number" (floats) or "note" (semitones, c5 is 0).

    Raises:
        NotationError: with line, column and caret, for text that cannot be read or would make too many events.
        UsageError: when `text` is not a string or `kind` does not exist.
    """
    if not isinstance(text, str):
        raise UsageError(f"a notation is text, not {text!r}")
    origin = (text.literal, text.line, text.column) if isinstance(text, Literal) else ("", 1, 0)
    return _pattern(str(text), kind, origin)
