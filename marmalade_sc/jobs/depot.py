"""Files of jobs by their hash: on this disk, and through the job Redis where workers do not share one."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import redis

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.errors import BlobError
from marmalade_sc.jobs import keys

__all__ = ["LARGEST_FILE", "Depot"]

LARGEST_FILE: Final = 8 << 30
_CHUNK: Final = 512 << 10
_MOST_CHUNKS: Final = LARGEST_FILE // _CHUNK


@dataclass(frozen=True, slots=True)
class Depot:
    """See the module.

    Attributes:
        shared: the job Redis, where others fetch files from it; None where all share this disk.
        keep_s: how long a file stays there.
    """

    blobs: Blobs
    shared: "redis.Redis | None" = None
    keep_s: float = 86_400.0

    @classmethod
    def at(cls, folder: Path, disk_mb: int, shared: "redis.Redis | None", keep_s: float) -> "Depot":
        """The depot in a folder, with so much room."""
        return cls(Blobs(folder, LARGEST_FILE, disk_mb << 20), shared, max(keep_s, 86_400.0))

    def put(self, data: bytes) -> str:
        """Keep `data`; its name. Raises BlobError."""
        name = self.blobs.put(data)
        self._share(name)
        return name

    def take(self, file: Path) -> str:
        """Keep a file by moving it in; its name. Raises BlobError."""
        name = self.blobs.take(file)
        self._share(name)
        return name

    def fetch(self, name: str) -> Path:
        """Where the file lies on this disk, fetched and checked where it does not yet.

        Raises:
            BlobError: nobody has it, or what came is not it.
        """
        path = self.blobs.path(name)
        if path.is_file():
            return path
        if self.shared is None:
            raise BlobError(f"{name[:12]} is not in the store {self.blobs.root}: it has expired, or was removed")
        aside = self.blobs.root / f".{name}.{os.getpid()}.{os.urandom(4).hex()}.part"
        try:
            self.blobs.root.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            with aside.open("xb") as file:
                for place in range(_MOST_CHUNKS):
                    chunk = cast("bytes | None", self.shared.lindex(keys.blob(name), place))
                    if chunk is None:
                        break
                    digest.update(chunk)
                    file.write(chunk)
            if digest.hexdigest() != name:
                raise BlobError(f"{name[:12]} is not in the job Redis: it has expired, or is not whole")
            self.blobs.take(aside)
        except OSError as error:
            raise BlobError(f"{path} cannot be written: {error.strerror}. Make room there.") from error
        finally:
            aside.unlink(missing_ok=True)
        return path

    def has(self, name: str) -> bool:
        """Whether the file can be had, here or from the job Redis."""
        return name in self.blobs or (self.shared is not None and bool(self.shared.exists(keys.blob(name))))

    def get(self, name: str, most: int) -> bytes:
        """The bytes of a file of at most `most` bytes, checked. Raises BlobError."""
        path = self.fetch(name)
        if path.stat().st_size > most:
            raise BlobError(f"{name[:12]} has more than {most} bytes")
        return self.blobs.get(name)

    def renew(self, names: Iterable[str]) -> None:
        """Keep files for as long again as if they had come now."""
        if self.shared is None:
            return
        for name in names:
            self.shared.pexpire(keys.blob(name), int(self.keep_s * 1000))

    def forget(self, name: str) -> None:
        """Keep a file no longer. Idempotent."""
        self.blobs.remove(name)
        if self.shared is not None:
            self.shared.unlink(keys.blob(name))

    def _share(self, name: str) -> None:
        """Put a file into the job Redis, under a name of its own first: who sees it sees all of it."""
        if self.shared is None:
            return
        key = keys.blob(name)
        lifetime_ms = int(self.keep_s * 1000)
        if self.shared.pexpire(key, lifetime_ms):
            return
        aside = f"{key}:{os.getpid()}:{os.urandom(4).hex()}"
        try:
            with self.blobs.path(name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    self.shared.rpush(aside, chunk)
                    self.shared.pexpire(aside, lifetime_ms)
            self.shared.rename(aside, key)
        except redis.ResponseError as error:  # its memory is full
            self.shared.unlink(aside)
            raise BlobError(f"The job Redis does not take {name[:12]}: {error}. Give it more memory.") from error
