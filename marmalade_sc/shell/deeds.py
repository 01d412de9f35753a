"""What the keys and the shell's own words do."""

import asyncio
import re
import textwrap
import time
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from prompt_toolkit.application import get_app
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.key_binding import KeyPressEvent
from prompt_toolkit.search import stop_search

from marmalade_sc.settings.keymap import table
from marmalade_sc.shell.bindings import Deed
from marmalade_sc.shell.clean import clean
from marmalade_sc.shell.desk import VIEWS
from marmalade_sc.shell.editing import Stretch, block_at, statement_at, with_example
from marmalade_sc.shell.history import JamHistory
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.status import status_line
from marmalade_sc.shell.suggest import Suggestions
from marmalade_sc.shell.talk import Talk
from marmalade_sc.shell.taps import Taps
from marmalade_sc.shell.watching import Watching

__all__ = ["Deeds", "Face"]

_NUDGE_S: Final = 0.005
_SCROLL: Final = 5
_LONGEST_KEPT: Final = 10_000
"""Characters of a block of the page that goes into the history; the page itself is kept anyway."""
_MIXED: Final = {"mute": "muted", "unmute": "unmuted", "solo": "solo", "unsolo": "no longer solo"}
_OWN_WORD: Final = re.compile(r"""\s*(watch|history)\(\s*(?:(["'])(.*?)\2)?\s*\)\s*""")


class Face(Protocol):
    """How the shell shows itself at the moment.

    Attributes:
        name: "plain", "full" or "linear".
    """

    name: str

    def leave(self, result: str) -> None:
        """End it: "leave" ends the shell, "toggle" changes the face, "whole" shows a view on the whole screen."""

    def echo(self, code: str) -> None:
        """Show what is evaluated, where that is not seen anyway."""

    def panel_changed(self) -> None:
        """Something was opened or closed."""

    @property
    def columns(self) -> int:
        """Columns of the terminal."""

    def view_rows(self) -> int:
        """Rows that a panel may have."""


