"""The plain prompt: what is said scrolls above, one prompt and the status bar stay below."""

from collections.abc import Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.cursor_shapes import ModalCursorShapeConfig
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText, StyleAndTextTuples
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import ConditionalContainer, Dimension, FloatContainer, HSplit, Layout, Window
from prompt_toolkit.output import Output
from prompt_toolkit.renderer import CPR_Support, print_formatted_text
from prompt_toolkit.styles import Style
from prompt_toolkit.widgets import SearchToolbar

from marmalade_sc.shell import parts
from marmalade_sc.shell.desk import Desk
from marmalade_sc.shell.lexer import line_parts
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.repaint import Repaint
from marmalade_sc.shell.scan import NORMAL
from marmalade_sc.shell.status import Styled
from marmalade_sc.shell.wrap import wrapped

__all__ = ["CONTINUATION", "PROMPT", "PlainFace", "coloured"]

PROMPT = "♪ "
CONTINUATION = "  · "
_MENU_ROWS = 8
_MARGIN = len(CONTINUATION)


def coloured(code: str) -> list[Styled]:
    """Code as it was typed at the prompt, in colours."""
    lines: list[Styled] = []
    state = NORMAL
    for number, line in enumerate(code.split("\n")):
        found, state = line_parts(line, state)
        head = ("class:prompt", PROMPT) if number == 0 else ("class:line", CONTINUATION)
        lines.append([head, *found])
    return lines


class PlainFace:
    """See the module."""

    name = "plain"

    def __init__(
        self,
        desk: Desk,
        buffer: Buffer,
        options: ShellOptions,
        style: Style,
        keys: KeyBindingsBase,
        terminal: tuple[Input, Output],
    ) -> None:
        self._desk = desk
        self._buffer = buffer
        self._style = style
        self._input, self._output = terminal
        search = SearchToolbar(ignore_case=True)
        control = parts.code_control(buffer, search)

        def height() -> Dimension:
            if buffer.complete_state is None:
                return Dimension()
            panel = self.view_rows() if desk.panel is not None else 0
            return Dimension(min=max(1, min(_MENU_ROWS, self._output.get_size().rows - 2 - panel)))

        code = Window(control, height=height, get_line_prefix=_prefix, wrap_lines=True, dont_extend_height=True)
        view, view_area = parts.panel(desk, self.view_rows)
        bar = parts.bar(desk)
        body = HSplit([code, search, parts.hint(desk), view_area])
        root = FloatContainer(body, floats=[parts.menu(buffer)])
        big_enough = Condition(lambda: self._output.get_size().rows >= 3)
        self.app: Application[str] = Application(
            layout=Layout(HSplit([root, ConditionalContainer(bar, big_enough)]), focused_element=code),
            style=style,
            include_default_pygments_style=False,
            key_bindings=keys,
            editing_mode=EditingMode.VI if options.vi else EditingMode.EMACS,
            cursor=ModalCursorShapeConfig() if options.vi else None,
            mouse_support=options.mouse,
            input=self._input,
            output=self._output,
            erase_when_done=True,
            enable_page_navigation_bindings=True,
        )
        # The terminal is never asked where its cursor is: an answer that was on its way when something was printed has
        # the prompt drawn as if the lines above it were free, which scrolled them away (in 9 of 40 starts at load 9).
        self.app.renderer.cpr_support = CPR_Support.NOT_SUPPORTED
        if options.vi:
            self.app.ttimeoutlen = self.app.timeoutlen = 0.05
        self.repaint = Repaint(self.app, {"bar": bar, "view": view}, ("view",))

    @property
    def columns(self) -> int:
        """Columns of the terminal."""
        return self._output.get_size().columns

    def view_rows(self) -> int:
        """Rows that a panel may have."""
        panel, rows = self._desk.panel, self._output.get_size().rows
        half = max(1, rows // 2)
        if self._buffer.complete_state is not None:  # the menu has its place, else nothing is drawn at all
            rows -= min(_MENU_ROWS, half) - 2
            half = max(1, min(half, rows - 5))
        if panel is None or panel.is_view:
            tracks = len(self._desk.board.tracks) if panel is not None and panel.kind == "steps" else half
            return max(1, min(half, tracks))
        return max(1, min(rows - 5, len(panel.lines) - panel.offset))

    def leave(self, result: str) -> None:
        """See `deeds.Face`."""
        if self.app.is_running and not self.app.is_done:
            self.app.exit(result=result)

    def panel_changed(self) -> None:
        """See `deeds.Face`."""
        if self._desk.panel is not None and self._desk.panel.is_whole:
            self.leave("whole")
        self.app.invalidate()

    def echo(self, code: str) -> None:
        """See `deeds.Face`."""
        lines = coloured(code)
        self._desk.log.extend(lines)
        self.show(lines)

    def show(self, lines: Sequence[Styled]) -> None:
        """Print lines above the prompt. In one go: nothing that is typed is read or shown between."""
        if not lines:
            return
        renderer = self.app.renderer
        # Keys that were typed before the first drawing are worked off before it: then there is nothing to erase yet.
        is_drawn = self.app.is_running and not self.app.is_done and renderer.last_rendered_screen is not None
        if is_drawn:
            renderer.erase(leave_alternate_screen=False)
        fragments: StyleAndTextTuples = []
        for line in lines:
            for row in wrapped(line, self.columns):
                fragments += [*row, ("", "\n")]
        print_formatted_text(self._output, FormattedText(fragments), self._style)
        if is_drawn:
            self.app._redraw()  # now, so that the prompt is not gone until the loop comes round


def _prefix(row: int, wrap: int) -> StyleAndTextTuples:
    if wrap:
        return [("", " " * _MARGIN if row else "  ")]
    return [("class:prompt", PROMPT)] if row == 0 else [("class:line", CONTINUATION)]
