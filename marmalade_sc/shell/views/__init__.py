"""Pictures of what sounds, as lines of styled text: steps, piano roll, scope, spectrum. Pure: no terminal, no clock.

Each keeps what it knows of its last picture, as the next one is nearly the same: with 50 tracks that play, a picture
made anew was 1 to 2.4 ms, eleven times a second.
"""

from typing import Protocol

from marmalade_sc.shell.board import Board
from marmalade_sc.shell.views.lines import Lines
from marmalade_sc.shell.views.roll import Roll
from marmalade_sc.shell.views.scope import Wave
from marmalade_sc.shell.views.spectrum import Spectrum
from marmalade_sc.shell.views.steps import Steps

__all__ = ["View", "view"]


class View(Protocol):
    """A kind of picture."""

    def lines(self, board: Board, now: int, width: int, height: int) -> Lines:
        """`height` lines of at most `width` columns for what is heard at jam time `now`. Times may only grow."""


def view(kind: str) -> View:
    """A fresh view of one of `desk.VIEWS`.

    Raises:
        KeyError: there is none of that kind.
    """
    kinds: dict[str, type[View]] = {"steps": Steps, "roll": Roll, "scope": Wave, "spectrum": Spectrum}
    return kinds[kind]()