class Deeds:
    """See the module. `face` is set whenever it changes."""

    face: Face

    def __init__(
        self, talk: Talk, options: ShellOptions, history: JamHistory, suggestions: Suggestions, watching: Watching
    ) -> None:
        self._talk = talk
        self._desk = talk.desk
        self._options = options
        self._history = history
        self._suggestions = suggestions
        self._watching = watching
        self._taps = Taps()
        self._kept = ""

    def table(self) -> Mapping[str, Deed]:
        """What each action of the table does."""
        deeds: dict[str, Deed] = {
            "evaluate_block": lambda event, n: self._evaluate_part(event.current_buffer, "block"),
            "evaluate_line": lambda event, n: self._evaluate_part(event.current_buffer, "line"),
            "evaluate_all": lambda event, n: self._evaluate_part(event.current_buffer, "all"),
            "hush": lambda event, n: self._command("hush"),
            "panic": lambda event, n: self._command("panic", "panic"),
            "interrupt": lambda event, n: self.interrupt(event.current_buffer),
            "mute": lambda event, n: self._mix(n, "mute"),
            "solo": lambda event, n: self._mix(n, "solo"),
            "tap": lambda event, n: self._tap(),
            "earlier": lambda event, n: self._command("nudge", "5 ms earlier", seconds=-_NUDGE_S),
            "later": lambda event, n: self._command("nudge", "5 ms later", seconds=_NUDGE_S),
            "next_scene": lambda event, n: self._command("next_scene"),
            "previous_scene": lambda event, n: self._command("previous_scene"),
            "record": lambda event, n: self._record(),
            "undo": lambda event, n: self._command("undo"),
            "redo": lambda event, n: self._command("redo"),
            "full_screen": lambda event, n: self.face.leave("toggle"),
            "documentation": lambda event, n: self._document(event.current_buffer),
            "insert_example": lambda event, n: self._insert_example(event.current_buffer),
            "keys": lambda event, n: self._show_keys(),
            "scroll_up": lambda event, n: self._scroll(-_SCROLL),
            "scroll_down": lambda event, n: self._scroll(_SCROLL),
            "watch": lambda event, n: self._watching.pause(),
            "status": lambda event, n: self._status(),
            "undo_text": lambda event, n: event.current_buffer.undo(),
            "redo_text": lambda event, n: event.current_buffer.redo(),
            "complete": lambda event, n: _complete(event.current_buffer),
            "leave": lambda event, n: self.face.leave("leave"),
        }
        for kind in VIEWS:
            deeds[kind] = self._view(kind)
        return deeds

    # Evaluating

    def accept(self, buffer: Buffer) -> None:
        """Evaluate all of the prompt and empty it."""
        code = buffer.text
        if code.strip():
            buffer.append_to_history()
            self.do(code.rstrip() if "\n" not in code else code)
            # Drawing takes some milliseconds: the block is on its way before.
            asyncio.get_running_loop().call_soon(self.face.echo, code)
        _empty(buffer)
        if self._history.error:
            self._talk.say("class:error", self._history.error)
            self._history.error = ""

    def do(self, code: str) -> None:
        """What was typed: a question, a word of the shell's own, or code for the player."""
        self._desk.fold.part()
        if not self._is_ours(code):
            self._talk.start(_done(self._talk.evaluate(code)))

    def _is_ours(self, code: str) -> bool:
        if asked := self._suggestions.question(code):
            self._show_page(asked)
            return True
        if found := _OWN_WORD.fullmatch(code):
            if found[1] == "watch":
                self._watching.watch(Path(found[3]).expanduser()) if found[3] else self._watching.pause()
            else:
                self._search(found[3] or "")
            return True
        return False

    def _evaluate_part(self, buffer: Buffer, part: str) -> None:
        if buffer.name == "prompt" and part != "line":
            self.accept(buffer)
            return
        if buffer.name not in ("prompt", "code"):
            return
        lines = buffer.document.lines
        row = buffer.document.cursor_position_row
        found: Stretch | None
        if part == "all":
            found = Stretch(0, len(lines) - 1, buffer.text) if buffer.text.strip() else None
        else:
            found = block_at(lines, row) if part == "block" else statement_at(lines, row)
        if found is None:
            return
        buffer.cancel_completion()
        self._desk.fold.part()
        if self._is_ours(found.code):
            return
        if buffer.name == "prompt":
            self.face.echo(found.code)
            self._talk.start(_done(self._talk.evaluate(found.code)))
            return
        if part != "all" and len(found.code) <= _LONGEST_KEPT and found.code != self._kept:
            self._kept = found.code
            self._history.append_string(found.code)
        self._desk.flash(found.first, found.last, time.monotonic())
        self._talk.start(self._evaluate_stretch(found, lines[found.first : found.last + 1]))

    async def _evaluate_stretch(self, found: Stretch, lines: Sequence[str]) -> None:
        source = self._talk.new_source()
        worked = await self._talk.evaluate(found.code, source, lambda line: found.first + line, is_own=True)
        if worked:
            margin = len(lines[0]) - len(found.code.split("\n")[0]) if lines else 0
            self._desk.marks.evaluated(source, lines, found.first, max(0, margin))

    def interrupt(self, buffer: Buffer) -> None:
        """End an evaluation that runs; else a search; else close the panel; else empty the prompt."""
        if self._desk.board.evaluating:
            self._command("interrupt")
        elif get_app().layout.is_searching:
            stop_search()
        elif self._desk.panel is not None:
            self._desk.panel = None
            self.face.panel_changed()
        elif buffer.name == "prompt":
            if buffer.text and self.face.name == "linear":
                self.face.echo("")
            _empty(buffer)
        elif buffer.complete_state is not None:
            buffer.cancel_completion()

    # Playing

    def _command(self, do: str, words: str = "", /, **fields: object) -> None:
        self._talk.start(_done(self._talk.command(do, words, **fields)))

    def _mix(self, number: int, what: str) -> None:
        names = self._desk.board.track_names()
        if number > len(names):
            self._talk.say("class:error", f"There is no track {number}.")
            return
        name = names[number - 1]
        state = self._desk.board.tracks.get(name)
        mix = state.get("mix") if isinstance(state, Mapping) else None
        is_on = bool(isinstance(mix, Mapping) and mix.get(what))
        do = f"un{what}" if is_on else what
        self._command(do, f"{name} {_MIXED[do]}", track=name)

    def _tap(self) -> None:
        self._taps = self._taps.tap(time.monotonic())
        if (bpm := self._taps.bpm) is None:
            self._talk.say("class:said", f"tap: {self._taps.missing} more")
        else:
            self._command("tempo", f"tempo {bpm:g}", bpm=bpm)

    def _record(self) -> None:
        if self._desk.board.recording_s is not None or self._desk.board.engine.get("recording"):
            self._command("stop_recording")
        else:
            self._command("record", path=f"take-{datetime.now().astimezone():%Y%m%d-%H%M%S}.wav")

    # Seeing

    def _view(self, kind: str) -> Deed:
        def deed(event: KeyPressEvent, number: int) -> None:
            if self.face.name == "linear":
                self._talk.say("class:said", "Views are not shown in the mode for screen readers.")
                return
            self._desk.turn(kind)
            self.face.panel_changed()

        return deed

    def _document(self, buffer: Buffer) -> None:
        page = self._suggestions.page_at(buffer.document)
        if page is None:
            if self._desk.panel is not None and self._desk.panel.kind == "page":
                self._desk.panel = None
            else:
                self._talk.say("class:said", "Nothing is known of what stands here.")
        else:
            self._open("page", page.title, page.text(), page.examples)
        self.face.panel_changed()

    def _show_page(self, name: str) -> None:
        page = self._suggestions.page_named(name)
        if page is None:
            self._talk.say("class:error", f"Nothing is known of {name}.")
        elif self.face.name == "full":
            self._open("page", page.title, page.text(), page.examples)
            self.face.panel_changed()
        else:
            self._talk.say("class:value", "\n".join(_fitted(page.text(), self.face.columns)), is_answer=True)

    def _open(self, kind: str, title: str, text: str, examples: Sequence[str] = ()) -> None:
        if self.face.name == "linear":
            self._talk.say("class:value", text, is_answer=True)
            return
        lines = _fitted(clean(text), self.face.columns)
        self._desk.open_text(kind, title, lines, examples)
        panel = self._desk.panel
        if panel is not None and len(panel.lines) > self.face.view_rows():
            more = f"({self._options.keymap.words['scroll_down'].partition(',')[0]} shows the rest)"
            head = len(_fitted(clean(text).split("\n", 1)[0], self.face.columns))
            self._desk.panel = replace(panel, lines=(*panel.lines[:head], more, *panel.lines[head:]))

    def _insert_example(self, buffer: Buffer) -> None:
        panel = self._desk.panel
        if panel is None or not panel.examples:
            self._talk.say("class:said", "No page with examples is open; F1 opens one.")
            return
        example, *rest = panel.examples
        buffer.save_to_undo_stack()
        document, before = buffer.document, (rest or [example])[-1]
        text, place = with_example(document.text, document.cursor_position, example, before, panel.title)
        buffer.document = Document(text, place)
        self._desk.panel = replace(panel, examples=(*rest, example))

    def _show_keys(self) -> None:
        rows = table(self._options.keymap.words)
        width = max(len(words) for _, words, _ in rows)
        text = "\n".join(f"{words:<{width}}  {doc}" for _, words, doc in rows)
        self._open("keys", "keys", "Keys (each can be changed: marmalade config set keys.NAME KEY)\n" + text)
        self.face.panel_changed()

    def _scroll(self, by: int) -> None:
        if self._desk.panel is not None and not self._desk.panel.is_view:
            self._desk.panel = self._desk.panel.scrolled(by)
        else:
            self._desk.log_offset = min(max(0, self._desk.log_offset - by), max(0, len(self._desk.log) - 1))

    def _status(self) -> None:
        parts = status_line(self._desk.board, self._talk.now, 10_000)
        meters = "class:meter."
        self._talk.say("class:value", "".join(text for style, text in parts if not style.startswith(meters)).strip())

    def _search(self, text: str) -> None:
        found = self._history.search(text)
        if not found:
            self._talk.say("class:said", f"Nothing in the history has {text!r}.")
        for entry in found:
            when = entry.time.replace("T", " ")[:16]
            self._talk.say("class:said", f"{when}  {entry.jam}")
            self._talk.say("class:code", textwrap.indent(entry.code, "    "))


def _fitted(text: str, columns: int) -> list[str]:
    """The lines of a page, those that are too long gone on below, a little further in."""
    lines: list[str] = []
    for line in text.split("\n"):
        margin = " " * (len(line) - len(line.lstrip()) + 2)
        lines += textwrap.wrap(line, max(20, columns - 1), subsequent_indent=margin, replace_whitespace=False) or [""]
    return lines


def _empty(buffer: Buffer) -> None:
    """A fresh prompt; one types in it at once, with Vi's keys as well."""
    buffer.reset()
    get_app().vi_state.reset()


def _complete(buffer: Buffer) -> None:
    if buffer.complete_state is not None:
        buffer.complete_next()
    else:
        buffer.start_completion(insert_common_part=False)


async def _done(work: Awaitable[object]) -> None:
    await work
