"""Bytes under their SHA-256: written aside and renamed, checked whenever they are read, never more than was allowed."""

import contextlib
import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from marmalade_sc.errors import BlobError

__all__ = ["Blobs"]

_NAME: Final = re.compile(r"[0-9a-f]{64}")
_MiB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Blobs:
    """The store in the folder `root`.

    Attributes:
        largest: bytes of one blob.
        capacity: bytes of all of them; a new one beyond is refused.
    """

    root: Path
    largest: int = 64 * _MiB
    capacity: int = 4096 * _MiB

    def put(self, data: bytes) -> str:
        """Keep `data`; its name, which is the same whenever the data are.

        Raises:
            BlobError: it is too large, the store is full, or the disk is.
        """
        if len(data) > self.largest:
            raise BlobError(f"{len(data)} bytes are too much for the store: {self.largest} are allowed at once")
        name = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        if path.is_file() and path.stat().st_size == len(data) and _digest(path) == name:
            return name
        if self.size + len(data) > self.capacity:
            raise BlobError(f"The store {self.root} is full ({self.capacity >> 20} MiB). Remove what you do not need.")
        aside = path.with_name(f"{name}.{os.getpid()}.{os.urandom(4).hex()}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except OSError as error:
            raise BlobError(f"{path} cannot be written: {error.strerror}. Make room there.") from error
        finally:
            aside.unlink(missing_ok=True)
        return name

    def take(self, file: Path) -> str:
        """Keep a file by moving it in; its name. For what is too large to be held in memory.

        Raises:
            BlobError: as for `put`; or the file cannot be read.
        """
        try:
            size = file.stat().st_size
            name = _digest(file)
        except OSError as error:
            raise BlobError(f"{file} cannot be read: {error.strerror}") from error
        if size > self.largest:
            raise BlobError(f"{size} bytes are too much for the store: {self.largest} are allowed at once")
        path = self._path(name)
        if path.is_file() and path.stat().st_size == size and _digest(path) == name:
            file.unlink(missing_ok=True)
            return name
        if self.size + size > self.capacity:
            raise BlobError(f"The store {self.root} is full ({self.capacity >> 20} MiB). Remove what you do not need.")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
            file.replace(path)
        except OSError as error:
            raise BlobError(f"{path} cannot be written: {error.strerror}. Make room there.") from error
        return name

    def get(self, name: str) -> bytes:
        """The data of that name.

        Raises:
            BlobError: there is none, or what is there is not it (then it is removed).
        """
        path = self._path(name)
        try:
            if path.stat().st_size > self.largest:
                raise BlobError(f"{name[:12]} in the store is larger than the store takes")
            data = path.read_bytes()
        except OSError as error:
            raise BlobError(f"{name[:12]} is not in the store {self.root}: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != name:
            path.unlink(missing_ok=True)
            raise BlobError(f"{name[:12]} in the store was damaged and is removed; get it anew")
        return data

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _NAME.fullmatch(name) is not None and self._path(name).is_file()

    def __iter__(self) -> Iterator[str]:
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            yield from (each.name for each in sorted(folder.iterdir()) if _NAME.fullmatch(each.name))

    @property
    def size(self) -> int:
        """Bytes of all that is kept."""
        total = 0
        for path in self.root.glob("[0-9a-f][0-9a-f]/*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size
        return total

    def path(self, name: str) -> Path:
        """Where a blob lies, or would: for serving it from disk. Whoever reads it there checks it. Raises BlobError."""
        return self._path(name)

    def remove(self, name: str) -> None:
        """Keep it no longer. Idempotent. Raises BlobError for what is no name."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise BlobError(f"{name!r:.40} is no name of a blob: it has 64 hexadecimal digits")
        return self.root / name[:2] / name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
