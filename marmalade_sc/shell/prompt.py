"""The shell: one player, one performer, and the faces between which they change. A wiring."""

import asyncio
import contextlib
import gc
import signal
import time
import traceback
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.filters import Condition
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import (
    ConditionalKeyBindings,
    KeyBindings,
    KeyBindingsBase,
    KeyPressEvent,
    merge_key_bindings,
)
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.search import accept_search

from marmalade_sc.shell.bindings import action_keys
from marmalade_sc.shell.buffers import code_buffer, editing_keys, prompt_buffer
from marmalade_sc.shell.deeds import Deeds
from marmalade_sc.shell.desk import Desk
from marmalade_sc.shell.fullscreen import FullFace
from marmalade_sc.shell.history import JamHistory
from marmalade_sc.shell.lexer import warm
from marmalade_sc.shell.linear import LinearFace
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.plain import PlainFace
from marmalade_sc.shell.scratch import read_scratch, write_scratch
from marmalade_sc.shell.status import Styled
from marmalade_sc.shell.suggest import Suggestions
from marmalade_sc.shell.talk import Talk
from marmalade_sc.shell.themes import style_of
from marmalade_sc.shell.watching import Watching

__all__ = ["HUNG_UP", "LEFT", "Shell"]

LEFT: Final = "left"
HUNG_UP: Final = "hung up"

_TICK_S: Final = 0.1
_LEAST_S: Final = 0.05
"""Seconds between two looks at what moves: `_TICK_S` at most, `_LEAST_S` at least; between them when a light is due."""
_VIEW_TICK_S: Final[Mapping[str, float]] = {"steps": 0.15, "roll": 0.2, "scope": 0.15, "spectrum": 0.15}
"""The same while a view fills the screen: of 23 rows that all move, ten pictures a second are 2.5 % of a core."""
_ENGINE_S: Final = 60.0
_LOOK_S: Final = 0.02
"""How long the set of a start waits for the engine, and how often it looks: the prompt is there a second before, and
where all synthdefs are compiled on a busy machine eight."""
_SHARE: Final = 0.07
"""At most this share of the time goes into looking at what moves by itself, and drawing it; a large terminal is drawn
less often."""
_MOST_S: Final = 0.5
"""A single slow look (the first wave imports numpy) must not let the bar stand still for seconds."""
_SHOW_S: Final = 0.05
_MISSED: Final = 20
"""Lines said behind a view on the whole screen that the prompt shows when it is back."""
_UNDO: Final = 300
_UNDO_CHARACTERS: Final = 4_000_000
"""Steps of undo that a buffer keeps; each is a copy of all its text."""
_LOG_BYTES: Final = 1 << 20
_MOST_FAULTS: Final = 20
"""Mistakes of ours that are survived: a shell that can only fail must end."""

AnyFace = PlainFace | FullFace | LinearFace


