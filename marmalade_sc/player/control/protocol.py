"""The control protocol: one table of commands, each with its kind and fields, and a client's end of the socket.

JSON lines on a Unix socket, at most 1 MiB each. A client sends `{"id": 1, "do": "evaluate", "code": "..."}` and gets
an object with the same id; what it subscribed to comes as objects with `event`. docs/control.md is the reference.
"""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import PlayerError

__all__ = [
    "COMMANDS",
    "LONGEST_LINE",
    "VERSION",
    "Client",
    "Command",
    "bar_words",
    "check_command",
    "landing_words",
    "request",
]

VERSION: Final = 1
LONGEST_LINE: Final = 1 << 20

Message = dict[str, object]


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the protocol.

    Attributes:
        kind: "look" only tells, "play" changes what is heard or kept. Every client that is let in may do both.
        fields: required fields and their types.
        doc: one line for the reference.
        by: the process that answers: "peers", "generators", or "" for the hub, which asks whom it must.
        in_code: whether evaluated code may ask for it.
    """

    kind: str
    fields: Mapping[str, type | tuple[type, ...]]
    doc: str
    by: str = ""
    in_code: bool = False


_NUMBER = (int, float)
_WORDS: Final[Mapping[object, str]] = MappingProxyType(
    {
        str: "a text",
        int: "a whole number",
        _NUMBER: "a number",
        list: "a list",
        dict: "an object",
        (int, float, str): "a number or a text",
    }
)
"""Types of fields, as errors name them."""

COMMANDS: Final[Mapping[str, Command]] = MappingProxyType(
    {
        "status": Command("look", {}, "The player's state: jam, timeline, engine, processes."),
        "subscribe": Command("look", {"to": list}, "Send events from now on: see below."),
        "tracks": Command("look", {}, "What each track does: whether it plays, and its mix."),
        "names": Command("look", {}, "What can be named: tracks, what code has bound, scenes, sets."),
        "evaluate": Command("play", {"code": str}, "Evaluate a block; answers when it has landed or failed."),
        "saved": Command(
            "play", {"source": str, "text": str}, "Say what a file looks like now, so that `steps` tell its lines."
        ),
        "interrupt": Command("play", {}, "Kill the evaluation that runs; the music goes on."),
        "hush": Command("play", {}, "Silence `track`, or all, within 20 ms.", in_code=True),
        "panic": Command("play", {}, "Silence everything at once, whatever else hangs.", in_code=True),
        "tempo": Command("play", {"bpm": _NUMBER}, "Another tempo, from the next bar on."),
        "nudge": Command("play", {"seconds": _NUMBER}, "Play everything so much later."),
        "pause": Command("play", {}, "Let musical time stand still."),
        "play": Command("play", {}, "Let musical time go on."),
        "mute": Command("play", {"track": str}, "Mute a track.", in_code=True),
        "unmute": Command("play", {"track": str}, "Unmute a track.", in_code=True),
        "solo": Command("play", {"track": str}, "Hear only this track.", in_code=True),
        "unsolo": Command("play", {"track": str}, "End the solo of a track.", in_code=True),
        "undo": Command("play", {}, "Take back the latest change of `track`, or of all, from the next bar on."),
        "redo": Command("play", {}, "Do again what was taken back."),
        "back": Command("play", {"steps": int}, "Take back the latest `steps` changes."),
        "scene": Command("play", {"name": str}, "Recall a scene at the next bar."),
        "save_scene": Command("play", {"name": str}, "Keep what each track plays, with its mix, as a scene."),
        "drop_scene": Command("play", {"name": str}, "Forget a scene."),
        "next_scene": Command("play", {}, "Recall the scene behind the latest, round."),
        "previous_scene": Command("play", {}, "Recall the scene before the latest, round."),
        "save_set": Command("play", {"name": str}, "Write what plays to `sets/<name>.py`.", in_code=True),
        "pack_track": Command(
            "play", {"track": str, "name": str}, "Pack what a track plays as a generator, signed.", in_code=True
        ),
        "load_set": Command("play", {"name": str}, "Evaluate `sets/<name>.py`.", in_code=True),
        "restore": Command("play", {}, "Bring back what played when the last session ended.", in_code=True),
        "config": Command("play", {}, "Show the settings, or one (`key`), or change it to `value`.", in_code=True),
        "record": Command("play", {"path": str}, "Record what is heard to a file.", in_code=True),
        "stop_recording": Command("play", {}, "End the recording.", in_code=True),
        "complete": Command("look", {"code": str, "position": _NUMBER}, "What may be written there, best first."),
        "document": Command("look", {}, "Documentation at `position` in `code`, or of `name`."),
        "jam": Command(
            "play", {"jam": str}, "Move to another jam; it is made where it is not there yet.", in_code=True
        ),
        "generators": Command(
            "look", {}, "The generators that this player has, and whether they may run.", by="generators"
        ),
        "instances": Command("look", {}, "Instances of generators that run, or have ended lately.", by="generators"),
        "instance": Command(
            "look", {"name": str}, "The last output of an instance, and what was refused to it.", by="generators"
        ),
        "regrant": Command(
            "play", {}, "Look again at what instances may write beside their own; the answer says it.", by="generators"
        ),
        "run": Command(
            "play", {"generator": str}, "Run a generator, once for each `instance`.", by="generators", in_code=True
        ),
        "stop": Command(
            "play",
            {},
            "Tell instances called `name`, or all, to end, with `bars` to finish.",
            by="generators",
            in_code=True,
        ),
        "control": Command(
            "play",
            {"name": str, "controls": dict},
            "Set controls of instances while they run.",
            by="generators",
            in_code=True,
        ),
        "reload": Command(
            "play", {"name": str}, "Let the newest version take the place of what plays, at a bar.", by="generators"
        ),
        "tags": Command(
            "look", {}, "All tags that are set: value, who set it, when, its type, unit and meaning.", in_code=True
        ),
        "history": Command("look", {"name": str}, "What a tag, or a key of the state, was over time.", in_code=True),
        "denials": Command(
            "look", {}, "What was refused to instances: all, or those that `name` is a part of.", in_code=True
        ),
        "credits": Command("look", {}, "Who made what is to be heard now.", in_code=True),
        "schedule": Command("look", {}, "The schedule, drawn, and where this player is in it.", in_code=True),
        "set_schedule": Command(
            "play", {"text": str}, "Another schedule; with `edit` some of its contexts.", in_code=True
        ),
        "players": Command(
            "look",
            {},
            "The players of the jam: where they are, how they are trusted, their clocks.",
            by="peers",
            in_code=True,
        ),
        "pending": Command("look", {}, "Requests of players that wait for your word.", by="peers", in_code=True),
        "invite": Command("play", {}, "A text with which others join this jam.", by="peers"),
        "share": Command(
            "play", {"generator": str}, "Play a generator here and at all players of the jam.", by="peers"
        ),
        "share_stop": Command("play", {"name": str}, "End a shared instance everywhere.", by="peers", in_code=True),
        "share_control": Command("play", {"name": str, "controls": dict}, "Set its controls everywhere.", by="peers"),
        "share_mix": Command(
            "play",
            {},
            "Set the `gain` and `pan` of a shared `track` everywhere, or show all.",
            by="peers",
            in_code=True,
        ),
        "asset": Command(
            "play", {"name": str, "path": str}, "Give a sound file a name for all players.", by="peers", in_code=True
        ),
        "assets": Command("look", {}, "Names of sounds that all players have.", by="peers", in_code=True),
        "vote": Command(
            "play", {"question": str, "choice": (int, float, str)}, "Vote with all players.", by="peers", in_code=True
        ),
        "votes": Command("look", {}, "What is voted about.", by="peers", in_code=True),
        "invites": Command("look", {}, "Invites that were given for a time or for one player.", by="peers"),
        "revoke": Command("play", {"invite": str}, "Let an invite open no door any more.", by="peers"),
        "nickname": Command("play", {"player": str, "nickname": str}, "Call a player so, here only.", by="peers"),
        "trust": Command(
            "play", {"player": str, "level": str}, "Say how far a player is trusted.", by="peers", in_code=True
        ),
        "chat": Command("play", {"text": str}, "Say something to all players of the jam.", by="peers", in_code=True),
        "chats": Command("look", {}, "What was said lately.", by="peers", in_code=True),
        "pause_all": Command(
            "play", {}, "Let musical time stand still at all players, from a bar on.", by="peers", in_code=True
        ),
        "play_all": Command("play", {}, "Let it go on at all players.", by="peers", in_code=True),
        "deny": Command("play", {"number": int}, "Drop a request that waits.", by="peers"),
        "shutdown": Command("play", {}, "End the player."),
    }
)


def check_command(message: Mapping[str, object]) -> Command:
    """The command that a message asks for.

    Raises:
        PlayerError: it is not in the table, or a field is missing or of a wrong type.
    """
    name = message.get("do")
    command = COMMANDS.get(name) if isinstance(name, str) else None
    if command is None:
        raise PlayerError(f"There is no command {name!r:.40}. There are: {', '.join(COMMANDS)}.")
    for field, kind in command.fields.items():
        value = message.get(field)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise PlayerError(f"The command {name} needs the field {field!r}, {_WORDS[kind]}.")
    return command


class Client:
    """A client's end, for programs with an event loop."""

    def __init__(self, heard: Callable[[Message], None]) -> None:
        self._heard = heard
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._count = 0
        self._writer: asyncio.StreamWriter | None = None
        self._task: asyncio.Task[None] | None = None
        self.closed = asyncio.Event()

    async def connect(self, path: Path) -> Message:
        """Open the connection; returns the server's hello.

        Raises:
            PlayerError: nothing listens, or it speaks another version.
        """
        try:
            reader, self._writer = await asyncio.open_unix_connection(os.fspath(path), limit=4 * LONGEST_LINE)
            hello: Message = json.loads(await asyncio.wait_for(reader.readline(), 5.0))
        except (OSError, ValueError, TimeoutError) as error:
            raise PlayerError(f"No player answers at {path}. Start one with `marmalade`.") from error
        if hello.get("version") != VERSION:
            raise PlayerError(f"The player speaks version {hello.get('version')} of the protocol, this is {VERSION}.")
        self._task = asyncio.create_task(self._read(reader))
        return hello

    async def ask(self, do: str, /, *, timeout_s: float | None = 10.0, **fields: object) -> Message:
        """Send a command and wait for its answer.

        Raises:
            PlayerError: the player is gone or does not answer in time.
        """
        if self._writer is None or self.closed.is_set():
            raise PlayerError("The player is gone. Start it again with `marmalade`.")
        self._count += 1
        number = self._count
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = future
        self._writer.write(json.dumps({"id": number, "do": do, **fields}).encode() + b"\n")
        try:
            return await asyncio.wait_for(future, timeout_s)
        except TimeoutError:
            raise PlayerError(f"The player did not answer {do!r} in time.") from None
        finally:
            self._answers.pop(number, None)

    async def close(self) -> None:
        """Close the connection. Idempotent."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._writer is not None:
            self._writer.close()
        self.closed.set()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while line := await reader.readline():
                message = json.loads(line)
                future = self._answers.get(message["id"]) if message.get("id") is not None else None
                if future is not None and not future.done():
                    future.set_result(message)
                elif "event" in message:
                    self._heard(message)
        except (OSError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            self.closed.set()
            for future in self._answers.values():
                if not future.done():
                    future.set_exception(PlayerError("The player is gone. Start it again with `marmalade`."))


def request(
    path: Path,
    do: str,
    /,
    *,
    timeout_s: float = 60.0,
    printed: Callable[[str], object] | None = None,
    **fields: object,
) -> Message:
    """One command over a connection of its own, for programs without an event loop. Blocks.

    Args:
        path: the control socket.
        do: the command, with its `fields`.
        timeout_s: how long nothing may come.
        printed: called with what code of the session prints until the answer is there.

    Raises:
        PlayerError: no player answers.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout_s)
            connection.connect(os.fspath(path))
            stream = connection.makefile("rwb")
            stream.readline()
            if printed is not None:
                stream.write(json.dumps({"id": 0, "do": "subscribe", "to": ["output"]}).encode() + b"\n")
            stream.write(json.dumps({"id": 1, "do": do, **fields}).encode() + b"\n")
            stream.flush()
            while line := stream.readline():
                message: Message = json.loads(line)
                if message.get("id") == 1:
                    return message
                if printed is not None and message.get("event") == "output":
                    printed(str(message.get("text", "")))
    except TimeoutError as error:
        raise PlayerError(f"The player did not answer {do!r} within {timeout_s:g} s.") from error
    except (OSError, ValueError) as error:
        raise PlayerError(f"No player answers at {path}. Start one with `marmalade`.") from error
    raise PlayerError("The player closed the connection.")


def landing_words(landing: object) -> str:
    """When something takes effect, in words: `d1 at bar 17`."""
    if not isinstance(landing, Mapping):
        return ""
    return f"{landing.get('what')} at bar {bar_words(landing.get('cycle'))}"


def bar_words(cycle: object) -> str:
    """A cycle, written "n/d", as a number of bars with at most two digits behind the point."""
    try:
        numerator, _, denominator = str(cycle).partition("/")
        value = int(numerator) / int(denominator or 1)
    except (ValueError, ZeroDivisionError):
        return "?"
    return f"{value:g}" if value == int(value) else f"{max(0.0, value):.2f}"
