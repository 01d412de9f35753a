"""Draws again only the windows that moved by themselves: the pulse of a bar is no reason to lay a screen out anew.

A whole drawing takes 4 ms at 80x24 and 20 ms at 250x80, most of it to find out that the layout is what it was; the
status bar alone takes a tenth of that. There is no public way to draw a single window, so this reads and writes what
prompt_toolkit's renderer remembers of its last drawing (docs/adr/0028-repaint.md). A version of it that is otherwise
inside is drawn whole.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import lru_cache
from typing import Any, Final, Protocol

from prompt_toolkit.application import Application
from prompt_toolkit.application.current import set_app
from prompt_toolkit.formatted_text import to_formatted_text
from prompt_toolkit.layout import FormattedTextControl, Window
from prompt_toolkit.layout.mouse_handlers import MouseHandlers
from prompt_toolkit.layout.screen import Char, Screen, WritePosition
from prompt_toolkit.output import Output
from prompt_toolkit.utils import get_cwidth, to_str

__all__ = ["LIT", "Lights", "Moving", "Repaint", "Row"]


LIT: Final = "class:sounding"
_ABOVE: Final = ("selected", "search", "matching-bracket", "cursor-line", "partial-key", "digraph")
"""Parts of styles that prompt_toolkit puts above those of a line's own characters."""

_EVEN: Final = re.compile("[ -~─-▟⠀-⣿]*").fullmatch
"""ASCII, lines, blocks and Braille: asked one by one, a wave's characters cost more than drawing them."""


class Lights(Protocol):
    """Which characters of the code are lit."""

    @property
    def flashes(self) -> bool:
        """Whether whole lines are, or were when they were drawn."""

    def moved(self) -> Iterable[tuple[int, int, bool]]:
        """Characters that are lit, or lit no more, since they were drawn: (line, column, is_lit)."""


Row = tuple[tuple[str, str], ...]
"""A line as it was drawn: styles and texts."""


