"""The files that are evaluated whenever they are saved: looked at five times a second."""

import asyncio
from pathlib import Path
from typing import Final

from marmalade_sc.shell.talk import Talk
from marmalade_sc.shell.watch import Change, WatchedFile

__all__ = ["Watching"]

_LOOK_S: Final = 0.2
_MOST: Final = 16


class Watching:
    """Up to 16 files, side by side."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk
        self._files: dict[Path, WatchedFile] = {}
        self._names: dict[Path, str] = {}
        self._told: dict[Path, str] = {}
        self._pauses = False

    @property
    def names(self) -> str:
        """The files that are watched, for people; empty without any."""
        return "" if self._pauses else ", ".join(self._names.values())

    def watch(self, path: Path) -> None:
        """Evaluate all of a file now, and what changes in it whenever it is saved."""
        whole = path.absolute()
        if whole not in self._files and len(self._files) >= _MOST:
            self._talk.say("class:error", f"{_MOST} files are watched already; {path.name} is not.")
            return
        is_other = any(each.name == whole.name for each in self._files if each != whole)
        self._names.setdefault(whole, f"{whole.parent.name}/{whole.name}" if is_other else whole.name)
        self._files[whole], self._pauses = WatchedFile(whole), False
        missing = "" if path.exists() else " It is not there yet."
        self._talk.say("class:said", f"{self._names[whole]} is evaluated whenever it is saved.{missing}")

    def pause(self) -> None:
        """Stop watching, or go on."""
        if not self._files:
            self._talk.say("class:said", 'No file is watched; watch("set.py") begins.')
            return
        names, verb = ", ".join(self._names.values()), "is" if len(self._files) == 1 else "are"
        self._pauses = not self._pauses
        words = f"{verb} not watched any more" if self._pauses else f"{verb} watched again"
        self._talk.say("class:said", f"{names} {words}.")

    async def run(self) -> None:
        """Look for ever."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for file in [] if self._pauses else [*self._files.values()]:
                try:
                    changes = file.look()
                except ValueError as error:
                    self._talk.say("class:error", str(error))
                    continue
                await self._tell(file)
                if changes:
                    await self._evaluate(file, changes)

    async def _tell(self, file: WatchedFile) -> None:
        """Say what the file looks like now: what plays on has moved in it."""
        if file.text != self._told.get(file.path, ""):
            self._told[file.path] = file.text
            await self._talk.quietly("saved", source=self._names[file.path], text=file.text)

    async def _evaluate(self, file: WatchedFile, changes: list[Change]) -> None:
        name = self._names[file.path]
        for change in changes:
            if await self._talk.evaluate(change.code, name):
                lines = f"line {change.first}" if change.first == change.last else f"lines {change.first}-{change.last}"
                self._talk.say("class:said", f"{name} {lines}")
            else:
                file.failed(change)
