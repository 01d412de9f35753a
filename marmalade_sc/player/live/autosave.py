"""What plays, kept on disk after each evaluation, so that it comes back after a crash of the whole player.

`autosave.py` in the jam's folder belongs to the session that runs. A session that ends in order makes it `last.py`;
one that finds it there, from another session, knows of a crash and makes it `crashed.py`.
"""

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from marmalade_sc.errors import UsageError
from marmalade_sc.player.base.files import write_whole

__all__ = ["Autosave", "restorable", "restored"]

_HEADER = re.compile(r"# What played, saved by Marmalade (\S+) in the session (-?\d+)\n")


class Autosave:
    """See the module. Blocks for the disk: not for a process that plays.

    Args:
        folder: of the jam.
        origin: constant of jam time, by which sessions are told apart.
        say: takes a sentence when it cannot be written; once, until it can.
    """

    def __init__(self, folder: Path, origin: int, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._path = folder / "autosave.py"
        self._origin = origin
        self._say = say
        self._is_failing = False

    def begin(self) -> str:
        """What was left by a session that crashed, as a sentence for the person who plays; "" when none did."""
        try:
            last = self._folder / "last.py"
            if _session(last) == str(self._origin) and not self._path.exists():
                last.replace(self._path)  # this process was restarted in order, within a session
            session = _session(self._path)
            if session == str(self._origin):
                return ""
            crashed = self._folder / "crashed.py"
            if session is not None:
                self._path.replace(crashed)
            elif not crashed.exists():
                return ""
            found = _HEADER.match(crashed.read_text(encoding="utf-8"))
            when = f" ({found[1]})" if found else ""
            return f"The last session did not end by itself{when}: restore() brings back what was playing."
        except (OSError, UnicodeDecodeError):
            return ""

    def write(self, code: str, now: datetime) -> None:
        """Keep what plays; a disk that is full is said once and harms nothing. No code: nothing plays."""
        stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            if code:
                write_whole(
                    self._path, f"# What played, saved by Marmalade {stamp} in the session {self._origin}\n{code}"
                )
            else:
                self._path.unlink(missing_ok=True)
            self._is_failing = False
        except OSError as error:
            if not self._is_failing:
                self._is_failing = True
                self._say(f"What plays cannot be kept for a crash: {self._path}: {error.strerror}. The music goes on.")

    def end(self) -> None:
        """The session ends in order. Where something played in it, nobody has missed what a crash before it ended."""
        try:
            if self._path.exists():
                self._path.replace(self._folder / "last.py")
                (self._folder / "crashed.py").unlink(missing_ok=True)
        except OSError:
            return


def restorable(folder: Path) -> str:
    """The code of what played before a crash, else of what played when the last session ended.

    Raises:
        UsageError: there is neither.
    """
    for name in ("crashed.py", "last.py"):
        try:
            return (folder / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    raise UsageError("There is nothing to restore", hint="Nothing was playing when the last session of this jam ended.")


def restored(folder: Path) -> None:
    """What a crash had ended plays again."""
    with contextlib.suppress(OSError):
        (folder / "crashed.py").replace(folder / "last.py")


def _session(path: Path) -> str | None:
    try:
        found = _HEADER.match(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        return None
    return found[2] if found else ""
