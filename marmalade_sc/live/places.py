"""Where in the evaluated code a note comes from: its characters, for views and for messages."""

import linecache
from collections.abc import Sequence

from marmalade_sc.errors import Where
from marmalade_sc.patterns.event import Place

__all__ = ["blamed", "stands"]


def stands(place: Place) -> tuple[str, int, int, int]:
    """(block, line, column, characters) of a place; a text of several lines is followed down the block."""
    line, column = place.line, place.column + place.start
    while (text := linecache.getline(place.literal, line)) and column >= len(text):
        column -= len(text)
        line += 1
    return place.literal, line, column + 1, place.end - place.start


def blamed(places: Sequence[Place], message: str) -> Where | None:
    """The characters of a note that a message about it quotes; None where it quotes none of them."""
    found = [_where(place) for place in dict.fromkeys(places) if place.literal]
    marked = (each for each in found if each is not None)
    return next((each for each in marked if repr(_text(each).split(":")[0]) in message), None)


def _where(place: Place) -> Where | None:
    source, line, column, chars = stands(place)
    text = linecache.getline(source, line).rstrip("\n")
    return Where(source, line, column, text, chars) if text else None


def _text(where: Where) -> str:
    return where.text[where.column - 1 : where.column - 1 + where.length]
