"""A line of code cut into code, strings and comments: what the lexer and the pairs both go by. Pure."""

import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["NORMAL", "Piece", "inside_of", "scan"]

NORMAL: Final = ""
"""The state at the beginning of a line that stands in no string; otherwise the quotes that end it, and a mark where
what stands in them is no notation."""
_WORDS: Final = "~"
_OF_WORDS: Final = re.compile(
    r"(?<![\w.])(?:score|help|search|print|load|save|scene|config|tutorial|credits|chat|Path)\(\s*$"
)
"""Calls whose text is no notation: a score's `<` is an octave, a sentence's bracket a bracket."""

_BEGIN: Final = re.compile(r"#|(?<![A-Za-z0-9_])([A-Za-z]{0,2})(\"\"\"|'''|\"|')|(\"\"\"|'''|\"|')")
_ENDS: Final = {quote: re.compile(r"\\.|" + quote, re.DOTALL) for quote in ('"""', "'''", '"', "'")}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a line: `text[start:end]`. Of a string `inner_start` and `inner_end` leave prefix and quotes out.

    Attributes:
        prefix: letters before the quotes, in lower case.
        is_closed: whether the string's end is in this piece.
        is_notation: whether a string may hold notation: no f- and no b-string, and not the text of `score` or `help`.
    """

    kind: Literal["code", "string", "comment"]
    start: int
    end: int
    inner_start: int = 0
    inner_end: int = 0
    prefix: str = ""
    is_closed: bool = True
    is_notation: bool = False


def scan(line: str, state: str = NORMAL) -> tuple[list[Piece], str]:
    """The pieces of one line, in order and without gaps, and the state at the beginning of the next.

    A string with single quotes that is not closed ends with its line.
    """
    pieces: list[Piece] = []
    at = 0
    if state:
        at = _string(pieces, line, 0, 0, "", state.rstrip(_WORDS), _WORDS not in state)
        if not pieces[-1].is_closed:
            return pieces, state
    while at < len(line):
        found = _BEGIN.search(line, at)
        if found is None:
            pieces.append(Piece("code", at, len(line)))
            break
        if found.start() > at:
            pieces.append(Piece("code", at, found.start()))
        if found.group() == "#":
            pieces.append(Piece("comment", found.start(), len(line)))
            break
        quote = found.group(2) or found.group(3)
        prefix = (found.group(1) or "").lower()
        is_notation = "f" not in prefix and "b" not in prefix and _OF_WORDS.search(line, 0, found.start()) is None
        at = _string(pieces, line, found.start(), found.end(), prefix, quote, is_notation)
        if not pieces[-1].is_closed:
            return pieces, quote + ("" if is_notation else _WORDS) if len(quote) == 3 else NORMAL
    return pieces, NORMAL


def _string(pieces: list[Piece], line: str, start: int, inner: int, prefix: str, quote: str, is_notation: bool) -> int:
    at = inner
    end = _ENDS[quote]
    while (found := end.search(line, at)) is not None:
        if found.group() == quote:
            pieces.append(Piece("string", start, found.end(), inner, found.start(), prefix, True, is_notation))
            return found.end()
        at = found.end()
    pieces.append(Piece("string", start, len(line), inner, len(line), prefix, False, is_notation))
    return len(line)


def inside_of(line: str, column: int, state: str = NORMAL) -> Piece:
    """The piece that the cursor at `column` (from 0) stands in: between its first and its last character."""
    pieces, _ = scan(line, state)
    for piece in pieces:
        if piece.kind == "string" and piece.inner_start <= column <= piece.inner_end:
            return piece
        if piece.kind == "comment" and column > piece.start:
            return piece
    return Piece("code", column, column)
