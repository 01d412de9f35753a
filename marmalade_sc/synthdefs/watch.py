"""Which files of some folders were saved: inotify to wake up, comparing what is there to be sure.

Editors save in many ways: truncate and write, write aside and rename over, rename away and write anew. `Settling`
waits until a file is quiet; whether its text is new is for the caller to see.
"""

import contextlib
import ctypes
import ctypes.util
import os
import select
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

__all__ = ["Inotify", "Polling", "Settling", "Stamp", "Waker", "changed", "is_source", "snapshot"]

#: What tells one state of a file from another: when written, how long, which file.
Stamp = tuple[int, int, int]

#: A file is read when nothing happened to it for this long: editors write within a few ms.
QUIET_S = 0.01
#: A file that is written without pause is read after this time all the same.
LONGEST_S = 0.08


def is_source(name: str) -> bool:
    """Whether a file of that name holds a synthdef: `name.py`, not hidden, not an editor's leftover."""
    return name.endswith(".py") and not name.startswith((".", "_", "#"))


def snapshot(folders: Iterable[Path]) -> dict[Path, Stamp]:
    """The synthdef files of the folders, each with its stamp. A folder that is missing has none."""
    found: dict[Path, Stamp] = {}
    for folder in folders:
        with contextlib.suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                if is_source(entry.name):
                    with contextlib.suppress(OSError):  # it went between the two calls
                        stat = entry.stat()
                        found[folder / entry.name] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
    return found


def changed(before: dict[Path, Stamp], after: dict[Path, Stamp]) -> set[Path]:
    """The files that came, went or differ."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


class Settling:
    """Files that were touched, until they are quiet. Pure: `now` is given, in seconds that never go back."""

    def __init__(self, quiet_s: float = QUIET_S, longest_s: float = LONGEST_S) -> None:
        self._quiet_s = quiet_s
        self._longest_s = longest_s
        self._touched: dict[Path, tuple[float, float]] = {}

    def touch(self, path: Path, now: float, *, grace_s: float = 0.0) -> None:
        """Notes that something happened to a file; `grace_s` more are waited for it this time."""
        first, due = self._touched.get(path, (now, now))
        due = min(now + self._quiet_s, max(first + self._longest_s, due))
        self._touched[path] = (first, max(due, now + grace_s))

    def due(self, now: float) -> list[tuple[Path, float]]:
        """The files that are quiet, with the moment each was first touched; they are forgotten here."""
        ready = [(path, first) for path, (first, due) in self._touched.items() if due <= now]
        for path, _ in ready:
            del self._touched[path]
        return sorted(ready)

    def first_touch(self, path: Path, moment: float) -> None:
        """Sets when a file that waits again was touched first, so that its delay is told whole."""
        if path in self._touched:
            self._touched[path] = (moment, self._touched[path][1])

    def wait_s(self, now: float) -> float | None:
        """How long until the next file may be due; None when none is waited for."""
        if not self._touched:
            return None
        return max(0.0, min(due for _, due in self._touched.values()) - now)


class Waker(Protocol):
    """Something that returns when files may have changed."""

    def wait(self, timeout_s: float) -> set[Path]:
        """Blocks for up to `timeout_s`; returns files that were surely touched (it may know of none)."""

    def close(self) -> None:
        """Releases what it holds; may be called twice."""


class Polling:
    """Wakes up every 50 ms at most: for systems and folders without inotify."""

    INTERVAL_S = 0.05

    def wait(self, timeout_s: float) -> set[Path]:
        """Sleeps; knows of no file: the caller compares snapshots."""
        select.select([], [], [], min(timeout_s, self.INTERVAL_S))
        return set()

    def close(self) -> None:
        """Nothing to release."""


class Inotify:
    """Linux tells when a file of the folders was written, renamed or deleted.

    Raises:
        OSError: where there is no inotify, or no watch is left, or no folder is there.
    """

    _EVENTS = 0x00000002 | 0x00000008 | 0x00000040 | 0x00000080 | 0x00000100 | 0x00000200
    _NONBLOCKING_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
    _HEAD = struct.Struct("iIII")

    def __init__(self, folders: Sequence[Path]) -> None:
        libc = ctypes.CDLL(ctypes.util.find_library("c") or "libc.so.6", use_errno=True)
        if not hasattr(libc, "inotify_init1"):
            raise OSError("this system has no inotify")
        self._descriptor = libc.inotify_init1(self._NONBLOCKING_CLOEXEC)
        if self._descriptor < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._folders: dict[int, Path] = {}
        for folder in folders:
            watch = libc.inotify_add_watch(self._descriptor, os.fsencode(folder), self._EVENTS)
            if watch < 0:
                error = ctypes.get_errno()
                self.close()
                raise OSError(error, "inotify_add_watch", str(folder))
            self._folders[watch] = folder

    def wait(self, timeout_s: float) -> set[Path]:
        """Blocks until something happens in the folders, or for `timeout_s`."""
        if not select.select([self._descriptor], [], [], timeout_s)[0]:
            return set()
        try:
            data = os.read(self._descriptor, 1 << 16)
        except BlockingIOError:
            return set()
        touched: set[Path] = set()
        at = 0
        while at + self._HEAD.size <= len(data):
            watch, _, _, length = self._HEAD.unpack_from(data, at)
            at += self._HEAD.size
            name = os.fsdecode(data[at : at + length].rstrip(b"\0"))
            at += length
            if watch in self._folders and is_source(name):
                touched.add(self._folders[watch] / name)
        return touched

    def close(self) -> None:
        """Closes the descriptor; may be called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
