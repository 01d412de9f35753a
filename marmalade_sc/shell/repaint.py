"""Draws again only the windows that moved by themselves: the pulse of a bar is no reason to lay a screen out anew.

A whole drawing takes 4 ms at 80x24 and 20 ms at 250x80, most of it to find out that the layout is what it was; the
status bar alone takes a tenth of that. There is no public way to draw a single window, so this reads and writes what
prompt_toolkit's renderer remembers of its last drawing (docs/adr/0028-repaint.md). A version of it that is otherwise
inside is drawn whole.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.layout import Window
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition

__all__ = ["LIT", "Lights", "Moving", "Repaint"]


LIT: Final = "class:sounding"
_ABOVE: Final = ("selected", "search", "matching-bracket", "cursor-line", "partial-key", "digraph")
"""Parts of styles that prompt_toolkit puts above those of a line's own characters."""


class Lights(Protocol):
    """Which characters of the code are lit."""

    @property
    def flashes(self) -> bool:
        """Whether whole lines are, or were when they were drawn."""

    def moved(self) -> Iterable[tuple[int, int, bool]]:
        """Characters that are lit, or lit no more, since they were drawn: (line, column, is_lit)."""


class Moving(Window):
    """A window that knows how it was drawn last."""

    style_around = ""

    def write_to_screen(
        self,
        screen: Screen,
        mouse_handlers: MouseHandlers,
        write_position: WritePosition,
        parent_style: str,
        erase_bg: bool,
        z_index: int | None,
    ) -> None:
        """As a window does."""
        self.style_around = parent_style
        super().write_to_screen(screen, mouse_handlers, write_position, parent_style, erase_bg, z_index)


class Repaint:
    """See the module.

    Args:
        windows: the windows that move, by name; one that is not shown at the moment needs no drawing.
        below: those over which a menu can hang; while it does, all is drawn.
        lights: what moves in the window "code"; where there are some, only their characters are drawn.
    """

    def __init__(
        self,
        app: Application[str],
        windows: Mapping[str, Moving],
        below: Iterable[str] = (),
        lights: Lights | None = None,
    ) -> None:
        self._app = app
        self._windows = windows
        self._below = frozenset(below)
        self._lights = lights
        self._is_known = True

    def __call__(self, names: Iterable[str]) -> None:
        """Draw these windows; all of the screen when it is not known how it looks, or about to be drawn anyway."""
        app, wanted = self._app, frozenset(names)
        if app.invalidated or not app.is_running or app.is_done or not wanted:
            return
        if not self._is_known:
            app.invalidate()
            return
        try:
            self._draw(wanted)
        except (AttributeError, ImportError, TypeError):
            self._is_known = False
            app.invalidate()

    def _draw(self, wanted: frozenset[str]) -> None:
        app, renderer = self._app, self._app.renderer
        last = renderer.last_rendered_screen
        covered = app.current_buffer.complete_state is not None and wanted & self._below
        if last is None or covered or app.output.get_size() != renderer._last_size or app.exit_style:
            app.invalidate()
            return
        if self._lights is not None and "code" in wanted and not self._lights.flashes and app.full_screen:
            if not self._light(last, self._lights):
                app.invalidate()
                return
            wanted -= {"code"}
        fresh = Screen()
        rows: set[int] = set()
        app.render_counter += 1  # what windows keep of their texts is kept for one drawing
        with set_app(app):
            for name in wanted:
                window = self._windows[name]
                place = last.visible_windows_to_write_positions.get(window)
                if place is not None:
                    window.write_to_screen(fresh, MouseHandlers(), place, window.style_around, False, None)
                    rows.update(range(place.ypos, place.ypos + place.height))
            if rows:
                self._put(last, fresh, rows)

    def _light(self, last: Screen, lights: Lights) -> bool:
        """Give characters of the code another style, where they stand; False where that needs a whole drawing.

        A line in which something is selected, searched or matched has styles above the light.
        """
        window, renderer = self._windows["code"], self._app.renderer
        info = window.render_info
        if window not in last.visible_windows_to_write_positions or info is None:
            return True
        cells: dict[int, dict[int, str]] = {}
        for row, column, is_lit in lights.moved():
            place = info._rowcol_to_yx.get((row, column))
            if place is None:
                continue  # scrolled out
            style = last.data_buffer[place[0]][place[1]].style
            if any(word in style for word in _ABOVE):
                return False
            cells.setdefault(place[0], {})[place[1]] = f"{style} {LIT}" if is_lit else style.replace(f" {LIT}", "")
        if cells:
            output, attributes = self._app.output, renderer._attrs_for_style
            assert attributes is not None
            output.hide_cursor()
            seen = None
            for row, styles in sorted(cells.items()):
                line, after = last.data_buffer[row], -1
                for column, style in sorted(styles.items()):
                    line[column] = Char(line[column].char, style)
                    if column != after:
                        output.cursor_goto(row + 1, column + 1)
                    if attributes[style] != seen:
                        seen = attributes[style]
                        output.set_attributes(seen, self._app.color_depth)
                    output.write(line[column].char)
                    after = column + 1
            output.reset_attributes()
            output.cursor_goto(renderer._cursor_pos.y + 1, renderer._cursor_pos.x + 1)
            if last.show_cursor:
                output.show_cursor()
            renderer._last_style = None
            output.flush()
        return True

    def _put(self, last: Screen, fresh: Screen, rows: set[int]) -> None:
        """Send what differs in these rows; the screen that is remembered has them from now on."""
        from prompt_toolkit.renderer import _output_screen_diff

        app, renderer = self._app, self._app.renderer
        assert renderer._last_size is not None and renderer._attrs_for_style is not None
        assert renderer._style_string_has_style is not None
        before = Screen()
        before.height = fresh.height = last.height
        fresh.cursor_positions, fresh.show_cursor = last.cursor_positions, last.show_cursor
        for row in rows:
            before.data_buffer[row] = last.data_buffer[row]
            last.data_buffer[row] = fresh.data_buffer[row]
        renderer._cursor_pos, renderer._last_style = _output_screen_diff(
            app,
            app.output,
            fresh,
            renderer._cursor_pos,
            app.color_depth,
            before,
            renderer._last_style,
            False,
            full_screen=renderer.full_screen,
            attrs_for_style_string=renderer._attrs_for_style,
            style_string_has_style=renderer._style_string_has_style,
            size=renderer._last_size,
            previous_width=renderer._last_size.columns,
        )
        app.output.flush()
