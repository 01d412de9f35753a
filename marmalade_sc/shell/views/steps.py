"""Each track's bar as steps: lit where a note begins; behind the playhead this bar, before it the last one."""

from bisect import bisect_right
from typing import Final

from marmalade_sc.shell.board import Board
from marmalade_sc.shell.status import Styled, meter
from marmalade_sc.shell.views.lines import Lines, filled, note, runs
from marmalade_sc.shell.views.onsets import NONE, Cells, Onsets

__all__ = ["Steps"]

_NAME: Final = 12
_CELLS: Final = (64, 48, 32, 16, 8)
_FEWEST: Final = 4
_GRID: Final = "class:step.grid"
Bar = tuple[list[int], Styled]
"""A bar as parts, with the cells in which they begin."""


class Steps:
    """See the module. Where not all tracks have room, those that sound stand first."""

    def __init__(self) -> None:
        self._onsets = Onsets()
        self._drawn: dict[tuple[str, Cells, int], Bar] = {}

    def lines(self, board: Board, now: int, width: int, height: int) -> Lines:
        """See `views.View`."""
        tracks = board.track_names()
        if board.timeline is None or not tracks:
            return note("no track plays yet", width, height)
        cycle = board.timeline.cycle(now - board.latency)
        bar = cycle.numerator // cycle.denominator
        name_width = min(max(map(len, tracks)), _NAME)
        cells = next((each for each in _CELLS if each <= width - name_width - 5), _FEWEST)
        here = int((cycle - bar) * cells)
        this, last = self._onsets.bars(board, bar, cells)
        count = len(tracks)
        if count > height:  # then those that sound come first: forty that were tried out must not hide one that plays
            tracks = sorted(tracks, key=lambda name: name not in this and name not in last)
        was, self._drawn = self._drawn, {}
        lines: Lines = []
        for name in tracks[: max(0, height)]:
            on = this.get(name, NONE)
            level = board.levels.get(name)
            lines.append(
                [
                    ("class:track", f" {name[:name_width]:<{name_width}} "),
                    meter(max(level)) if level is not None else ("class:rest", " "),
                    ("class:plain", " "),
                    *_until(self._bar("on", on, cells, was), here),
                    ("class:step.now", "■" if here in on else _grid(cells)[here]),
                    *_after(self._bar("off", last.get(name, NONE), cells, was), here),
                ]
            )
        if count > height > 0:
            lines[-1] = [("class:rest", f" and {count - height + 1} more"[:width])]
        return filled(lines, height)

    def _bar(self, style: str, on: Cells, cells: int, was: dict[tuple[str, Cells, int], Bar]) -> Bar:
        """The bar of a track, made anew only where it is another than it was."""
        key = style, on, cells
        found = self._drawn.get(key) or was.get(key)
        if found is None:
            text = "".join("■" if cell in on else sign for cell, sign in enumerate(_grid(cells)))
            parts = runs([f"class:step.{style}" if cell in on else _GRID for cell in range(cells)])
            found = [begin for _, begin, _ in parts], [(style, text[begin:end]) for style, begin, end in parts]
        self._drawn[key] = found
        return found


def _grid(cells: int) -> str:
    quarter = max(1, cells // 4)
    return ("┊" + "·" * (quarter - 1)) * (cells // quarter)


def _until(bar: Bar, cell: int) -> Styled:
    """Its parts before a cell."""
    begins, parts = bar
    at = bisect_right(begins, cell) - 1
    style, text = parts[at]
    rest = text[: cell - begins[at]]
    return [*parts[:at], (style, rest)] if rest else parts[:at]


def _after(bar: Bar, cell: int) -> Styled:
    """Its parts behind a cell."""
    begins, parts = bar
    at = bisect_right(begins, cell) - 1
    style, text = parts[at]
    rest = text[cell + 1 - begins[at] :]
    return [(style, rest), *parts[at + 1 :]] if rest else parts[at + 1 :]
