"""The event log of a jam: what was handed to scsynth, on disk, so that the jam can be played again exactly.

A file is a header and a row of sections as frames have them (`sdk.frames`): notes as their sources wrote them, at the
jam time at which they sounded, changes of the mix, releases. A note's epoch is the sample of the server's clock on
which it was to begin (mod 2**32), or 0 while that clock was not known. Files are rotated by size and the oldest
are deleted.
"""

import contextlib
import errno
import os
import struct
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from marmalade_sc.errors import JamError
from marmalade_sc.sdk.frames import Bundles, Section, decode_sections, encode_section, join_bundles
from marmalade_sc.sdk.osc import bundle

__all__ = ["EventLog", "read_event_log"]

_MAGIC: Final = b"MMLDEVT1"
_HEADER: Final = struct.Struct(">8sQ")
_CHUNK: Final = struct.Struct(">I")

_Note = tuple[int, str, bytes, int]


class EventLog:
    """Collects in memory without blocking; `flush` writes, from another thread.

    Args:
        folder: the jam's history folder.
        origin: jam time at which the session began; in the header of each file.
        file_bytes, files: a file is closed at this size, and so many are kept: 64 MiB x 16 is half a day of a
            busy set.
    """

    def __init__(self, folder: Path, origin: int, file_bytes: int = 64 << 20, files: int = 16) -> None:
        self._folder = folder
        self._origin = origin
        self._file_bytes = file_bytes
        self._files = files
        self._waiting: deque[_Note | Section] = deque()
        self._lock = threading.Lock()
        self._path: Path | None = None
        self._size = 0
        self.error = ""
        self.lost = 0

    def note(self, due: int, track: str, message: bytes, sample: int = 0) -> None:
        """One note that was handed over. Never blocks."""
        self._waiting.append((due, track, message, sample))

    def section(self, section: Section) -> None:
        """A change of the mix or a release. Never blocks."""
        self._waiting.append(section)

    def flush(self) -> None:
        """Write what was collected. A disk that refuses costs the records and sets `error`; nothing is raised."""
        with self._lock:
            waiting = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not waiting:
                return
            data = b"".join(map(_encoded, waiting))
            try:
                self._write(_CHUNK.pack(len(data)) + data)
                self.error = ""
            except OSError as error:
                self.lost += len(waiting)
                self.error = f"the event log cannot be written: {error.strerror}; the music goes on without it"

    def _write(self, data: bytes) -> None:
        path, size = self._path, self._size
        if path is None or size + len(data) > self._file_bytes:
            self._folder.mkdir(parents=True, exist_ok=True)
            path, size = self._next_path(), 0
            data = _HEADER.pack(_MAGIC, self._origin) + data
        try:
            file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | (0 if size else os.O_CREAT), 0o600)
            try:
                if os.write(file, data) != len(data):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            finally:
                os.close(file)
        except FileNotFoundError:  # somebody threw it away
            self._path = None
            raise
        except OSError:
            # Nothing half written stays, and no empty file: each new one would cost an old one its place.
            with contextlib.suppress(OSError):
                if size:
                    os.truncate(path, size)
                else:
                    path.unlink()
            raise
        self._path, self._size = path, size + len(data)

    def _next_path(self) -> Path:
        found = sorted(self._folder.glob("events-*.log"))
        for old in found[: max(0, len(found) - self._files + 1)]:
            with contextlib.suppress(OSError):
                old.unlink()
        number = int(found[-1].stem.partition("-")[2]) + 1 if found else 1
        return self._folder / f"events-{number:06d}.log"


def read_event_log(folder: Path, origin: int | None = None) -> Iterator[Section]:
    """All sections of a jam's event log, in the order they were written; a torn end is left out.

    Args:
        origin: only the session that began at this jam time; None for the latest.

    Raises:
        JamError: there is no event log, or a file is none.
    """
    # A file that is shorter than a header was begun when the machine or the disk gave up.
    files = [path for path in sorted(folder.glob("events-*.log")) if path.stat().st_size >= _HEADER.size]
    if not files:
        raise JamError(f"There is no event log in {folder}. Play in the jam first.")
    headers = [_origin(path) for path in files]
    wanted = headers[-1] if origin is None else origin
    for path, found in zip(files, headers, strict=True):
        if found == wanted:
            yield from _sections(path)


def _origin(path: Path) -> int:
    with path.open("rb") as file:
        head = file.read(_HEADER.size)
    if head[:8] != _MAGIC:
        raise JamError(f"{path.name} is not an event log. Move it away.")
    return int(_HEADER.unpack(head)[1])


def _sections(path: Path) -> Iterator[Section]:
    with path.open("rb") as file:
        file.seek(_HEADER.size)
        while len(size := file.read(_CHUNK.size)) == _CHUNK.size:
            data = file.read(_CHUNK.unpack(size)[0])
            if len(data) < _CHUNK.unpack(size)[0]:
                return
            yield from decode_sections(data)


def _encoded(record: _Note | Section) -> bytes:
    if isinstance(record, tuple):
        due, track, message, sample = record
        return encode_section(Bundles(track, sample & 0xFFFFFFFF, due, join_bundles([bundle(due, [message])])))
    return encode_section(record)
