"""The full screen: code above, what is said (or a view, or a page) below, the status bar at the bottom."""

from collections.abc import Callable, Sequence
from itertools import islice

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.data_structures import Point
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import ConditionalContainer, Dimension, FloatContainer, HSplit, Layout, Window
from prompt_toolkit.layout.controls import FormattedTextControl, UIContent, UIControl
from prompt_toolkit.layout.margins import NumberedMargin, ScrollbarMargin
from prompt_toolkit.output import Output
from prompt_toolkit.styles import Style
from prompt_toolkit.widgets import SearchToolbar

from marmalade_sc.shell import parts
from marmalade_sc.shell.desk import Desk
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.repaint import Moving, Repaint
from marmalade_sc.shell.status import Styled
from marmalade_sc.shell.wrap import wrapped

__all__ = ["FullFace"]

_SMALL_ROWS = 10
"""A terminal with fewer rows shows the code and the bar, and a line of the log."""


_PANEL_LOG = 3
"""Rows of the log below a panel: a mistake must be seen there, too."""


class Log(UIControl):
    """The newest lines of the log, as many as there is room for; lines that are too long go on below."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def create_content(self, width: int, height: int) -> UIContent:
        """The lines that fit."""
        lines: list[Styled] = []
        for line in islice(reversed(self._desk.log), self._desk.log_offset, None):
            lines = wrapped(line, width) + lines
            if len(lines) >= height:
                break
        shown = lines[-height:] if height else []

        def line_at(number: int) -> StyleAndTextTuples:
            return list(shown[number]) if number < len(shown) else []

        return UIContent(line_at, line_count=max(1, len(shown)), cursor_position=Point(0, 0), show_cursor=False)


class FullFace:
    """See the module.

    Args:
        title: words between code and log.
        is_visit: it shows a view for the plain prompt, and ends when that is closed.
    """

    name = "full"

    def __init__(
        self,
        desk: Desk,
        buffer: Buffer,
        options: ShellOptions,
        style: Style,
        keys: KeyBindingsBase,
        terminal: tuple[Input, Output],
        title: Callable[[], str],
        is_visit: bool,
    ) -> None:
        self._desk = desk
        self._output = terminal[1]
        self._is_visit = is_visit
        search = SearchToolbar(ignore_case=True)
        lit = parts.Lit(desk)
        self._code = Moving(
            parts.code_control(buffer, search, lit),
            left_margins=[ConditionalMarginNumbers()],
            right_margins=[ScrollbarMargin()],
            wrap_lines=True,
            height=Dimension(min=1, weight=1),
        )
        is_small = Condition(lambda: self._output.get_size().rows < _SMALL_ROWS)
        log = Window(Log(desk), height=self._log_height, wrap_lines=False)
        has_panel = Condition(lambda: desk.panel is not None)
        below = HSplit([ConditionalContainer(parts.rule(title), ~is_small & ~has_panel), log])
        is_whole = Condition(lambda: desk.panel is not None and desk.panel.is_whole)
        self._rest = Window(FormattedTextControl("", focusable=True, show_cursor=False), height=0)
        view, view_area = parts.panel(desk, self.view_rows)
        bar = parts.bar(desk)
        body = HSplit(
            [
                ConditionalContainer(self._code, ~is_whole),
                ConditionalContainer(self._rest, is_whole),
                search,
                parts.hint(desk),
                ConditionalContainer(parts.rule(self._panel_title), has_panel & ~is_whole),
                view_area,
                ConditionalContainer(below, ~is_whole),
            ]
        )
        self.app: Application[str] = Application(
            layout=Layout(
                HSplit([FloatContainer(body, floats=[parts.menu(buffer)]), bar]),
                focused_element=self._code,
            ),
            style=style,
            include_default_pygments_style=False,
            key_bindings=keys,
            editing_mode=EditingMode.VI if options.vi else EditingMode.EMACS,
            cursor=ModalCursorShapeConfig() if options.vi else None,
            mouse_support=options.mouse,
            input=terminal[0],
            output=terminal[1],
            full_screen=True,
            enable_page_navigation_bindings=True,
        )
        if options.vi:
            self.app.ttimeoutlen = self.app.timeoutlen = 0.05
        self.repaint = Repaint(self.app, {"bar": bar, "code": self._code, "view": view}, ("code", "view"), lit)
        self.panel_changed()

    @property
    def columns(self) -> int:
        """Columns of the terminal."""
        return self._output.get_size().columns

    def _log_height(self) -> Dimension:
        rows = self._output.get_size().rows
        if rows < _SMALL_ROWS:
            return Dimension.exact(1)
        return Dimension.exact(_PANEL_LOG if self._desk.panel is not None else max(3, rows // 3))

    def _panel_title(self) -> str:
        return self._desk.panel.title or self._desk.panel.kind if self._desk.panel is not None else ""

    def view_rows(self) -> int:
        """Rows that a panel may have."""
        rows = self._output.get_size().rows
        panel = self._desk.panel
        if panel is not None and panel.is_whole:
            return max(1, rows - 1)
        if panel is not None and not panel.is_view:
            return max(1, min(rows - 10, len(panel.lines) - panel.offset))
        return max(1, rows // 2 - 3)

    def leave(self, result: str) -> None:
        """See `deeds.Face`."""
        if self.app.is_running and not self.app.is_done:
            self.app.exit(result=result)

    def panel_changed(self) -> None:
        """See `deeds.Face`."""
        panel = self._desk.panel
        if self._is_visit and (panel is None or not panel.is_whole):
            self.leave("toggle")
        self.app.layout.focus(self._rest if panel is not None and panel.is_whole else self._code)
        self.app.invalidate()

    def echo(self, code: str) -> None:
        """See `deeds.Face`: the code is there."""

    def show(self, lines: Sequence[Styled]) -> None:
        """The log has new lines."""
        if lines and self.app.is_running:
            self.app.invalidate()


class ConditionalMarginNumbers(NumberedMargin):
    """Numbers of lines where there is room for them."""

    def get_width(self, get_ui_content: Callable[[], UIContent]) -> int:
        """Nothing below 40 columns."""
        from prompt_toolkit.application import get_app

        if get_app().output.get_size().columns < 40:
            return 0
        return super().get_width(get_ui_content)
