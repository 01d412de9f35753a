"""Folders that are held while somebody is there, and removed by the next one where nobody surely is.

A player removes the folder of its sockets when it ends, and its guard does when it was killed. A machine that loses its
power, or a `kill -9` of both, leaves it; where it lies in the temporary folder it would lie there for ever. So would
the folder of a rehearsal, or of a step of a job: steps are always ended by `kill -9`.
"""

import contextlib
import fcntl
import json
import math
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from marmalade_sc.player.base.processes import ProcessId
from marmalade_sc.settings.places import make_private

__all__ = ["hold", "passing", "remove_abandoned", "remove_passed"]

_MARK: Final = "[0-9a-f]{8}"
_NAMED: Final = re.compile(rf"(marmalade-(?:\d+-)?){_MARK}")
_PASSING: Final = re.compile(rf"marmalade-passing-{_MARK}")
_UNIX: Final = Path("/proc/net/unix")
_QUIET_S: Final = 3600.0
"""A folder that changed later than this ago is left alone: its player may be one that holds none, or be starting."""


def hold(folder: Path) -> int:
    """Make the folder private and hold it against `remove_abandoned`; the descriptor that holds it until it is closed.

    Raises:
        PlayerError: it cannot be made, or is not ours alone.
        OSError: it cannot be opened.
    """
    while True:
        make_private(folder)
        try:
            held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:  # somebody has removed it just now
            continue
        with contextlib.suppress(OSError):  # a file system without locks: the other signs of life are enough
            fcntl.flock(held, fcntl.LOCK_SH)  # waits for one that looks at it, never for a player
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(held), folder.stat()):
                return held
        os.close(held)  # it was removed while we waited


@contextlib.contextmanager
def passing() -> Iterator[Path]:
    """A folder in the temporary one while the block runs; those of others that were killed meanwhile go first.

    Raises:
        PlayerError: it cannot be made.
    """
    remove_passed()
    folder = Path(tempfile.gettempdir(), f"marmalade-passing-{secrets.token_hex(4)}")
    held = hold(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def remove_passed() -> None:
    """Remove the folders of `passing` whose process was killed. Never raises."""
    with contextlib.suppress(OSError):
        for folder in Path(tempfile.gettempdir()).iterdir():
            if _PASSING.fullmatch(folder.name):
                _is_removed(folder, _UNIX, -math.inf)


def remove_abandoned(own: Path, unix: Path = _UNIX, quiet_s: float = _QUIET_S) -> list[str]:
    """Remove the folders beside `own` that are named as it is and whose player is gone; what was done, in a sentence.

    Never raises. One is removed only if it is ours, nobody holds it, nothing in it has changed for an hour, no process
    that is recorded in it lives, and no socket in it is open.
    """
    if (named := _NAMED.fullmatch(own.name)) is None:
        return []
    alike = re.compile(re.escape(named[1]) + _MARK)
    count = 0
    with contextlib.suppress(OSError):
        for folder in own.parent.iterdir():
            if folder != own and alike.fullmatch(folder.name):
                count += _is_removed(folder, unix, quiet_s)
    return [f"Removed folders in {own.parent}, left by players that are gone: {count}."] if count else []


def _is_removed(folder: Path, unix: Path, quiet_s: float) -> bool:
    try:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        if os.fstat(held).st_uid != os.geteuid():
            return False
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_quiet(folder, quiet_s) or _has_life(folder) or _is_open(folder, unix):
            return False
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()
    except OSError:
        return False
    finally:
        os.close(held)


def _is_quiet(folder: Path, quiet_s: float) -> bool:
    newest = max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))
    return datetime.now(UTC).timestamp() - newest > quiet_s


def _has_life(folder: Path) -> bool:
    """Whether a process lives that is recorded as the player's. One that nobody can read counts as alive."""
    try:
        record = json.loads((folder / "processes.json").read_bytes())
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    rows = record.get("processes", []) if isinstance(record, dict) else []
    found = [ProcessId.from_record(row) for row in rows] if isinstance(rows, list) else []
    return any(process is not None and process.lives for process in found)


def _is_open(folder: Path, unix: Path) -> bool:
    """Whether a socket of the folder is open. Raises OSError where that cannot be known."""
    return f" {folder}/".encode() in unix.read_bytes()
