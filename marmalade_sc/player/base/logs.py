"""A log file that never grows beyond its bound and never stops the one who writes it."""

import contextlib
import os
from collections import deque
from pathlib import Path

__all__ = ["RotatedLog"]


class RotatedLog:
    """Appends bytes to `path`; at `limit_bytes` the file becomes `path.1`, the older ones `path.2` and so on.

    A full disk or a folder that is gone loses lines, never more: nothing here raises OSError. `tail` holds the last
    lines in memory, for the message about a process that died.
    """

    def __init__(self, path: Path, *, limit_bytes: int = 1 << 20, keep: int = 3, tail_lines: int = 12) -> None:
        self.path = path
        self._limit = limit_bytes
        self._keep = keep
        self._fd = -1
        self._size = 0
        self._lines: deque[str] = deque(maxlen=tail_lines)
        self._rest = b""

    @property
    def tail(self) -> list[str]:
        """The last lines written, without their ends."""
        last = self._rest.decode(errors="replace").strip()
        return [*self._lines, *([last] if last else [])]

    def write(self, data: bytes) -> None:
        """Append `data`. May block as long as the disk does."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        self._rest = self._rest[-4096:]
        self._lines.extend(line.decode(errors="replace").rstrip() for line in lines)
        with contextlib.suppress(OSError):
            if self._fd >= 0 and self._size + len(data) > self._limit:
                self._rotate()
            if self._fd < 0:
                self._open()
            self._size += os.write(self._fd, data)

    def close(self) -> None:
        """Close the file; a later write opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> None:
        self._fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._size = os.fstat(self._fd).st_size

    def _rotate(self) -> None:
        self.close()
        for number in range(self._keep, 0, -1):
            newer = self.path if number == 1 else self._numbered(number - 1)
            with contextlib.suppress(FileNotFoundError):
                newer.replace(self._numbered(number))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")
