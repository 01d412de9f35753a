"""Where in the evaluated code a note comes from: its characters, for views and for messages."""

from collections.abc import Sequence

from marmalade_sc.errors import Where
from marmalade_sc.live.blocks import Block
from marmalade_sc.patterns.event import Place

__all__ = ["blamed", "stands"]


def stands(place: Place) -> tuple[str, int, int, int] | None:
    """(source, line, column, characters) of a place in its file as it is now; None where it is gone from there."""
    line, column = _in_block(place)
    row = place.literal.row(line) if isinstance(place.literal, Block) else line
    return None if row is None else (place.literal, row, column + 1, place.end - place.start)


def _in_block(place: Place) -> tuple[int, int]:
    """Line (from 1) and column (from 0) of a place; a text of several lines is followed down the block."""
    lines = place.literal.lines if isinstance(place.literal, Block) else ()
    line, column = place.line, place.column + place.start
    while line <= len(lines) and column > len(lines[line - 1]):
        column -= len(lines[line - 1]) + 1
        line += 1
    return line, column


def blamed(places: Sequence[Place], message: str) -> Where | None:
    """The characters of a note that a message about it quotes; None where it quotes none of them."""
    found = [_where(place) for place in dict.fromkeys(places) if place.literal]
    marked = (each for each in found if each is not None)
    return next((each for each in marked if repr(_text(each).split(":")[0]) in message), None)


def _where(place: Place) -> Where | None:
    block, (line, column) = place.literal, _in_block(place)
    if not isinstance(block, Block) or not 0 < line <= len(block.lines):
        return None
    text = block.lines[line - 1]
    return Where(str(block), line, column + 1, text, place.end - place.start) if text else None


def _text(where: Where) -> str:
    return where.text[where.column - 1 : where.column - 1 + where.length]
