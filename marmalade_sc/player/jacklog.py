"""Xruns, as the log of a JACK server of ours tells of them."""

from pathlib import Path

__all__ = ["JackLog"]


class JackLog:
    """The log of a JACK server of ours, from now on: it tells of xruns there and nowhere else."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._read = self._size()

    def fresh(self) -> int:
        """Xruns since the last call."""
        size = self._size()
        if self._path is None or size == self._read:
            return 0
        try:
            with self._path.open("rb") as file:
                file.seek(self._read if size > self._read else 0)  # smaller: it was rotated
                found = file.read().count(b"XRun")
        except OSError:
            return 0
        self._read = size
        return found

    def _size(self) -> int:
        try:
            return self._path.stat().st_size if self._path is not None else 0
        except OSError:
            return 0
