"""The player directory: made, checked, locked for one player, and cleaned of what a crash left."""

import contextlib
import errno
import fcntl
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from marmalade_sc.clock.clocks import wait
from marmalade_sc.errors import PlayerError
from marmalade_sc.player.base.abandoned import hold, remove_abandoned
from marmalade_sc.player.base.processes import ProcessId, end
from marmalade_sc.settings.places import Places

__all__ = ["SCHEMA", "PlayerDirectory", "clear", "holder"]

SCHEMA = 1
"""Version of the directory's layout. Raise it when an older Marmalade could no longer use the directory."""

_FOLDERS = ("generators", "jams", "players", "blobs", "synthdefs", "samples", "recordings", "sets", "logs")
_GRACE_S = 0.25
_CLEARED_S = 5.0
"""Longer than a guard holds the directory to clear it, or a child the lock between its fork and its exec."""
_UNFINISHED = ".part"


@dataclass(slots=True)
class PlayerDirectory:
    """An open player directory. While it is open no other player uses it; use as a context manager.

    `cleaned` says in words what a crash had left and is gone now.
    """

    places: Places
    cleaned: list[str] = field(default_factory=list)
    _lock: int = -1
    _runtime: int = -1

    @classmethod
    def open(cls, places: Places) -> "PlayerDirectory":
        """Make the directory where it is missing, lock it, check its version and clean it.

        Raises:
            PlayerError: another player holds it, a newer Marmalade made it, or it cannot be written.
        """
        make(places)
        opened = cls(places)
        opened._lock = _locked(places)
        try:
            opened._runtime = hold(places.runtime)  # locked: one that ends takes its own away before it lets go
            _check_schema(places)
            opened.cleaned = [*clean(places), *remove_abandoned(places.runtime)]
        except OSError as error:
            opened.close()
            raise _unusable(places.root, error) from error
        except BaseException:
            opened.close()
            raise
        return opened

    def close(self) -> None:
        """Let go of the directory, and remove the folder of its sockets. Does nothing the second time."""
        if self._lock >= 0:
            lock, self._lock = self._lock, -1
            shutil.rmtree(self.places.runtime, ignore_errors=True)
            if self._runtime >= 0:
                os.close(self._runtime)
            try:
                os.ftruncate(lock, 0)
                # A child between fork and exec still shares the lock; unlocking ends it for both.
                fcntl.flock(lock, fcntl.LOCK_UN)
            finally:
                os.close(lock)

    def __enter__(self) -> "PlayerDirectory":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()


def make(places: Places) -> None:
    """Make the directory and its folders where they are missing. Needs no lock.

    Raises:
        PlayerError: it cannot be made or written; the message says why and what to do.
    """
    try:
        places.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in _FOLDERS:
            (places.root / name).mkdir(exist_ok=True)
    except OSError as error:
        raise _unusable(places.root, error) from error
    if not os.access(places.root, os.W_OK | os.X_OK):
        raise _unusable(places.root, OSError(errno.EACCES, os.strerror(errno.EACCES)))


def holder(places: Places) -> ProcessId | None:
    """The process that holds the directory, or None. Takes no lock, so it disturbs nobody."""
    try:
        process = ProcessId.from_record(json.loads(places.lock.read_text()))
    except (OSError, ValueError):
        return None
    return process if process is not None and process.lives else None


