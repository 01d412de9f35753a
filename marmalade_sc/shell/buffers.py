"""Where code is typed: the buffers, and what Enter, Tab, Backspace, brackets and quotes do in them."""

from collections.abc import Callable
from typing import Final

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.completion import Completer
from prompt_toolkit.filters import Condition, emacs_insert_mode, has_completions, vi_insert_mode, vi_navigation_mode
from prompt_toolkit.history import History
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from marmalade_sc.shell.editing import INDENT, dedent_column, enter_evaluates, is_complete, margin_after
from marmalade_sc.shell.pairs import erases_pair, typed
from marmalade_sc.shell.scan import NORMAL, scan

__all__ = ["code_buffer", "editing_keys", "prompt_buffer"]

_TYPED: Final = '([{<"])}>'
_FEW: Final = 2000
_BURST: Final = 4
"""Keys that wait when a line ends; over a slow line some arrive together, of a paste hundreds."""
"""Lines above the cursor that are looked at to know whether it stands in a text of several lines."""


def prompt_buffer(completer: Completer, suggests: bool, history: History) -> Buffer:
    """The buffer of the plain prompt."""
    return Buffer(
        name="prompt",
        multiline=True,
        completer=completer,
        complete_while_typing=suggests,
        enable_history_search=True,
        history=history,
    )


def code_buffer(completer: Completer, suggests: bool, text: str) -> Buffer:
    """The buffer of the full screen."""
    buffer = Buffer(name="code", multiline=True, completer=completer, complete_while_typing=suggests)
    buffer.text = text
    buffer.cursor_position = len(text)
    return buffer


def _state(buffer: Buffer) -> str:
    """The state of the scan at the beginning of the cursor's line."""
    lines = buffer.document.lines[: buffer.document.cursor_position_row]
    state = NORMAL
    for line in lines[-_FEW:]:
        if state or '"""' in line or "'''" in line:
            state = scan(line, state)[1]
    return state


def editing_keys(pairs: bool, accept: Callable[[], None] | None) -> KeyBindings:
    """Keys that change text.

    Args:
        pairs: whether brackets and quotes close themselves.
        accept: evaluates what is there; None where Enter is always a new line.
    """
    keys = KeyBindings()
    inserts = emacs_insert_mode | vi_insert_mode

    @keys.add("enter", filter=inserts)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None and buffer.complete_state.current_completion is not None:
            buffer.complete_state = None
        elif accept is not None and enter_evaluates(buffer.text, buffer.cursor_position):
            accept()
        else:
            _new_line(buffer, _is_pasted(event))

    if accept is not None:

        @keys.add("enter", filter=vi_navigation_mode)
        def evaluate(event: KeyPressEvent) -> None:
            if is_complete(event.current_buffer.text):
                accept()

    @keys.add("c-j", filter=inserts)
    def _(event: KeyPressEvent) -> None:
        _new_line(event.current_buffer, _is_pasted(event))

    @keys.add("tab", filter=inserts)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None:
            buffer.complete_next()
        elif buffer.document.current_line_before_cursor.strip():
            buffer.start_completion(insert_common_part=True)
        else:
            column = buffer.document.cursor_position_col
            buffer.insert_text(" " * (len(INDENT) - column % len(INDENT)))

    @keys.add("s-tab", filter=inserts)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state is not None:
            buffer.complete_previous()
            return
        line = buffer.document.current_line
        spaces = min(len(INDENT), len(line) - len(line.lstrip(" ")))
        column = buffer.document.cursor_position_col
        buffer.cursor_position -= column
        buffer.delete(spaces)
        buffer.cursor_position += max(0, column - spaces)

    @keys.add("backspace", filter=inserts)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        document = buffer.document
        if pairs and erases_pair(document.current_line, document.cursor_position_col, _state(buffer)):
            buffer.delete(1)
            buffer.delete_before_cursor(1)
        else:
            buffer.delete_before_cursor(dedent_column(document.current_line_before_cursor))

    @Condition
    def nothing_chosen() -> bool:
        state = get_app().current_buffer.complete_state
        return state is not None and state.current_completion is None

    @keys.add("up", filter=inserts & has_completions & nothing_chosen)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer  # the menu has only offered itself: Up goes on meaning history
        buffer.cancel_completion()
        buffer.auto_up(count=event.arg)

    if accept is None:  # elsewhere they lead through the history

        @keys.add("escape", "<")
        def begin(event: KeyPressEvent) -> None:
            event.current_buffer.cursor_position = 0

        @keys.add("escape", ">")
        def end(event: KeyPressEvent) -> None:
            event.current_buffer.cursor_position = len(event.current_buffer.text)

    if pairs:
        for character in _TYPED:
            _add_pair(keys, character)
    return keys


def _add_pair(keys: KeyBindings, character: str) -> None:
    @keys.add(character, filter=emacs_insert_mode | vi_insert_mode)
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        document = buffer.document
        done = typed(character, document.current_line, document.cursor_position_col, _state(buffer))
        if done is None or event.arg > 1:
            buffer.insert_text(character * event.arg)
        elif not done.text:
            buffer.cursor_position += done.over
        else:
            buffer.insert_text(done.text)
            buffer.cursor_position -= done.back


def _is_pasted(event: KeyPressEvent) -> bool:
    """Whether many more keys have come already: nobody types so fast. What is pasted into a terminal that does not
    bracket it brings margins of its own."""
    return len(event.key_processor.input_queue) >= _BURST


def _new_line(buffer: Buffer, is_pasted: bool = False) -> None:
    if is_pasted:
        buffer.insert_text("\n")
        return
    before = buffer.document.current_line_before_cursor
    after = buffer.document.current_line_after_cursor
    opens = before[-1:] in ("(", "[", "{") and after[:1] in (")", "]", "}")
    margin = margin_after(before) if not opens else before[: len(before) - len(before.lstrip())] + INDENT
    buffer.insert_text("\n" + margin)
    if opens:
        buffer.insert_text("\n" + margin[: -len(INDENT)], move_cursor=False)
