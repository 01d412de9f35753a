"""Parts of the screen that the plain prompt and the full screen share: code with its lights, panel, bar, menus."""

import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition, has_completions, has_focus, is_done
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.layout import ConditionalContainer, Dimension, Float, HSplit, VSplit, Window
from prompt_toolkit.layout.containers import AnyContainer
from prompt_toolkit.layout.controls import BufferControl, FormattedTextControl
from prompt_toolkit.layout.menus import CompletionsMenuControl
from prompt_toolkit.layout.processors import (
    HighlightIncrementalSearchProcessor,
    HighlightMatchingBracketProcessor,
    HighlightSelectionProcessor,
    Processor,
    Transformation,
    TransformationInput,
)
from prompt_toolkit.widgets import SearchToolbar

from marmalade_sc.shell.desk import Desk
from marmalade_sc.shell.lexer import CodeLexer
from marmalade_sc.shell.repaint import LIT, Moving, Row

__all__ = ["Lit", "bar", "code_control", "hint", "menu", "panel", "rule"]

_MENU_ROWS: Final = 8
_DOC_WIDTH: Final = 48


class Lit(Processor):
    """What sounds and what was just evaluated, over the colours of the code."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._drawn = desk.look
        self._lengths: dict[int, int] = {}

    def moved(self) -> Iterator[tuple[int, int, bool]]:
        """Characters that are lit, or lit no more, since the code was drawn: (line, column, is_lit)."""
        was, now, self._drawn = self._drawn.lit, self._desk.look.lit, self._desk.look
        for row in was.keys() | now.keys():
            end = self._lengths.get(row, 0)
            before, after = _columns(was.get(row, ()), end), _columns(now.get(row, ()), end)
            for column in before ^ after:
                yield row, column, column in after

    @property
    def flashes(self) -> bool:
        """Whether whole lines flash, or have flashed when the code was drawn."""
        return self._drawn.flash is not None or self._desk.look.flash is not None

    def apply_transformation(self, transformation_input: TransformationInput) -> Transformation:
        """The line with the classes `sounding` and `flash` where they belong."""
        self._drawn = look = self._desk.look
        row = transformation_input.lineno
        self._lengths[row] = sum(len(text) for _, text, *_ in transformation_input.fragments)
        spans = look.lit.get(row, ())
        flashes = look.flash is not None and look.flash[0] <= row <= look.flash[1]
        if not spans and not flashes:
            return Transformation(transformation_input.fragments)
        if flashes:
            return Transformation(styled(transformation_input.fragments, [(0, 1 << 30)], "class:flash"))
        return Transformation(styled(transformation_input.fragments, list(spans), LIT))


def _columns(spans: Iterable[tuple[int, int]], end: int) -> set[int]:
    return {at for column, length in spans for at in range(column, min(column + length, end))}


def styled(fragments: StyleAndTextTuples, spans: list[tuple[int, int]], style: str) -> StyleAndTextTuples:
    """The fragments with `style` added at (column, length) of their text."""
    found: StyleAndTextTuples = []
    at = 0
    for own, text, *_ in fragments:
        cuts = sorted(
            {0, len(text)}
            | {min(max(edge - at, 0), len(text)) for column, length in spans for edge in (column, column + length)}
        )
        for begin, end in zip(cuts, cuts[1:], strict=False):
            is_in = any(column <= at + begin < column + length for column, length in spans)
            found.append((f"{own} {style}" if is_in else own, text[begin:end]))
        at += len(text)
    return found


def code_control(buffer: Buffer, search: SearchToolbar, lit: Lit | None = None) -> BufferControl:
    """The control of a buffer with code; `lit` lights what sounds."""
    return BufferControl(
        buffer=buffer,
        lexer=CodeLexer(),
        search_buffer_control=search.control,
        preview_search=True,
        include_default_input_processors=False,
        input_processors=[
            *([lit] if lit is not None else []),
            HighlightMatchingBracketProcessor(chars="()[]{}"),
            HighlightSelectionProcessor(),
            HighlightIncrementalSearchProcessor(),
        ],
    )


def bar(desk: Desk) -> Moving:
    """The status bar."""

    def text() -> StyleAndTextTuples:
        return list(desk.look.bar)

    control = FormattedTextControl(text, show_cursor=False)
    return Moving(control, height=1, style="class:bar", dont_extend_height=True, wrap_lines=False)


def hint(desk: Desk) -> AnyContainer:
    """The line with the signature of the call that the cursor is in."""
    control = FormattedTextControl(lambda: list(desk.signature), show_cursor=False)
    window = Window(control, height=1, style="class:signature", dont_extend_height=True, wrap_lines=False)
    return ConditionalContainer(window, Condition(lambda: bool(desk.signature)) & ~is_done)


def rule(text: Callable[[], str]) -> Window:
    """A line across, with words in it."""

    def line() -> StyleAndTextTuples:
        return [("class:line", "── "), ("class:title", text()), ("class:line", " " + "─" * 400)]

    return Window(FormattedTextControl(line, show_cursor=False), height=1, wrap_lines=False)


def panel(desk: Desk, rows: Callable[[], int]) -> tuple[Moving, AnyContainer]:
    """The view or text that is open, and what shows it only then; `rows` is how many lines it may have."""

    def text() -> StyleAndTextTuples:
        current = desk.panel
        if current is None:
            return []
        lines: StyleAndTextTuples = []
        if current.is_view:
            for line in desk.look.view[: rows()]:
                lines += [*line, ("", "\n")]
        else:
            for plain in current.lines[current.offset : current.offset + rows()]:
                is_head = current.offset == 0 and plain is current.lines[0]
                lines.append(("class:title" if is_head else "", plain + "\n"))
        return lines[:-1] if lines and lines[-1][1] == "\n" else lines

    def view_rows() -> Sequence[Row] | None:
        current = desk.panel
        return desk.look.view[: rows()] if current is not None and current.is_view else None

    control = FormattedTextControl(text, show_cursor=False)

    def style() -> str:
        return "" if desk.panel is not None and desk.panel.is_view else "class:page"

    window = Moving(control, style=style, height=lambda: Dimension.exact(rows()), wrap_lines=False, rows=view_rows)
    return window, ConditionalContainer(window, Condition(lambda: desk.panel is not None) & ~is_done)


def menu(buffer: Buffer) -> Float:
    """The menu of completions, with the documentation of the one that is chosen beside it."""

    def doc() -> str:
        state = buffer.complete_state
        if state is None:
            return ""
        chosen = state.current_completion or (state.completions[0] if state.completions else None)
        lines = str(getattr(chosen, "doc", "")).split("\n")
        fitted = [piece for line in lines for piece in textwrap.wrap(line, _DOC_WIDTH - 2) or [""]]
        return "\n".join(f" {line}" for line in fitted[:_MENU_ROWS])

    @Condition
    def has_doc() -> bool:
        columns = get_app().output.get_size().columns
        return columns >= 2 * _DOC_WIDTH and bool(doc())

    words = Window(
        content=CompletionsMenuControl(),
        width=Dimension(min=8),
        height=Dimension(min=1, max=_MENU_ROWS),
        style="class:completion-menu",
        dont_extend_width=True,
        z_index=10**8,
    )
    page = Window(
        FormattedTextControl(doc, show_cursor=False),
        width=Dimension(max=_DOC_WIDTH),
        height=Dimension(max=_MENU_ROWS),
        style="class:page",
    )
    both = VSplit([words, ConditionalContainer(page, has_doc)])
    shown = has_completions & ~is_done & has_focus(buffer)
    return Float(HSplit([ConditionalContainer(both, shown)]), xcursor=True, ycursor=True, transparent=True)