def clear(places: Places, clean_memory: Callable[[], None]) -> None:
    """Remove what a killed player leaves, unless another one plays there already. Never raises.

    Only for its guard, when it has ended all processes.

    Args:
        clean_memory: removes what sound servers left; called while nobody can start one for this directory.
    """
    if not places.runtime.exists():
        return  # it has ended by itself
    with contextlib.suppress(OSError):
        lock = os.open(places.lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            clean_memory()
            shutil.rmtree(places.runtime, ignore_errors=True)
        finally:
            os.close(lock)


def clean(places: Places) -> list[str]:
    """Remove what a crash left: processes, sockets, unfinished files. Only for the holder of the lock.

    A process is ended only when its pid and its start time are the recorded ones.

    Returns:
        What was done, one sentence each.
    """
    done = [*_end_leftovers(places), *_remove_sockets(places)]
    for path in _unfinished(places.root):
        if path.parent == places.recordings or path.is_relative_to(places.jobs):
            continue  # the engine puts what was recorded in its place; jobs need no player, and may be at work
        path.unlink(missing_ok=True)
        done.append(f"Removed the unfinished file {path}.")
    return done


def _locked(places: Places) -> int:
    try:
        lock = os.open(places.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise _unusable(places.root, error) from error
    try:
        deadline = time.monotonic() + _CLEARED_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if holder(places) is not None or time.monotonic() > deadline:
                    raise
                wait(0.01)  # a guard clears what its player left
        own = ProcessId.own()
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps({"pid": own.pid, "start": own.start}).encode(), 0)
    except BlockingIOError:
        os.close(lock)
        other = holder(places)
        who = f" (process {other.pid})" if other else ""
        raise PlayerError(
            f"A player{who} already uses {places.root}. Join it with `marmalade shell`, end it with "
            "`marmalade player stop`, or choose another directory with --dir."
        ) from None
    except OSError as error:
        os.close(lock)
        raise _unusable(places.root, error) from error
    return lock


def _check_schema(places: Places) -> None:
    try:
        text = places.schema.read_text()
    except FileNotFoundError:
        try:
            written_aside(places.schema, f"{SCHEMA}\n")
        except OSError as error:
            raise _unusable(places.root, error) from error
        return
    except (OSError, UnicodeDecodeError) as error:
        raise PlayerError(f"{places.schema} cannot be read: {error}. Restore it or choose another --dir.") from error
    if not text.strip().isdecimal():
        raise PlayerError(
            f"{places.schema} says {text[:20]!r}, which is no version. Restore it or choose another --dir."
        )
    if int(text) > SCHEMA:
        raise PlayerError(
            f"{places.root} was made by a newer Marmalade (layout {int(text)}, this one knows {SCHEMA}). "
            "Update Marmalade, or choose another directory with --dir."
        )


def written_aside(path: Path, text: str) -> None:
    """Write `path` so that a reader sees the old text or the new one, never a half. Raises OSError."""
    aside = path.with_name(f"{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _end_leftovers(places: Places) -> Iterator[str]:
    try:
        record = json.loads(places.processes.read_text())
        processes = record["processes"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    entries = processes if isinstance(processes, list) else []
    found = [(ProcessId.from_record(entry), entry) for entry in entries]
    left = [(process, entry) for process, entry in found if process is not None]
    if left:
        from concurrent.futures import ThreadPoolExecutor  # 10 ms of a start that has nothing to end

        with ThreadPoolExecutor(len(left)) as pool:  # each may take its grace, and music waits
            ended = list(pool.map(lambda each: end(each[0], _GRACE_S), left))
        for (process, entry), is_ended in zip(left, ended, strict=True):
            if is_ended:
                yield f"Ended {entry.get('name', 'a process')} (process {process.pid}), left by a crash."
    places.processes.unlink(missing_ok=True)


def _remove_sockets(places: Places) -> Iterator[str]:
    for path in sorted(places.runtime.iterdir()):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink(missing_ok=True)
            yield f"Removed the stale socket {path.name}."
        elif path.name.endswith(_UNFINISHED):
            path.unlink(missing_ok=True)


def _unfinished(root: Path) -> list[Path]:
    """Files that something was still writing. Links are not followed, so a linked sample library is never walked."""
    return [
        Path(folder) / name
        for folder, _, names in os.walk(root, followlinks=False)
        for name in names
        if name.endswith(_UNFINISHED)
    ]


def _unusable(root: Path, error: OSError) -> PlayerError:
    reason = {
        errno.EROFS: "it is on a read-only file system. Choose another directory with --dir",
        errno.EACCES: "you may not write there. Choose another directory with --dir",
        errno.EPERM: "you may not write there. Choose another directory with --dir",
        errno.ENOSPC: "the disk is full. Make room, or choose a directory on another disk with --dir",
        errno.EDQUOT: "your disk quota is used up. Make room, or choose another directory with --dir",
        errno.ENOTDIR: "a part of its path is a file. Choose another directory with --dir",
        errno.EEXIST: "a file is in the way. Choose another directory with --dir",
    }.get(error.errno or 0, f"{error.strerror or error}. Choose another directory with --dir")
    place = Path(os.fsdecode(error.filename)) if error.filename else root
    return PlayerError(f"The player directory {root} cannot be used ({place}): {reason}.")