class Shell:
    """One shell on a player. `run` it once."""

    def __init__(self, options: ShellOptions) -> None:
        self._options = options
        self._desk = Desk()
        self._suggestions = Suggestions(options)
        self._talk = Talk(self._desk, options, lambda: self._suggestions.read(self._talk.names))
        self._history = JamHistory(options.history, options.history_limit, lambda: self._desk.board.jam)
        self._watching = Watching(self._talk)
        self._deeds = Deeds(self._talk, options, self._history, self._suggestions, self._watching)
        self._scratch = read_scratch(options.scratch)
        suggests = options.suggest and not options.is_linear
        self._prompt = prompt_buffer(self._suggestions, suggests, self._history)
        self._code = code_buffer(self._suggestions, suggests, self._scratch)
        self._desk.marks.text(self._code.document.lines)
        self._code.on_text_changed += lambda buffer: self._desk.marks.text(buffer.document.lines)
        self._face: AnyFace | None = None
        self._result = ""
        self._visits = False  # a view on the whole screen stands before the prompt
        self._missed: deque[Styled] = deque(maxlen=_MISSED)
        self._shows_at = 0.0
        self._show_handle: asyncio.TimerHandle | None = None
        self._draw_s = 0.0
        self._faults = 0
        self._stumbles = 0
        self._signed: object = None

    async def run(
        self,
        first: str = "",
        starts: Mapping[str, str] | None = None,
        watch: Sequence[Path] = (),
        is_heard: Callable[[], bool] = lambda: True,
    ) -> str:
        """Until the performer leaves: `LEFT`; or until the terminal is gone: `HUNG_UP`.

        Args:
            first: what to say on opening.
            starts: blocks to evaluate as soon as they can be heard, by name.
            watch: files that are evaluated now and whenever they are saved.
            is_heard: whether what `starts` play would be heard already.

        Raises:
            PlayerError: no player answers at the start.
        """
        await self._talk.link.join()
        self._desk.said = self._show_soon
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._fault)
        for number in (signal.SIGHUP, signal.SIGTERM):
            loop.add_signal_handler(number, self._hang_up)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        beside = [asyncio.create_task(work) for work in (self._talk.link.keep(), self._tick(), self._watching.run())]
        try:
            if first:
                self._talk.say("class:landed", first)
            if starts:
                self._talk.start(self._begin(starts, is_heard))
            for path in watch:
                self._watching.watch(path)
            self._talk.start(_prepare())
            return await self._show_faces()
        finally:
            for task in beside:
                task.cancel()
            self._keep_scratch()
            await self._talk.close()
            for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    async def _begin(self, starts: Mapping[str, str], is_heard: Callable[[], bool]) -> None:
        """A set that a player is started with is heard from its first beat: it waits for the engine, not for ever."""
        loop = asyncio.get_running_loop()
        enough = loop.time() + _ENGINE_S
        while not is_heard() and loop.time() < enough:
            await asyncio.sleep(_LOOK_S)
        for name, code in starts.items():
            await self._talk.evaluate(code, name)

    # Faces

    async def _show_faces(self) -> str:
        terminal = create_input(), create_output()
        with terminal[0].raw_mode():  # between two faces as well: a Ctrl-C there must not end the shell
            return await self._change_faces(terminal)

    async def _change_faces(self, terminal: tuple[Input, Output]) -> str:
        name = "linear" if self._options.is_linear else self._options.mode
        while True:
            self._face = face = self._make_face(name, terminal)
            self._deeds.face = face
            self._desk.follows = name == "full"
            result = await self._run_face(face)
            if self._result == HUNG_UP or result == HUNG_UP:
                return HUNG_UP
            if result == "leave":
                return LEFT
            if self._visits and self._desk.panel is not None and self._desk.panel.is_whole:
                self._desk.panel = None
            if result == "again":
                continue
            self._visits = result == "whole"
            name = "full" if name == "plain" else "plain"
            self._keep_scratch()

    async def _run_face(self, face: AnyFace) -> str:
        """The result of the face's application; `HUNG_UP` when the terminal is gone."""
        if isinstance(face, LinearFace):
            face.begin()
        face.app.before_render += self._before_drawing
        face.app.after_render += self._after_drawing
        self._show_soon()
        try:
            return await face.app.run_async(handle_sigint=False, set_exception_handler=False)
        except EOFError:
            return HUNG_UP
        except OSError as error:  # the terminal is gone, in the middle of a drawing
            self._fault(asyncio.get_running_loop(), {"exception": error})
            return HUNG_UP
        except Exception as error:
            self._faults += 1
            if self._faults > _MOST_FAULTS:
                raise
            self._fault(asyncio.get_running_loop(), {"exception": error})
            return "again"
        finally:
            if isinstance(face, LinearFace):
                face.end()

    def _make_face(self, name: str, terminal: tuple[Input, Output]) -> AnyFace:
        options, desk = self._options, self._desk
        if name == "linear":
            output = terminal[1]

            def write(text: str) -> None:
                output.write_raw(text)
                output.flush()

            return LinearFace(self._prompt, options, self._keys(self._prompt, True), terminal[0], write)
        style = style_of(options.theme)
        if name == "plain":
            return PlainFace(desk, self._prompt, options, style, self._keys(self._prompt, True), terminal)
        keys = self._keys(self._code, False)
        return FullFace(desk, self._code, options, style, keys, terminal, self._title, self._visits)

    def _title(self) -> str:
        watched = f", watched: {self._watching.names}" if self._watching.names else ""
        keys = self._options.keymap.words["keys"].partition(",")[0]
        return f"{self._options.scratch.name}{watched}; {keys} shows the keys"

    def _keys(self, buffer: Buffer, accepts: bool) -> KeyBindingsBase:
        own = KeyBindings()

        @own.add("c-d")
        def _(event: KeyPressEvent) -> None:
            if event.app.layout.is_searching:
                accept_search()  # the line that was found is there, and nobody is thrown out
            elif event.current_buffer.text and event.current_buffer is buffer:
                event.current_buffer.delete(event.arg)
            elif self._desk.panel is not None and self._desk.panel.is_whole:  # what is typed stands behind it
                self._desk.panel = None
                self._deeds.face.panel_changed()
            else:
                self._deeds.face.leave("leave")

        @Condition
        def is_typing() -> bool:
            return self._face is not None and self._face.app.layout.has_focus(buffer)

        accept = (lambda: self._deeds.accept(buffer)) if accepts else None
        pairs = self._options.pairs and not self._options.is_linear  # a dumb terminal prints each change as a line
        editing = ConditionalKeyBindings(editing_keys(pairs, accept), is_typing)
        return merge_key_bindings([editing, own, action_keys(self._options.keymap, self._deeds.table())])

    # Showing

    def _show_soon(self) -> None:
        """Show what was said, at most twenty times a second."""
        if self._show_handle is None:
            loop = asyncio.get_running_loop()
            self._show_handle = loop.call_at(max(loop.time(), self._shows_at), self._show)

    def _show(self) -> None:
        self._show_handle = None
        loop = asyncio.get_running_loop()
        self._shows_at = loop.time() + _SHOW_S
        if self._face is None or not self._face.app.is_running:
            return  # the next face shows it
        lines = self._desk.take(time.monotonic())
        if self._visits:
            self._missed.extend(lines)
        else:
            lines = [*self._missed, *lines]
            self._missed.clear()
        with contextlib.suppress(OSError):
            self._face.show(lines)
        if self._desk.fold.is_waiting:
            self._show_handle = loop.call_later(_TICK_S, self._show)

    async def _tick(self) -> None:
        """Draw again when something on the screen has moved, and not more often than the terminal's size allows."""
        gc.freeze()  # what the start has made stays: nobody needs to look at it for garbage again and again
        while True:
            panel = self._desk.panel
            tick_s = _VIEW_TICK_S.get(panel.kind, _TICK_S) if panel is not None and panel.is_whole else _TICK_S
            await asyncio.sleep(pause_s(self._draw_s, self._desk.rests(self._talk.now), tick_s))
            face = self._face
            if face is None or not face.app.is_running or isinstance(face, LinearFace):
                continue
            try:
                await self._draw_moved(face)
            except Exception as error:  # a bar that stands still for the rest of the night would hardly be noticed
                self._stumbles += 1
                if self._stumbles <= _MOST_FAULTS:
                    self._fault(asyncio.get_running_loop(), {"exception": error})
                face.app.invalidate()

    async def _draw_moved(self, face: PlainFace | FullFace) -> None:
        """Look at everything once, and draw what has moved."""
        await self._talk.link.want(self._desk.hears)
        self._before_drawing()
        columns, before = face.columns, len(self._desk.look.view)
        moved = self._desk.refresh(self._talk.now, time.monotonic(), columns, (columns, face.view_rows()))
        is_other = len(self._desk.look.view) != before
        document = face.app.current_buffer.document
        if document is not self._signed:
            self._signed = document
            signature = self._suggestions.signature(document)
            is_other = is_other or signature != self._desk.signature
            self._desk.signature = signature
        if self._desk.printed.is_waiting:
            self._show_soon()
        for buffer in (self._prompt, self._code):
            kept = max(20, min(_UNDO, _UNDO_CHARACTERS // (len(buffer.text) + 1)))
            del buffer._undo_stack[:-kept]  # it would grow for as long as somebody types
        if is_other:
            face.app.invalidate()
        elif moved:
            with contextlib.suppress(OSError):  # the terminal is gone: the next drawing of all of it ends the face
                face.repaint(moved)
            self._after_drawing()

    def _before_drawing(self, app: Application[str] | None = None) -> None:
        self._drawing = time.perf_counter()

    def _after_drawing(self, app: Application[str] | None = None) -> None:
        self._draw_s = time.perf_counter() - self._drawing

    # The end

    def _interrupt(self) -> None:
        """SIGINT from elsewhere is the key."""
        if self._face is not None and self._face.app.is_running:
            self._deeds.interrupt(self._face.app.current_buffer)

    def _hang_up(self) -> None:
        self._result = HUNG_UP
        if self._face is not None and self._face.app.is_running and not self._face.app.is_done:
            with contextlib.suppress(OSError):
                self._face.app.exit(result=HUNG_UP)

    def _fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """A mistake of ours must neither end the shell nor write over the screen: it is said, and kept in the log."""
        error = context.get("exception")
        self._talk.say("class:error", f"This is a fault of the shell: {error or context.get('message')}")
        text = "".join(traceback.format_exception(error)) if isinstance(error, BaseException) else str(context)
        path = self._options.root / "logs" / "shell.log"
        with contextlib.suppress(OSError), path.open("a") as log:
            if log.tell() < _LOG_BYTES:
                log.write(f"{datetime.now().astimezone().isoformat()} {text}\n")

    def _keep_scratch(self) -> None:
        text = self._code.text
        try:
            aside = write_scratch(self._options.scratch, text, self._scratch, datetime.now().astimezone())
        except OSError as error:
            self._talk.say("class:error", f"{self._options.scratch} cannot be written: {error.strerror}")
            return
        self._scratch = text
        if aside is not None:
            self._talk.say("class:said", f"What somebody else had written there is in {aside.name} now.")


def pause_s(draw_s: float, rests_s: float, tick_s: float = _TICK_S) -> float:
    """Seconds to the next look at what moves.

    Args:
        draw_s: seconds that the last look took, with its drawing.
        rests_s: seconds in which neither a light nor the pulse changes.
        tick_s: seconds to the next look where nothing is due.
    """
    # What is due shortly after the next look is waited for: else it would take two, and come late.
    wait_s = rests_s if rests_s <= 1.5 * tick_s else tick_s
    return max(_LEAST_S, min(draw_s / _SHARE, _MOST_S), wait_s)


async def _prepare() -> None:
    """What is slow the first time is done while the prompt is read, and not when the first key is pressed."""
    await asyncio.sleep(_TICK_S)  # the prompt comes first
    await asyncio.to_thread(warm)
