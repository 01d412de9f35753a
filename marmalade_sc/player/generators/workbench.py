"""A generator that its author works on: read, built, looked at, packed, and let into the jam when all is well."""

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from marmalade_sc.errors import GeneratorError, MarmaladeError, PlayerError
from marmalade_sc.generators.archive import Tree, read_folder
from marmalade_sc.generators.shelf import Shelf, manifest_of
from marmalade_sc.generators.sounds import sounds_of
from marmalade_sc.generators.sources import build_sources
from marmalade_sc.identity.keys import Identity

__all__ = ["Workbench", "looked_at", "read_work"]

_BUSY: Final = "just now"
_GONE: Final = "There is no instance"


def read_work(folder: Path) -> Tree:
    """The files of a folder that is one's own, with its synthdefs compiled; looked at as `looked_at` does it.

    Raises:
        MarmaladeError: something of it cannot be; says what and where.
    """
    build_sources(folder)
    tree = read_folder(folder)
    looked_at(tree, folder.resolve().name)
    return tree


def looked_at(tree: Tree, name: str) -> None:
    """Raise where something cannot be, without running anything: manifest, program, Python's syntax, sounds.

    Raises:
        MarmaladeError: says what, and where.
    """
    manifest_of(tree, name)
    program = tree.entry_point
    if not tree.files[program].data.strip():
        raise GeneratorError(f"{program} is empty", hint="Its first line says what runs it: #!/usr/bin/env python3")
    sounds_of(tree)
    for path, file in tree.files.items():
        is_python = path.endswith(".py") or (path == program and b"python" in file.data.split(b"\n", 1)[0])
        if is_python:
            _check_syntax(path, file.data)


def _check_syntax(path: str, data: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(data, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise GeneratorError(f"{path}, line {error.lineno or 1}: {type(error).__name__}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise GeneratorError(f"{path} is no Python: {error}") from None


@dataclass(slots=True)
class Workbench:
    """One generator in a folder, and the instance of it that plays.

    Args:
        ask: of the player that runs: a command with its fields.
        track, controls: of the instance, where it is begun here.
    """

    folder: Path
    shelf: Shelf
    identity: Identity
    ask: Callable[..., Mapping[str, Any]]
    track: str = ""
    controls: Mapping[str, float | str] | None = None
    instance: str = ""
    _sha256: str = ""
    _good: Tree | None = None
    _lines: tuple[str, ...] = ()

    def save(self) -> str:
        """Let the folder, as it is now, be what plays; a sentence that says what came of it, empty where nothing did.

        Raises:
            MarmaladeError: it cannot play; what played before plays on.
        """
        tree = read_work(self.folder)
        if tree.sha256 == self._sha256:
            return ""
        name = self.folder.resolve().name
        packed = self.shelf.add(tree, self.identity, name)
        try:
            said = self._reload() if self.instance else self._run(str(packed.id))
        except GeneratorError:
            if self._good is not None:  # what is run by its name is what plays
                self.shelf.add(self._good, self.identity, name)
            raise
        self._sha256, self._good = tree.sha256, tree
        return said

    @staticmethod
    def is_busy(error: PlayerError) -> bool:
        """Whether it will do in a moment: another version is about to take its place."""
        return _BUSY in error.message

    def output(self) -> list[str]:
        """What the instance has printed and was refused since this was asked last."""
        if not self.instance:
            return []
        answer = self.ask("instance", name=self.instance)
        lines = tuple(str(each) for each in answer.get("lines", ()))
        lines += tuple(f"refused: {each}" for each in answer.get("denials", ()))
        before, self._lines = self._lines, lines
        for count in range(min(len(before), len(lines)), 0, -1):
            if before[-count:] == lines[:count]:
                return list(lines[count:])
        return list(lines)

    def _run(self, generator: str) -> str:
        here = self.ask("instances").get("instances", ())
        running = [row for row in here if row.get("generator") == generator and row.get("state") == "playing"]
        if running:
            self.instance = str(running[-1]["path"])
            return self._reload()
        answer = self._answer("run", generator=generator, track=self.track, controls=dict(self.controls or {}))
        self.instance = str(answer["instance"])
        return f"plays as {self.instance} into {answer.get('track')}"

    def _reload(self) -> str:
        try:
            (changed,) = self._answer("reload", name=self.instance)["changed"]
        except MarmaladeError as error:
            if error.message.startswith(_GONE):  # it has ended meanwhile
                generator, self.instance = self.instance.rpartition(":")[0], ""
                return self._run(generator)
            raise
        if changed["changed"] == "sounds":
            return "its sounds are changed"
        if changed["changed"] == "program":
            return f"another version plays from bar {changed['bar']} on"
        return "plays already"

    def _answer(self, do: str, **fields: Any) -> Mapping[str, Any]:
        answer = self.ask(do, **fields)
        error = answer.get("error")
        if isinstance(error, dict):
            text = str(error.get("text"))
            raise (PlayerError if _BUSY in text else GeneratorError)(text)
        return answer
