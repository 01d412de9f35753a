"""History across sessions: a file with one JSON object per entry, with its time and jam; shells share it."""

import contextlib
import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from prompt_toolkit.history import History

__all__ = ["Entry", "JamHistory", "read_entries", "take_over"]

_LONGEST = 100_000
_TRIM_AT = 1.25
"""The file is written anew when it has so many times more entries than are kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was typed, when (UTC, ISO 8601) and in which jam."""

    code: str
    time: str
    jam: str

    def line(self) -> bytes:
        """The entry as a line of the file."""
        row = {"t": self.time, "jam": self.jam, "code": self.code}
        return json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"


def read_entries(path: Path) -> list[Entry]:
    """The entries of a file, oldest first. Lines that are broken are skipped; a file that is not there is empty."""
    try:
        data = path.read_bytes()
    except OSError:
        return []
    found = []
    for line in data.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            row = json.loads(line)
            if isinstance(row["code"], str):
                found.append(Entry(row["code"], str(row.get("t", "")), str(row.get("jam", ""))))
    return found


class JamHistory(History):
    """For prompt_toolkit. Each entry is appended by one write under a lock, so several shells may share the file.

    Args:
        path: the file; None keeps nothing beyond the session.
        limit: entries that are kept.
        jam: gives the jam at the moment.
        now: gives the time.
    """

    def __init__(
        self,
        path: Path | None,
        limit: int,
        jam: Callable[[], str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._path = path if limit > 0 else None
        self._limit = limit
        self._jam = jam
        self._now = now
        self._mine: list[Entry] = []
        self.error = ""

    def load_history_strings(self) -> Iterable[str]:
        """What was typed before, newest first, each text once in a row."""
        before = ""
        for entry in reversed(self._kept()):
            if entry.code != before:
                yield entry.code
            before = entry.code

    def store_string(self, string: str) -> None:
        """Keep one more. A file that cannot be written is no reason to stop: `error` says why."""
        entry = Entry(string[:_LONGEST], self._now().isoformat(timespec="seconds"), self._jam())
        if self._path is None:
            self._mine.append(entry)
            return
        try:
            with _locked(self._path) as file:
                file.write(entry.line())
        except OSError as error:
            self.error = f"The history {self._path} cannot be written: {error.strerror}"

    def search(self, text: str, count: int = 20) -> list[Entry]:
        """The newest entries with `text` in them, newest last; but for those that asked for a search themselves."""
        entries = read_entries(self._path) if self._path is not None else self._mine
        found = [entry for entry in entries if text.lower() in entry.code.lower()]
        return [entry for entry in found if not entry.code.lstrip().startswith("history(")][-count:]

    def _kept(self) -> list[Entry]:
        if self._path is None:
            return []
        entries = read_entries(self._path)
        if len(entries) > self._limit * _TRIM_AT:
            entries = self._trim()
        return entries[-self._limit :]

    def _trim(self) -> list[Entry]:
        assert self._path is not None
        try:
            with _locked(self._path):
                entries = read_entries(self._path)[-self._limit :]
                _replace(self._path, entries)
        except OSError:
            return read_entries(self._path)
        return entries


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[IO[bytes]]:
    """The file, open for appending and ours alone, also where another shell has just put a new one in its place."""
    while True:
        with path.open("ab", buffering=0) as file:
            os.fchmod(file.fileno(), 0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    yield file
                    return


def _replace(path: Path, entries: Iterable[Entry]) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with fresh.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.writelines(entry.line() for entry in entries)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def take_over(old: Path, new: Path) -> int:
    """Bring the history of older versions (`history.txt`) into the new file, once; how many entries it had.

    The old file is kept beside it as `history.txt.old`.
    """
    if new.exists() or not old.exists():
        return 0
    try:
        entries = list(_old_entries(old.read_text(encoding="utf-8", errors="replace")))
        _replace(new, entries)
        old.rename(old.with_name(old.name + ".old"))
    except OSError:
        return 0
    return len(entries)


def _old_entries(text: str) -> Iterator[Entry]:
    time, lines = "", list[str]()
    for line in [*text.split("\n"), "# "]:
        if line.startswith("+"):
            lines.append(line[1:])
        elif line.startswith("#"):
            if lines:
                yield Entry("\n".join(lines), time, "")
            time, lines = line[2:].strip().replace(" ", "T"), []
