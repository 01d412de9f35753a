"""Long lines cut into rows: between words where there is one to cut at, wide letters counted as two. Pure."""

from prompt_toolkit.utils import get_cwidth

from marmalade_sc.shell.status import Styled

__all__ = ["wrapped"]


def wrapped(line: Styled, width: int) -> list[Styled]:
    """The rows of a line in a window of `width` columns. A space at a cut is left out; nothing else is."""
    width = max(2, width)  # no character is wider
    letters = [(style, each, get_cwidth(each)) for style, text in line for each in text]
    rows: list[Styled] = []
    start = place = columns = 0
    space = -1
    while place < len(letters):
        _, letter, wide = letters[place]
        if columns + wide > width:
            # A word that fills more than half a row is cut where the row ends.
            is_between = letter == " " or (space > start and place - space <= width // 2)
            end = place if letter == " " or not is_between else space
            rows.append(_joined(letters[start:end]))
            start = place = end + 1 if is_between else end
            columns, space = 0, -1
            continue
        if letter == " ":
            space = place
        columns += wide
        place += 1
    rows.append(_joined(letters[start:]))
    return rows


def _joined(letters: list[tuple[str, str, int]]) -> Styled:
    row: Styled = []
    for style, letter, _ in letters:
        if row and row[-1][0] == style:
            row[-1] = (style, row[-1][1] + letter)
        else:
            row.append((style, letter))
    return row
