"""What typing a bracket or a quote does: pairs where they help, typed over at their end. Pure."""

from dataclasses import dataclass
from typing import Final

from marmalade_sc.shell.scan import NORMAL, inside_of

__all__ = ["Typed", "erases_pair", "typed"]

_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">", '"': '"'}
_ONLY_IN_NOTATION: Final = frozenset("<[")
_CLOSERS: Final = frozenset(")]}>")
_MAY_FOLLOW: Final = frozenset(" \t)]}>,:;\"'")
"""What a closer may be put before: elsewhere the bracket opens around what is there already."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a key does instead of itself: insert `text`, or step over the next character when it is empty.

    The cursor ends up `back` characters before the end of `text`.
    """

    text: str
    back: int = 0


def typed(character: str, line: str, column: int, state: str = NORMAL) -> Typed | None:
    """What typing `character` at `column` (from 0) of `line` does; None: it is just inserted.

    Args:
        state: of the scan at the line's beginning.
    """
    piece = inside_of(line, column, state)
    if piece.kind == "comment":
        return None
    notation = piece.is_notation
    after = line[column : column + 1]
    if character in _CLOSERS:
        goes_over = after == character and (character != ">" or notation)
        return Typed("") if goes_over and _balance(character, line, column) else None
    if character == '"':
        return _quote(line, column, piece.kind == "string", piece.inner_end == column and piece.is_closed, after)
    if character not in _PAIRS or (character in _ONLY_IN_NOTATION and not notation):
        return None
    if after and after not in _MAY_FOLLOW:
        return None
    return Typed(character + _PAIRS[character], 1)


def _balance(closer: str, line: str, column: int) -> bool:
    """Whether one more closer than openers would be there if it were inserted."""
    opener = next(key for key, value in _PAIRS.items() if value == closer)
    return line.count(closer) >= line.count(opener)


def _quote(line: str, column: int, in_string: bool, at_end: bool, after: str) -> Typed | None:
    before = line[:column]
    if in_string:
        return Typed("") if after == '"' and at_end else None
    if before.endswith('""') or (after and after not in _MAY_FOLLOW) or after == '"':
        return None
    if before[-1:].isalnum() and before.rpartition(" ")[2].rpartition("(")[2].lower() not in {
        "r",
        "f",
        "b",
        "rb",
        "br",
    }:
        return None
    return Typed('""', 1)


def erases_pair(line: str, column: int, state: str = NORMAL) -> bool:
    """Whether Backspace at `column` takes the closer behind the cursor, too: it stands in an empty pair."""
    before, after = line[column - 1 : column] if column else "", line[column : column + 1]
    if not before or _PAIRS.get(before) != after:
        return False
    if before == '"':
        return line[max(0, column - 2) : column + 2].count('"') == 2
    return before not in _ONLY_IN_NOTATION or inside_of(line, column, state).is_notation or before == "["
