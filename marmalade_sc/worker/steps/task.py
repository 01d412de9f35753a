"""What a step has: its input, a folder of its own, the files it is given, and a way to say how far it is."""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from marmalade_sc.errors import JobError
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["Task"]

_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Task:
    """See the module.

    Attributes:
        folder: empty at first; goes afterwards.
        say: called with a share from 0 to 1.
    """

    input: Mapping[str, object]
    folder: Path
    around: Surroundings
    say: Callable[[float], None] = lambda share: None

    def text(self, name: str) -> str:
        """A field that is text. Raises JobError."""
        value = self.input.get(name)
        if not isinstance(value, str):
            raise JobError(f"A step's input has no text {name}")
        return value

    def integer(self, name: str, low: int, high: int) -> int:
        """A field that is a whole number in a range. Raises JobError."""
        value = self.input.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise JobError(f"A step's input has {name} = {value!r:.40}, which is no number from {low} to {high}")
        return value

    def rows(self, name: str, most: int) -> list[Mapping[str, object]]:
        """A field that is a list of objects. Raises JobError."""
        value = self.input.get(name, [])
        if not isinstance(value, list) or len(value) > most or not all(isinstance(row, dict) for row in value):
            raise JobError(f"A step's input has {name} that are no list of at most {most} objects")
        return value

    @property
    def options(self) -> Mapping[str, object]:
        """What was asked for. Raises JobError."""
        value = self.input.get("options")
        if not isinstance(value, dict):
            raise JobError("A step's input has no options")
        return value

    def file(self, value: object) -> Path:
        """Where a file of the input lies: an object with a `path`, which the worker has filled in. Raises JobError."""
        path = value.get("path") if isinstance(value, dict) else None
        if not isinstance(path, str):
            raise JobError("A step's input lacks a file")
        return Path(path)

    def lay_out(self, name: object, value: object) -> None:
        """Show a file of the input under a name in the folder. Raises JobError for a name that leads elsewhere."""
        parts = Path(str(name)).parts
        if not isinstance(name, str) or len(name) > _LONGEST_NAME or not parts or ".." in parts or parts[0] == "/":
            raise JobError(f"{name!r:.80} names no file of a step")
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            target.symlink_to(self.file(value))
