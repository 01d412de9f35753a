"""Long lines cut into rows: between words where there is one to cut at, wide letters counted as two. Pure."""

import re
from typing import Final

from prompt_toolkit.utils import get_cwidth

from marmalade_sc.shell.status import Styled

__all__ = ["wrapped"]

_TABLE: Final = re.compile(r" {2,}\S+(?: \S+)* {2,}(?=\S)")
"""A row of a table up to its last column: a name and what is said of it, further in than the text around it."""


def wrapped(line: Styled, width: int) -> list[Styled]:
    """The rows of a line in a window of `width` columns. A space at a cut is left out; nothing else is.

    A row of a table, which begins with two spaces, goes on below its second column.
    """
    width = max(2, width)  # no character is wider
    letters = [(style, each, get_cwidth(each)) for style, text in line for each in text]
    rows: list[Styled] = []
    hanging = _hanging(line, width)
    start = place = columns = 0
    space = -1
    while place < len(letters):
        _, letter, wide = letters[place]
        if columns + wide > width:
            # A word that fills more than half a row is cut where the row ends.
            is_between = letter == " " or (space > start and place - space <= width // 2)
            end = place if letter == " " or not is_between else space
            rows.append(_joined(letters[start:end], hanging if rows else 0))
            start = place = end + 1 if is_between else end
            columns, space = hanging, -1
            continue
        if letter == " ":
            space = place
        columns += wide
        place += 1
    rows.append(_joined(letters[start:], hanging if rows else 0))
    return rows


def _hanging(line: Styled, width: int) -> int:
    """Columns by which a line goes on further in."""
    table = _TABLE.match("".join(text for _, text in line))
    return table.end() if table is not None and get_cwidth(table[0]) <= width // 2 else 0


def _joined(letters: list[tuple[str, str, int]], margin: int) -> Styled:
    row: Styled = [("", " " * margin)] if margin else []
    for style, letter, _ in letters:
        if row and row[-1][0] == style:
            row[-1] = (style, row[-1][1] + letter)
        else:
            row.append((style, letter))
    return row
