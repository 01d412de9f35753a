"""A machine that has run out of something, for one process: files, room on the disk, the right to write."""

import contextlib
import itertools
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["no_more_files", "no_more_room", "read_only"]


@contextlib.contextmanager
def no_more_files(pid: int) -> Iterator[None]:
    """What is open stays so, and nothing more can be opened: the limit is the lowest number that is free."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    taken = {int(each.name) for each in Path(f"/proc/{pid}/fd").iterdir()}
    lowest = next(number for number in itertools.count() if number not in taken)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (lowest, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def no_more_room(pid: int) -> Iterator[None]:
    """No file of the process may grow: to it the same failed write as a full disk."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def read_only(folder: Path, pid: int) -> Iterator[None]:
    """A folder as on a disk that is read-only; where we may not mount, no file of the process may grow."""
    if subprocess.run(["mount", "--bind", folder, folder], check=False, capture_output=True).returncode:
        with no_more_room(pid):
            yield
        return
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)
