"""What a shell shows: the state of the player, what was said, panels, lights and the flash. No terminal, no socket."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board
from marmalade_sc.shell.lights import Lights
from marmalade_sc.shell.marks import Marks
from marmalade_sc.shell.messages import Fold, Lines
from marmalade_sc.shell.status import Styled, next_pulse, status_line

if TYPE_CHECKING:
    from marmalade_sc.shell.views import View

__all__ = ["VIEWS", "Desk", "Look", "Panel"]

VIEWS: Final = ("steps", "roll", "scope", "spectrum")
_HEARS: Final[Mapping[str, tuple[str, ...]]] = {
    "steps": ("steps",),
    "roll": ("steps",),
    "scope": ("scope",),
    "spectrum": ("scope",),
}
_LOG_LINES: Final = 5000
_FLASH_S: Final = 0.25
_ROLL_S: Final = 0.1
"""The piano roll of 80 columns moves so often by one; a larger one moves by more at once."""
_BAR_S: Final = 0.25
"""What is on the bar besides the pulse, loads and levels, comes as often; between two pulses it is looked at once."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What stands between code and status bar: one of VIEWS, or a text.

    Attributes:
        is_whole: it takes the whole screen but the bar.
        lines: of a text.
        offset: how far the text is scrolled.
        examples: of a page; the next one to insert comes first.
    """

    kind: str
    title: str = ""
    is_whole: bool = False
    lines: tuple[str, ...] = ()
    offset: int = 0
    examples: tuple[str, ...] = ()

    @property
    def is_view(self) -> bool:
        """Whether it moves with the music."""
        return self.kind in VIEWS

    def scrolled(self, by: int) -> "Panel":
        """The text, scrolled."""
        return replace(self, offset=min(max(0, self.offset + by), max(0, len(self.lines) - 1)))


@dataclass(frozen=True, slots=True)
class Look:
    """Everything on the screen that changes by itself: when it has not changed nothing is drawn.

    Attributes:
        lit: by line of the code (from 0), columns (from 0) and lengths of what sounds.
        flash: lines of the code that were just evaluated.
    """

    bar: tuple[tuple[str, str], ...] = ()
    lit: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    flash: tuple[int, int] | None = None
    view: tuple[tuple[tuple[str, str], ...], ...] = ()


class Desk:
    """See the module.

    Attributes:
        log: lines that were said, for the full screen.
        follows: whether code that sounds can be shown; not so in the plain prompt, whose blocks are gone up.
    """

    def __init__(self) -> None:
        self.board = Board()
        self.marks = Marks()
        self.lights = Lights()
        self.fold = Fold()
        self.printed = Lines()
        self.log: deque[Styled] = deque(maxlen=_LOG_LINES)
        self.log_offset = 0
        self.panel: Panel | None = None
        self.follows = False
        self.signature: Styled = []
        self.look = Look()
        self.said: Callable[[], None] = lambda: None
        self._flash: tuple[int, int] | None = None
        self._flash_until = 0.0
        self._pulse: int | None = None
        self._bar_at = float("-inf")
        self._bar_of: object = None
        self._view_at = float("-inf")
        self._view_of: object = None
        self._view_scope: object = None
        self._drawing: tuple[str, View] | None = None

    # What is said

    def say(self, style: str, text: str, now_s: float, is_answer: bool = False) -> None:
        """Show a text when there is time; an answer without folding it."""
        if text:
            self.fold.add(style, text, now_s, is_answer)
            self.said()

    def print_piece(self, text: str, now_s: float) -> None:
        """Show what code printed, when its line is complete."""
        for line in self.printed.add(text, now_s):
            self.fold.add("class:plain", line, now_s)
        self.said()

    def take(self, now_s: float) -> list[Styled]:
        """Lines that are to be shown now; they are in the log."""
        for line in self.printed.overdue(now_s):
            self.fold.add("class:plain", line, now_s)
        lines: list[Styled] = [[said] for said in self.fold.take(now_s)]
        self.log.extend(lines)
        return lines

    # What moves

    def flash(self, first: int, last: int, now_s: float) -> None:
        """Let lines of the code flash."""
        self._flash, self._flash_until = (first, last), now_s + _FLASH_S
        self.look = replace(self.look, flash=self._flash)

    @property
    def hears(self) -> frozenset[str]:
        """Which events the screen needs besides those of every shell."""
        wanted = set(_HEARS[self.panel.kind]) if self.panel is not None and self.panel.is_view else set()
        if self.follows and self.marks.sources:
            wanted.add("steps")
        return frozenset(wanted)

    def refresh(self, now: int, now_s: float, width: int, view_size: tuple[int, int]) -> frozenset[str]:
        """Look at everything that moves; what of "bar", "code" and "view" is different from what is on the screen.

        Args:
            now: jam time.
            view_size: columns and rows of the panel's view.
        """
        flash = self._flash if now_s < self._flash_until else None
        look = Look(
            self._bar(now, now_s, width),
            self._lit(now) if self.follows else {},
            flash,
            self._view(now, now_s, *view_size),
        )
        was, self.look = self.look, look
        moved = {
            "bar": look.bar != was.bar,
            "code": (look.lit, look.flash) != (was.lit, was.flash),
            "view": look.view != was.view,
        }
        return frozenset(name for name, has_moved in moved.items() if has_moved)

    def rests(self, now: int) -> float:
        """Seconds from the jam time `now` in which neither a light nor the pulse changes."""
        is_hidden = self.panel is not None and self.panel.is_whole
        light = self.lights.next if self.follows and not is_hidden else None
        heard = None if light is None else light + self.board.latency
        moments = [each for each in (heard, self._pulse) if each is not None]
        return max(0, min(moments) - now) / UNITS_PER_SECOND if moments else float("inf")

    def _bar(self, now: int, now_s: float, width: int) -> tuple[tuple[str, str], ...]:
        """The bar as it is, or was a moment ago; what the player does at the keys is on it at once."""
        of = width, self.board.evaluating, self.board.is_gone
        is_due = self._pulse is not None and now >= self._pulse
        if not is_due and now_s - self._bar_at < _BAR_S and of == self._bar_of:
            return self.look.bar
        self._bar_at, self._bar_of, self._pulse = now_s, of, next_pulse(self.board, now)
        return tuple(status_line(self.board, now, width))

    def _lit(self, now: int) -> Mapping[int, tuple[tuple[int, int], ...]]:
        rows: dict[str, Mapping[int, int]] = {}
        found: dict[int, list[tuple[int, int]]] = {}
        for source, line, column, chars in self.lights.at(now - self.board.latency):
            if source not in rows:
                rows[source] = self.marks.rows(source)
            row = rows[source].get(line)
            if row is not None:
                found.setdefault(row, []).append((column - 1 + self.marks.margin(source), chars))
        return {row: tuple(sorted(spans)) for row, spans in found.items()}

    def _view(self, now: int, now_s: float, width: int, height: int) -> tuple[tuple[tuple[str, str], ...], ...]:
        """The view as it is; as it was, where there are no other samples, or the roll has not moved by a column."""
        if self.panel is None or not self.panel.is_view or width < 1 or height < 1:
            self._view_of = self._drawing = None
            return ()
        kind = self.panel.kind
        of, scope = (kind, width, height), self.board.scope if "scope" in _HEARS[kind] else None
        is_same = scope is not None and scope is self._view_scope
        if of == self._view_of and (is_same or (kind == "roll" and now_s - self._view_at < _ROLL_S)):
            return self.look.view
        self._view_at, self._view_of, self._view_scope = now_s, of, scope
        if self._drawing is None or self._drawing[0] != kind:
            from marmalade_sc.shell.views import view

            self._drawing = kind, view(kind)
        return tuple(tuple(line) for line in self._drawing[1].lines(self.board, now, width, height))

    # Panels

    def turn(self, kind: str) -> None:
        """The key of a view: a panel, then the whole screen, then nothing."""
        if self.panel is None or self.panel.kind != kind:
            self.panel = Panel(kind)
        elif not self.panel.is_whole:
            self.panel = replace(self.panel, is_whole=True)
        else:
            self.panel = None

    def open_text(self, kind: str, title: str, lines: Sequence[str], examples: Sequence[str] = ()) -> None:
        """Show a text; the same once more closes it."""
        fresh = Panel(kind, title, lines=tuple(lines), examples=tuple(examples))
        same = self.panel is not None and (self.panel.kind, self.panel.title) == (kind, title)
        self.panel = None if same else fresh
