"""The eight places for servers that JACK has on a machine: those of ours that were killed are given back.

A jackd that is killed keeps its place; only one of the same name takes it over. With the eighth no other server starts
(`Too many servers already active`), until somebody knows which file to remove. The format is JACK 2's (common/shm.c):
a header of six words, then pid and name of each server; a System V semaphore guards it.
"""

import contextlib
import ctypes
import mmap
import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

__all__ = ["free_places"]

_HEAD: Final = struct.Struct("=4s4xIIII")
_MAGIC: Final = b"KCAJ"
_SERVER: Final = struct.Struct("=i260s")
_PLACES: Final = 8
_KEY: Final = 0x282929
_NOWAIT, _UNDO = 0o4000, 0x1000


class _Operation(ctypes.Structure):
    _fields_ = (("number", ctypes.c_ushort), ("value", ctypes.c_short), ("flags", ctypes.c_short))


@contextlib.contextmanager
def _locked() -> Iterator[bool]:
    """JACK's own lock of the registry; False where it is held just now, or there is none. It ends with this process."""
    libc = ctypes.CDLL(None, use_errno=True)
    semaphore = libc.semget(_KEY, 0, 0)

    def add(value: int) -> bool:
        return bool(libc.semop(semaphore, ctypes.byref(_Operation(0, value, _NOWAIT | _UNDO)), 1) == 0)

    is_locked = semaphore >= 0 and add(-1)
    try:
        yield is_locked
    finally:
        if is_locked:
            add(1)


def free_places(
    path: Path = Path("/dev/shm/jack-shm-registry"),
    processes: Path = Path("/proc"),
    lock: Callable[[], AbstractContextManager[bool]] = _locked,
) -> list[str]:
    """Give back the places of servers of ours whose process is gone; their names. Never raises, never waits.

    Ours are called `marmalade-` and 8 hex digits. One whose pid is another process's by now keeps its place.
    """
    ours = re.compile(rf"jack-{os.geteuid()}:(marmalade-[0-9a-f]{{8}}):\0*".encode())
    freed = []
    with (
        contextlib.suppress(OSError, ValueError, struct.error),
        path.open("r+b") as file,
        mmap.mmap(file.fileno(), 0) as registry,
        lock() as is_locked,
    ):
        magic, _, size, head, _ = _HEAD.unpack_from(registry)
        if not is_locked or magic != _MAGIC or size != len(registry) or head != _HEAD.size + _PLACES * _SERVER.size:
            return []
        for at in range(_HEAD.size, head, _SERVER.size):
            pid, name = _SERVER.unpack_from(registry, at)
            found = ours.fullmatch(name)
            if pid > 0 and found is not None and not (processes / str(pid)).exists():
                _SERVER.pack_into(registry, at, 0, b"")
                freed.append(found[1].decode())
    return freed
