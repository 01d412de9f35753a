"""When a folder that is edited is to be read: saved, quiet, and not in the middle of a save."""

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["Saves", "Stamps", "stamps_of"]

Stamps = Mapping[str, tuple[int, int, int, int]]
"""Path within the folder: when it was written, its size, which file it is, its mode."""

_MOST: Final = 5000
QUIET_S: Final = 0.1
GRACE_S: Final = 0.6
"""An editor that truncates a file and then writes it leaves it empty for a while; on a busy machine for long."""
LONGEST_S: Final = 2.0


def stamps_of(folder: Path) -> Stamps:
    """The files of a folder as they are now; what editors leave behind is left out."""
    found: dict[str, tuple[int, int, int, int]] = {}
    waiting = [folder]
    while waiting and len(found) < _MOST:
        here = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                if entry.name.startswith((".", "#")) or entry.name.endswith(("~", ".pyc")):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in ("__pycache__", "node_modules"):
                        waiting.append(Path(entry.path))
                    continue
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    name = os.path.relpath(entry.path, folder)
                    found[name] = (status.st_mtime_ns, status.st_size, status.st_ino, status.st_mode)
    return found


class Saves:
    """See the module. Pure: stamps and time are given, in seconds that never go back.

    Args:
        quiet_s: nothing must have changed for so long before the folder is read.
        grace_s: what cannot be used counts as a broken save when nothing has changed for so long.
        longest_s: a folder that is written to without a pause is read after this time all the same.
    """

    def __init__(self, quiet_s: float = QUIET_S, grace_s: float = GRACE_S, longest_s: float = LONGEST_S) -> None:
        self._quiet_s, self._grace_s, self._longest_s = quiet_s, grace_s, longest_s
        self._taken: Stamps | None = None
        self._seen: Stamps | None = None
        self._since = 0.0
        self._first: float | None = None
        self._wait_s = quiet_s

    def is_due(self, stamps: Stamps, now: float) -> bool:
        """Whether there is something that was not taken yet, and it is time to look at it."""
        if stamps == self._taken:
            self._seen, self._first = stamps, None
            return False
        if stamps != self._seen:
            self._seen, self._since, self._wait_s = stamps, now, self._quiet_s
        if self._first is None:
            self._first = now
        return now - self._since >= self._wait_s or now - self._first >= self._longest_s

    def take(self, stamps: Stamps) -> None:
        """That was used, or was told to be broken: it is not looked at again."""
        self._taken, self._first = stamps, None

    def is_broken(self, stamps: Stamps, now: float) -> bool:
        """Whether what cannot be used is a broken save, and is to be told; else it is looked at again later."""
        if now - self._since >= self._grace_s:
            self.take(stamps)
            return True
        self._wait_s, self._first = self._grace_s, now
        return False

    def postpone(self, now: float) -> None:
        """Look at it again later: nothing can be said of it yet."""
        self._since = self._first = now
