"""Processes by pid and start time, so that only what we started is ever ended."""

import ctypes
import os
import select
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessId", "children_of", "end", "set_name", "start_time"]

_PR_SET_NAME = 15


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process: a pid alone is given to others once it ends, a pid with its start time is not.

    `start` is field 22 of /proc/pid/stat: clock ticks since boot.
    """

    pid: int
    start: int

    @classmethod
    def of(cls, pid: int) -> "ProcessId | None":
        """The process that has this pid now, or None."""
        start = start_time(pid)
        return None if start is None else cls(pid, start)

    @classmethod
    def own(cls) -> "ProcessId":
        """This process."""
        return cls(os.getpid(), start_time(os.getpid()) or 0)

    @classmethod
    def from_record(cls, record: object) -> "ProcessId | None":
        """The process written in a JSON file as `pid` and `start`, or None where that is not what it says."""
        if not isinstance(record, dict):
            return None
        pid, start = record.get("pid"), record.get("start")
        if type(pid) is not int or type(start) is not int or pid <= 1 or start <= 0:
            return None
        return cls(pid, start)

    @property
    def lives(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        return start_time(self.pid) == self.start


def start_time(pid: int) -> int | None:
    """When the process started, in clock ticks since boot; None if there is none or it is a zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[0] in ("Z", "X") else int(fields[19])


def children_of(pid: int) -> list[int]:
    """Pids of the processes whose parent is `pid`; zombies are left out."""
    try:
        names = [path.name for path in Path("/proc").iterdir()]
    except OSError:
        return []
    found = []
    for name in names:
        if name.isdigit():
            fields = _stat(int(name))
            if fields is not None and fields[0] != "Z" and int(fields[1]) == pid:
                found.append(int(name))
    return found


def set_name(name: str) -> None:
    """How this process is called in the system's lists (`ps -o comm`); 15 bytes of it."""
    ctypes.CDLL(None).prctl(_PR_SET_NAME, name.encode()[:15], 0, 0, 0)


def end(process: ProcessId, grace_s: float) -> bool:
    """End exactly this process: SIGTERM, then SIGKILL after `grace_s` seconds. May block that long.

    Returns:
        Whether there was something to end. A pid that belongs to another process by now is left alone.
    """
    with _held(process) as fd:
        if fd is None:
            return False
        for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 1.0)):
            try:
                signal.pidfd_send_signal(fd, number)
            except ProcessLookupError:
                break
            if select.select([fd], [], [], wait_s)[0]:
                break
        return True


def wait_for_end(process: ProcessId, timeout_s: float) -> bool:
    """Wait until `process` is gone, at most `timeout_s` seconds; whether it is."""
    with _held(process) as fd:
        return fd is None or bool(select.select([fd], [], [], timeout_s)[0])


@contextmanager
def _held(process: ProcessId) -> Iterator[int | None]:
    """A pidfd of this very process. Opened first and checked then: so the pid cannot change hands in between."""
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        yield None
        return
    try:
        yield fd if process.lives else None
    finally:
        os.close(fd)


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/pid/stat from the third (state) on; the name before may hold spaces and parentheses."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
