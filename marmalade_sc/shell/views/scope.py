"""What is heard as waves, left above right."""

from collections.abc import Sequence
from typing import Final

from marmalade_sc.shell.board import Board
from marmalade_sc.shell.views.lines import Lines, note

__all__ = ["Wave"]

_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille dots by row and column of a character."""
_BRAILLE: Final = 0x2800


class Wave:
    """See the module. The left one begins where it rises through zero, so that it stands still."""

    def lines(self, board: Board, now: int, width: int, height: int) -> Lines:
        """See `views.View`."""
        left, right = board.scope.left, board.scope.right
        if not left or width < 4 or height < 2:
            return note("nothing to see yet", width, height)
        half = len(left) // 2
        begin = next((i for i in range(1, half) if left[i - 1] < 0 <= left[i]), 0)
        end = begin + len(left) - half
        top = height // 2
        return [*_wave(left[begin:end], width, top), *_wave(right[begin:end], width, height - top)]


def _wave(samples: Sequence[float], width: int, height: int) -> Lines:
    """Each column of dots reaches from where the one before it was to where it is."""
    import numpy  # 0.1 s to import: only who looks at one pays

    columns, rows, count = width * 2, height * 4, len(samples)
    if not count:
        return [[("class:scope", chr(_BRAILLE) * width)] for _ in range(height)]
    values = numpy.asarray(samples)[numpy.arange(columns) * count // columns]
    at = numpy.clip(numpy.rint((1 - values) / 2 * (rows - 1)), 0, rows - 1)
    before = numpy.concatenate((at[:1], at[:-1]))
    row = numpy.arange(rows)[:, None]
    is_on = (row >= numpy.minimum(at, before)) & (row <= numpy.maximum(at, before))
    dots = numpy.einsum("hrwc,rc->hw", is_on.reshape(height, 4, width, 2), numpy.array(_DOTS)) + _BRAILLE
    return [[("class:scope", line.tobytes().decode("utf-32-le"))] for line in dots.astype("<u4")]
