"""A process's socket for the hub: commands in, answers and events out, a JSON object on each line."""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from marmalade_sc.errors import MarmaladeError, UsageError
from marmalade_sc.live.mistakes import error_message
from marmalade_sc.player.control.connection import failure
from marmalade_sc.player.control.protocol import LONGEST_LINE, Message

__all__ = ["Backdoor"]


class Backdoor:
    """See the module.

    Args:
        do: what a command asks for; may raise MarmaladeError, and KeyError, TypeError or ValueError for a wrong field.
        changed: called when a hub has come, and behind each command: tell it what it should know.
    """

    def __init__(self, do: Callable[[Message], Awaitable[Message]], changed: Callable[[], None] = lambda: None) -> None:
        self._do = do
        self._changed = changed
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, path: Path) -> asyncio.Server:
        """Listen at `path`, for nobody but us."""
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._serve, os.fspath(path), limit=LONGEST_LINE)
        path.chmod(0o600)
        return server

    def tell(self, event: Message) -> None:
        """An event to the hub."""
        for writer in list(self._writers):
            with contextlib.suppress(OSError, RuntimeError):
                writer.write(json.dumps(event).encode() + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self._changed()
        running: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                task = asyncio.create_task(self._answer(json.loads(line), writer))
                running.add(task)
                task.add_done_callback(running.discard)
        except (OSError, ValueError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, message: Message, writer: asyncio.StreamWriter) -> None:
        try:
            answer = await self._do(message)
        except UsageError as error:
            answer = {"ok": False, "error": error_message(error)}
        except MarmaladeError as error:
            answer = failure(error.message, error.code)
        except (KeyError, TypeError, ValueError) as error:
            answer = failure(f"A command has a wrong field: {error}")
        except OSError as error:  # a file that cannot be read, or opened: whoever asks must not wait for ever
            answer = failure(f"That cannot be done now: {error.strerror or error}")
        self._changed()
        if message.get("id") is not None:
            with contextlib.suppress(OSError, RuntimeError):
                writer.write(json.dumps({**answer, "id": message.get("id")}).encode() + b"\n")
