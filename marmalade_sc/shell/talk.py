"""What the shell and the player say to each other: blocks and commands there, answers and events back."""

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Final

from marmalade_sc.clock.timetag import nanoseconds_to_units
from marmalade_sc.errors import PlayerError, Where
from marmalade_sc.player.control.protocol import COMMANDS, Message, bar_words, landing_words
from marmalade_sc.shell.desk import Desk
from marmalade_sc.shell.link import PlayerLink
from marmalade_sc.shell.options import ShellOptions

__all__ = ["Talk", "error_lines", "silent_words"]

_TRACKS_S: Final = 0.05
"""Questions for the tracks are this far apart: one landing of fifty tracks is one question."""


class Talk:
    """See the module.

    Args:
        changed: called when names may have changed.
    """

    def __init__(self, desk: Desk, options: ShellOptions, changed: Callable[[], None] = lambda: None) -> None:
        self.desk = desk
        self.link = PlayerLink(options.control, self._heard, self._joined)
        self.names: Mapping[str, object] = {}
        self.changed = changed
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self._asks_tracks = False
        self._said_silent = False
        self._jam = ""

    @property
    def now(self) -> int:
        """Jam time."""
        return nanoseconds_to_units(time.monotonic_ns()) + self.desk.board.origin

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Do something without waiting for it."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End what runs and let the player go."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.link.close()

    def say(self, style: str, text: str, is_answer: bool = False) -> None:
        """Show a text; an answer without folding it."""
        self.desk.say(style, text, time.monotonic(), is_answer)

    # To the player

    def new_source(self) -> str:
        """A name for the next block that no other shell has."""
        self._count += 1
        return f"block {self._count}.{os.getpid()}"

    async def evaluate(
        self, code: str, source: str = "", place: Callable[[int], int | None] | None = None, is_own: bool = False
    ) -> bool:
        """Send a block and show what comes of it; whether it worked.

        Args:
            source: its name; without one it gets one of its own.
            place: gives the line on the screen (from 1) for a line of the block, or None.
            is_own: the name is from `new_source`.
        """
        board = self.desk.board
        board.evaluating += 1
        name = source or self.new_source()
        try:
            answer = await self.link.ask("evaluate", code=code, source=name, timeout_s=None)
        except PlayerError as error:
            self.say("class:error", error.message)
            return False
        finally:
            board.evaluating -= 1
        self.desk.fold.part()
        failure = answer.get("error")
        if isinstance(failure, Mapping):
            for style, text in error_lines(failure, name, is_own or not source, place):
                self.say(style, text)
            return False
        if answer.get("value"):
            self.say("class:value", str(answer["value"]), is_answer=True)
        self._landed(answer)
        self.start(self._read_names())
        return True

    async def command(self, do: str, words: str = "", /, **fields: object) -> Message | None:
        """Send a command; its answer, or None where it failed, which is said.

        Args:
            words: what to say when it worked.
        """
        try:
            answer = await self.link.ask(do, timeout_s=10.0, **fields)
        except PlayerError as error:
            self.say("class:error", error.message)
            return None
        failure = answer.get("error")
        if isinstance(failure, Mapping):
            known = do in COMMANDS
            self.say("class:error", str(failure.get("message")) if known else f"This player cannot do {do!r} yet.")
            return None
        self.desk.fold.part()
        if words:
            self.say("class:landed", words)
        else:
            self._landed(answer)
        self.read_tracks()
        return answer

    def _landed(self, answer: Message) -> None:
        landings = answer.get("landings")
        if isinstance(landings, list) and landings:
            self.say("class:landed", ", ".join(landing_words(each) for each in landings))

    def read_tracks(self) -> None:
        """Ask for the tracks, soon."""
        if not self._asks_tracks:
            self._asks_tracks = True
            self.start(self._read_tracks())

    async def _read_tracks(self) -> None:
        await asyncio.sleep(_TRACKS_S)
        self._asks_tracks = False
        answer = await self.quietly("tracks")
        tracks = answer.get("tracks")
        if isinstance(tracks, dict):
            self.desk.board.tracks = tracks

    async def _read_names(self) -> None:
        answer = await self.quietly("names")
        if answer and not answer.get("error"):
            self.names = answer
        elif answer:
            self.names = {"tracks": self.desk.board.track_names()}
        self.changed()

    async def quietly(self, do: str, /, **fields: object) -> Message:
        """Send a command that nobody has asked for; its answer, empty where there is none."""
        try:
            return await self.link.ask(do, timeout_s=10.0, **fields)
        except PlayerError:
            return {}

    # From the player

    def _joined(self, hello: Message | None) -> None:
        board = self.desk.board
        board.is_gone = hello is None
        if hello is None:
            self.desk.lights.clear()
            return
        board.jam = str(hello.get("jam", ""))
        if self._jam and self._jam != board.jam:
            self.say("class:landed", f"now in the jam {board.jam}; restore() brings back what played in it")
        self._jam = board.jam
        board.timeline = None
        self.start(self._read_all())

    async def _read_all(self) -> None:
        self.desk.board.hear(await self.quietly("status"))
        self._say_silent()
        self.read_tracks()
        await self._read_names()

    def _heard(self, event: Message) -> None:
        kind = event.get("event")
        now_s = time.monotonic()
        if kind in ("status", "levels", "scope"):
            hosted = self.desk.board.hosted
            self.desk.board.hear(event)
            if self.desk.board.hosted != hosted:
                self.read_tracks()
            if kind == "status":
                self._say_silent()
        elif kind == "steps":
            self.desk.lights.hear(event.get("steps"), self.desk.marks.sources)
            if self.desk.panel is not None and self.desk.panel.is_view:
                self.desk.board.hear(event)
        elif kind == "output":
            self.desk.print_piece(str(event.get("text", "")), now_s)
        elif kind == "complaint":
            self.say("class:error", str(event.get("text")))
        elif kind == "landed":  # whoever sent it
            self.read_tracks()
        elif kind == "reloaded":
            names = event.get("names")
            listed = ", ".join(map(str, names)) if isinstance(names, list) else ""
            self.say("class:landed", f"{listed} from bar {bar_words(event.get('cycle'))}")
            self.changed()
        elif kind == "news":
            self._news(event)

    def _news(self, event: Message) -> None:
        if event.get("kind") == "say":
            self.say("class:said", str(event.get("text")))
        elif event.get("kind") == "chat":
            self.say("class:value", f"{event.get('from')}: {event.get('text')}")
        elif event.get("kind") in ("recording", "recorded"):
            self.say("class:said", f"{event.get('kind')} {event.get('path')}")

    def _say_silent(self) -> None:
        engine = self.desk.board.engine
        if not engine or self._said_silent:
            return
        self._said_silent = True
        if words := silent_words(engine):
            self.say("class:error", words)