class Moving(Window):
    """A window that knows how it was drawn last.

    Args:
        rows: its text in lines, for one whose text comes so; else they are asked of its control.

    Attributes:
        style_around: of what it stands in.
        inside: which style a cell has got from that of its fragment, for windows of text.
        drawn: its lines, as they were drawn; empty where that is not known.
    """

    def __init__(self, *args: Any, rows: Callable[[], Sequence[Row] | None] = lambda: None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._rows = rows
        self.style_around = self._style_own = ""
        self.inside: dict[str, str] = {}
        self.drawn: Sequence[Row] = []

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
        own = to_str(self.style)  # a page has another than a view
        if (parent_style, own) != (self.style_around, self._style_own):
            self.style_around, self._style_own = parent_style, own
            self.inside.clear()
        super().write_to_screen(screen, mouse_handlers, write_position, parent_style, erase_bg, z_index)
        if isinstance(self.content, FormattedTextControl):
            self.drawn = self.lines()
            for number, line in enumerate(self.drawn[: write_position.height]):
                self._learn(screen.data_buffer[write_position.ypos + number], line, write_position)

    def _learn(self, row: Mapping[int, Char], line: Row, place: WritePosition) -> None:
        at, width = place.xpos, place.width
        for style, text in line:
            if not _is_even(text):
                return  # where the next fragment stands is not known
            if text and len(text) <= width:
                self.inside.setdefault(style, row[at].style)
            at, width = at + len(text), width - len(text)
        if width > 0:
            self.inside.setdefault("", row[at].style)

    def lines(self) -> Sequence[Row]:
        """What its control shows now."""
        rows = self._rows()
        if rows is not None:
            return rows
        assert isinstance(self.content, FormattedTextControl)
        found: list[list[tuple[str, str]]] = [[]]
        for style, text, *_ in to_formatted_text(self.content.text):
            first, *rest = text.split("\n")
            if first:
                found[-1].append((style, first))
            found += [[(style, part)] if part else [] for part in rest]
        return [tuple(line) for line in found]


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

    def __call__(self, names: Set[str]) -> None:
        """Draw these windows; all of the screen when it is not known how it looks, or about to be drawn anyway.

        What this face does not show is left out: code that was lit moves once more when it gives way to the prompt.
        """
        app, wanted = self._app, self._windows.keys() & names
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

    def _draw(self, wanted: set[str]) -> None:
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
        wanted = {name for name in wanted if name == "code" or not self._lines(last, self._windows[name])}
        if not wanted:
            return
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
        window = self._windows["code"]
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
        self._write(
            last,
            {
                row: {at: (last.data_buffer[row][at].char, style) for at, style in line.items()}
                for row, line in cells.items()
            },
        )
        return True

    def _lines(self, last: Screen, window: Moving) -> bool:
        """Draw the cells of a text that are others than they were; False where only a drawing of the window can."""
        place = last.visible_windows_to_write_positions.get(window)
        if place is None:
            return True
        lines, drawn = window.lines()[: place.height], window.drawn[: place.height]
        if len(lines) != len(drawn):
            return False
        cells: dict[int, dict[int, tuple[str, str]]] = {}
        for number, line in enumerate(lines):
            if line != drawn[number]:
                found = _others(drawn[number], line, window.inside, place)
                if found is None:
                    return False
                cells[place.ypos + number] = found
        window.drawn = lines
        self._write(last, cells)
        return True

    def _write(self, last: Screen, cells: Mapping[int, Mapping[int, tuple[str, str]]]) -> None:
        """Put characters where they belong; the cursor goes back to where it was."""
        app, renderer, output = self._app, self._app.renderer, self._app.output
        attributes = renderer._attrs_for_style
        assert attributes is not None
        home = renderer._cursor_pos
        y, x = home.y, home.x
        seen, styled, text, depth = None, None, "", app.color_depth
        output.hide_cursor()
        for row, line in sorted(cells.items()):
            remembered = last.data_buffer[row]
            for column, (char, style) in sorted(line.items()):
                if column != x or row != y or style != styled:
                    output.write(text)
                    text = ""
                    if row == y and column > x:
                        output.cursor_forward(column - x)
                    elif column != x or row != y:
                        _move(output, row - y, column)
                    styled = style
                    if attributes[style] != seen:
                        seen = attributes[style]
                        output.set_attributes(seen, depth)
                text += char
                cell = _cell(char, style)
                remembered[column] = cell
                y, x = row, column + cell.width
        output.write(text)
        output.reset_attributes()
        _move(output, home.y - y, home.x)
        if last.show_cursor:
            output.show_cursor()
        renderer._last_style = None
        output.flush()

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


def _others(was: Row, line: Row, inside: Mapping[str, str], place: WritePosition) -> dict[int, tuple[str, str]] | None:
    """The cells of a line that are others than those of the line before; None where it is not known how they look."""
    begin, after, right = 0, min(len(was), len(line)), place.xpos + place.width
    at = place.xpos
    while begin < after and was[begin] == line[begin]:
        text = line[begin][1]
        if not _is_even(text):
            return None
        at, begin = at + len(text), begin + 1
    same = 0
    while same < after - begin and was[-1 - same] == line[-1 - same]:
        same += 1
    before, fresh = was[begin : len(was) - same], line[begin : len(line) - same]
    if _length(before) != _length(fresh):  # what stands behind has moved
        before, fresh = _padded(was[begin:], right - at), _padded(line[begin:], right - at)
    if at + _length(fresh) > right:
        return None
    old, old_styles = _spread(before, inside)
    new, styles = _spread(fresh, inside)
    if not _is_even(old) or not _is_even(new) or None in styles:
        return None
    signs = enumerate(zip(new, styles, old, old_styles, strict=False), at)  # an old line may have been cut
    return {column: (sign, str(style)) for column, (sign, style, gone, worn) in signs if sign != gone or style != worn}


def _spread(line: Row, inside: Mapping[str, str]) -> tuple[str, list[str | None]]:
    """The characters of a line, and the style of each on the screen."""
    styles: list[str | None] = []
    for style, text in line:
        styles += [inside.get(style)] * len(text)
    return "".join([text for _, text in line]), styles


def _length(line: Row) -> int:
    return sum([len(text) for _, text in line])


def _padded(line: Row, width: int) -> Row:
    return (*line, ("", " " * (width - _length(line))))


@lru_cache(4096)
def _cell(char: str, style: str) -> Char:
    """A character of a screen, which nobody changes: a view has the same few again and again."""
    return Char(char, style)


def _move(output: Output, rows: int, column: int) -> None:
    """From where the cursor is, for the plain prompt does not know how far down the terminal it stands."""
    output.cursor_down(rows) if rows > 0 else output.cursor_up(-rows)
    output.write_raw("\r")
    output.cursor_forward(column)


@lru_cache(1024)
def _is_even(text: str) -> bool:
    """Whether each character is one column wide. The same parts come again and again, but for those of a wave."""
    return text.isascii() or _EVEN(text) is not None or all(get_cwidth(each) == 1 for each in text)
