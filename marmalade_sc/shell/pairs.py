"""What typing a bracket or a quote does: pairs where they help, typed over at their end. Pure."""

from dataclasses import dataclass
from typing import Final

from marmalade_sc.shell.scan import NORMAL, Piece, inside_of

__all__ = ["Typed", "erases_pair", "typed"]

_PAIRS: Final = {"(": ")", "[": "]", "{": "}", "<": ">", '"': '"'}
_ONLY_IN_NOTATION: Final = frozenset("<[")
_CLOSERS: Final = frozenset(")]}>")
_MAY_FOLLOW: Final = frozenset(" \t)]}>,:;\"'")
"""What a closer may be put before: elsewhere the bracket opens around what is there already."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What a key does instead of itself: insert `text`, or step over the next `over` characters when it is empty.

    The cursor ends up `back` characters before the end of `text`.
    """

    text: str
    back: int = 0
    over: int = 0


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
        return _closer(character, line, column, notation)
    if character == '"' and piece.kind == "string":
        return _end(line, column, piece)
    if character == '"':
        return _quote(line, column, after)
    if character not in _PAIRS or (character in _ONLY_IN_NOTATION and not notation):
        return None
    if after and after not in _MAY_FOLLOW:
        return None
    return Typed(character + _PAIRS[character], 1)


def _closer(character: str, line: str, column: int, notation: bool) -> Typed | None:
    """Over the closers that stand there, up to the one that is typed: to put it before them would cross brackets."""
    ahead = _closers_ahead(line[column:])
    if character not in ahead or (character == ">" and not notation):
        return None
    over = ahead.index(character) + 1
    is_balanced = all(_balance(each, line) for each in ahead[:over])
    return Typed("", over=over) if is_balanced else None


def _closers_ahead(text: str) -> str:
    return text[: next((at for at, each in enumerate(text) if each not in _CLOSERS), len(text))]


def _balance(closer: str, line: str) -> bool:
    """Whether one more closer than openers would be there if it were inserted."""
    opener = next(key for key, value in _PAIRS.items() if value == closer)
    return line.count(closer) >= line.count(opener)


def _end(line: str, column: int, piece: Piece) -> Typed | None:
    """Out of the text, when nothing but closers of brackets in it stands before its end."""
    rest, inner = line[column : piece.inner_end], line[piece.inner_start : piece.inner_end]
    is_at_end = not rest or (piece.is_notation and _closers_ahead(rest) == rest)
    if not piece.is_closed or line[piece.inner_end : piece.inner_end + 1] != '"' or not is_at_end:
        return None
    return Typed("", over=len(rest) + 1) if all(_balance(each, inner) for each in rest) else None


def _quote(line: str, column: int, after: str) -> Typed | None:
    before = line[:column]
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