def silent_words(engine: Mapping[str, object]) -> str:
    """What to say of an engine that nobody can hear; "" of one that somebody can."""
    if engine.get("audible", True):
        return ""
    return (
        f"Nobody can hear this: the driver is {engine.get('driver', 'dummy')} ({engine.get('why', '')}). "
        "`marmalade doctor` says what there is; `marmalade config set audio.driver NAME` chooses."
    )


def error_lines(
    failure: Mapping[str, object], source: str, is_own: bool, place: Callable[[int], int | None] | None = None
) -> list[tuple[str, str]]:
    """An error as (style, text), with the place where the performer sees it.

    Args:
        source: name of the block that was sent; `is_own`: we made it up, so it says nothing to anybody.
        place: see `Talk.evaluate`.
    """
    where = failure.get("where")
    parts = [str(failure.get("message", ""))]
    if isinstance(where, Mapping):
        line, column = _whole(where.get("line")), _whole(where.get("column"))
        shown = line
        named = f"{where.get('source')}, "
        if where.get("source") == source and is_own:
            named = ""
            shown = (place(line) if place is not None else None) or line
        elif str(where.get("source")).startswith("block ") and "." in str(where.get("source")):
            named = "an earlier block, "
        parts.append(f"{named}line {shown}, column {column}:")
        text = str(where.get("text", ""))
        if text:
            parts.append(Where("", line, column, text, _whole(where.get("length"))).caret())
    if failure.get("hint"):
        parts.append(str(failure["hint"]))
    found = [("class:error", "\n".join(parts))]
    if failure.get("traceback"):
        found.append(("class:said", str(failure["traceback"])))
    return found


def _whole(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 1
