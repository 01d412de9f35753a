"""A file that is open in an editor elsewhere: what changed in it when it is saved, statement by statement."""

import ast
import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Change", "WatchedFile", "changes", "statements"]

_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class Change:
    """A part of a file that is to be evaluated. `code` has empty lines before it, so that its lines have their numbers.

    Attributes:
        first, last: its lines, from 1.
    """

    code: str
    first: int
    last: int


def statements(text: str) -> list[Change] | None:
    """The top-level statements of a text, in order; None where it cannot be read as a whole."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = text.splitlines()
    found: list[Change] = []
    for node in tree.body:
        decorators = getattr(node, "decorator_list", [])
        first = min([node.lineno, *(each.lineno for each in decorators)])
        last = node.end_lineno or node.lineno
        if found and first <= found[-1].last:  # several on one line, by ;
            first = found.pop().first
        found.append(Change("\n" * (first - 1) + "\n".join(lines[first - 1 : last]), first, last))
    return found


def changes(before: str, after: str) -> list[Change]:
    """What of `after` is new or different, in order. All of it where it cannot be read: its mistake has to be shown."""
    new = statements(after)
    if new is None:
        return [Change(after, 1, after.count("\n") + 1)]
    old = statements(before) or []
    match = difflib.SequenceMatcher(None, _texts(old), _texts(new), autojunk=False)
    return [each for kind, _, _, begin, end in match.get_opcodes() if kind != "equal" for each in new[begin:end]]


def _texts(parts: Sequence[Change]) -> list[str]:
    return [part.code.lstrip("\n") for part in parts]


@dataclass(slots=True)
class WatchedFile:
    """Looks at a file when asked to. Editors that save by renaming another file over it are no difference.

    Attributes:
        good: the text whose changes are known: what is compared with.
        text: what was read last, with its mistakes.
    """

    path: Path
    good: str = ""
    text: str = ""
    _seen: tuple[int, int, int] | None = field(default=None)

    def look(self) -> list[Change]:
        """What has to be evaluated now; empty as long as the file has not changed, or cannot be read just now.

        Raises:
            ValueError: it is no UTF-8 text, or larger than 1 MiB; said once for each change.
        """
        try:
            found = self.path.stat()
            mark = (found.st_mtime_ns, found.st_size, found.st_ino)
            if mark == self._seen:
                return []
            if found.st_size > _LARGEST:
                self._seen = mark
                raise ValueError(f"{self.path.name} is larger than {_LARGEST} bytes.")
            data = self.path.read_bytes()
        except OSError:  # between two steps of a save
            return []
        self._seen = mark
        try:
            text = data.decode("utf-8").replace("\r\n", "\n")
        except UnicodeDecodeError:
            raise ValueError(f"{self.path.name} is not UTF-8 text. Save it as UTF-8.") from None
        self.text = text
        if text == self.good or (not text.strip() and self.good):
            return []  # empty: an editor that has just begun to write
        found_changes = changes(self.good, text)
        if statements(text) is not None:
            self.good = text
        return found_changes

    def failed(self, change: Change) -> None:
        """This part did not work: it is sent again with the next change."""
        lines = self.good.split("\n")
        lines[change.first - 1 : change.last] = [""] * (change.last - change.first + 1)
        self.good = "\n".join(lines)
