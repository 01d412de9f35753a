"""Level over pitch: 30 Hz to 16 kHz, each column the same share of an octave; from -84 dBFS at the bottom."""

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from marmalade_sc.shell.board import Board, Scope
from marmalade_sc.shell.status import meter
from marmalade_sc.shell.views.lines import Lines, in_runs, note, runs

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

__all__ = ["Spectrum"]

_LOWEST_HZ: Final = 30.0
_HIGHEST_HZ: Final = 16000.0
_RANGE_DB: Final = 84.0
_LIFT_DB: Final = 6.0
"""A column's colour is that of a meter so much louder: music spreads its level over many of them."""
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_TICKS: Final = ((50, "50"), (100, "100"), (200, "200"), (500, "500"), (1000, "1k"), (2000, "2k"), (5000, "5k"))
_LAST_TICK: Final = (10000, "10k")


class Spectrum:
    """See the module."""

    def lines(self, board: Board, now: int, width: int, height: int) -> Lines:
        """See `views.View`."""
        count = min(len(board.scope.left), len(board.scope.right))
        if count < 64 or width < 8 or height < 2:
            return note("nothing to see yet", width, height)
        import numpy  # 0.1 s to import: only who looks at a spectrum pays

        levels = _levels_db(board.scope, count, width)
        rows = height - 1
        styles = runs([meter(level + _LIFT_DB)[0] for level in levels.tolist()])
        eighths = numpy.rint((levels + _RANGE_DB) / _RANGE_DB * rows * 8).astype(int)
        blocks = numpy.array([ord(each) for each in _BLOCKS], dtype="<u4")
        bases = numpy.arange((rows - 1) * 8, -1, -8)
        signs = blocks[numpy.clip(eighths[None, :] - bases[:, None], 0, 8)]
        lines = [in_runs(line.tobytes().decode("utf-32-le"), styles) for line in signs]
        return [*lines, [("class:rest", _axis(width))]]


def _levels_db(scope: Scope, count: int, columns: int) -> "NDArray[numpy.float64]":
    """The loudest bin of each column, in dBFS."""
    import numpy

    window, firsts, lasts = _bands(count, scope.rate, columns)
    samples = (numpy.asarray(scope.left[:count]) + numpy.asarray(scope.right[:count])) / 2
    bins = numpy.abs(numpy.fft.rfft(samples * window))
    # Pairs of edges: what lies between two columns is reduced too, and left out.
    loudest = numpy.maximum.reduceat(numpy.append(bins, 0.0), numpy.stack((firsts, lasts), axis=1).ravel())[::2]
    return 20 * numpy.log10(numpy.maximum(loudest, 1e-6))


@lru_cache(4)
def _bands(
    count: int, rate: float, columns: int
) -> "tuple[NDArray[numpy.float64], NDArray[numpy.int64], NDArray[numpy.int64]]":
    """A window for so many samples that leaves a sine's peak as it is; each column's first bin, and the one behind."""
    import numpy

    window = numpy.hanning(count)
    bins = count // 2 + 1
    firsts, lasts = [], []
    for column in range(columns):
        low, high = (_frequency(column + each, columns) * count / rate for each in (0, 1))
        first = min(bins - 1, round(low))
        firsts.append(first)
        lasts.append(min(bins, max(first + 1, round(high))))
    return window * (2 / window.sum()), numpy.array(firsts), numpy.array(lasts)


def _frequency(column: float, columns: int) -> float:
    return float(_LOWEST_HZ * (_HIGHEST_HZ / _LOWEST_HZ) ** (column / columns))


@lru_cache(4)
def _axis(width: int) -> str:
    axis = [" "] * width
    for frequency, text in (*_TICKS, _LAST_TICK):
        place = int(math.log(frequency / _LOWEST_HZ) / math.log(_HIGHEST_HZ / _LOWEST_HZ) * width)
        if place + len(text) <= width and all(each == " " for each in axis[max(0, place - 1) : place + len(text)]):
            axis[place : place + len(text)] = text
    return "".join(axis)
