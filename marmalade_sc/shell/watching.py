"""The file that is evaluated whenever it is saved: looked at five times a second."""

import asyncio
from pathlib import Path
from typing import Final

from marmalade_sc.shell.talk import Talk
from marmalade_sc.shell.watch import Change, WatchedFile

__all__ = ["Watching"]

_LOOK_S: Final = 0.2


class Watching:
    """At most one file at a time."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._file: WatchedFile | None = None
        self._pauses = False

    @property
    def name(self) -> str:
        """The file that is watched; empty without one."""
        return self._file.path.name if self._file is not None and not self._pauses else ""

    def watch(self, path: Path) -> None:
        """Evaluate all of a file now, and what changes in it whenever it is saved."""
        self._file, self._pauses = WatchedFile(path.absolute()), False
        missing = "" if path.exists() else " It is not there yet."
        self._talk.say("class:said", f"{path.name} is evaluated whenever it is saved.{missing}")

    def pause(self) -> None:
        """Stop watching, or go on."""
        if self._file is None:
            self._talk.say("class:said", 'No file is watched; watch("set.py") begins.')
            return
        self._pauses = not self._pauses
        words = "is not watched any more" if self._pauses else "is watched again"
        self._talk.say("class:said", f"{self._file.path.name} {words}.")

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            if self._file is None or self._pauses:
                continue
            try:
                changes = self._file.look()
            except ValueError as error:
                self._talk.say("class:error", str(error))
                continue
            if changes:
                await self._evaluate(self._file, changes)

    async def _evaluate(self, file: WatchedFile, changes: list[Change]) -> None:
        for change in changes:
            if await self._talk.evaluate(change.code, file.path.name):
                lines = f"line {change.first}" if change.first == change.last else f"lines {change.first}-{change.last}"
                self._talk.say("class:said", f"{file.path.name} {lines}")
            else:
                file.failed(change)
