"""Holds sandboxes to what the kernel does not count for them: memory and CPU of all children together, inodes.

One look at /proc serves all sandboxes (0.8 to 1 ms with some hundred processes); a tenth of a second apart, six
children of 300 MiB were stopped at 423 to 849 MiB (sandbox.md 1.2). So the kernel's own limits stay small, too.
"""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.generators.sandbox.launch import Quota

__all__ = ["Usage", "Watched", "Watchdog", "usage_by_namespace"]

_BURST_S: Final = 1.0
"""CPU seconds that may be used at once: a start of Python takes 0.1 s, numpy 0.3."""
_RESUMED_S: Final = 0.05
_PAGE: Final = os.sysconf("SC_PAGESIZE")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Usage:
    """What the processes of one namespace use together."""

    pids: list[int] = field(default_factory=list)
    memory: int = 0
    cpu_s: float = 0.0


@dataclass(slots=True)
class Watched:
    """A sandbox that is watched.

    Attributes:
        inner: pid of process 1 of its namespace.
        kill: ends it, with a reason.
        paused: whether its processes are stopped because they used more CPU than their share.
        paused_s: for how long in all.
    """

    inner: int
    quota: Quota
    kill: Callable[[str], None]
    namespace: int = 0
    credit_s: float = _BURST_S
    cpu_s: float = 0.0
    paused: bool = False
    paused_s: float = 0.0
    most_memory: int = 0
    denied: Callable[[str, str], None] = lambda who, what: None


class Watchdog:
    """See the module. Call `look` about ten times a second.

    Args:
        now: seconds that never go back.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last = now()
        self._watched: dict[int, Watched] = {}

    def add(
        self,
        inner: int,
        quota: Quota,
        kill: Callable[[str], None],
        denied: Callable[[str, str], None] = lambda who, what: None,
    ) -> Watched:
        """Watch the sandbox whose process 1 is `inner`; `denied` hears who holds it to what."""
        found = Watched(inner, quota, kill, _namespace(inner), denied=denied)
        self._watched[inner] = found
        return found

    def remove(self, inner: int) -> None:
        """Watch it no more."""
        self._watched.pop(inner, None)

    def look_at(self, inner: int) -> Watched | None:
        """What is known of a sandbox, after a look; None where it is not watched."""
        self.look()
        return self._watched.get(inner)

    def look(self) -> None:
        """See what each uses; stop, let go on, or end it."""
        now = self._now()
        elapsed, self._last = now - self._last, now
        if not self._watched:
            return
        usage = usage_by_namespace({each.namespace for each in self._watched.values()})
        for watched in list(self._watched.values()):
            self._hold(watched, usage.get(watched.namespace, Usage()), elapsed)

    def _hold(self, watched: Watched, usage: Usage, elapsed_s: float) -> None:
        quota = watched.quota
        watched.most_memory = max(watched.most_memory, usage.memory)
        if usage.memory > quota.memory:
            watched.denied("watchdog", f"more than {quota.memory >> 20} MiB of memory: it was ended")
            watched.kill(f"it used {usage.memory >> 20} MiB of memory; {quota.memory >> 20} are allowed")
            return
        inodes = _inodes(watched.inner)
        if inodes > quota.inodes:
            watched.denied("watchdog", f"more than {quota.inodes} files: it was ended")
            watched.kill(f"it made {inodes} files; {quota.inodes} are allowed")
            return
        used = max(0.0, usage.cpu_s - watched.cpu_s)
        watched.cpu_s = max(watched.cpu_s, usage.cpu_s)
        watched.credit_s = min(_BURST_S, watched.credit_s + elapsed_s * quota.cpu - used)
        if watched.paused:
            watched.paused_s += elapsed_s
        if watched.credit_s < 0 and not watched.paused:
            watched.paused = True
            watched.denied("watchdog", f"more than {quota.cpu:g} of a core: it has to wait")
            _signal(usage.pids, watched.inner, signal.SIGSTOP)
        elif watched.paused and watched.credit_s > _RESUMED_S:
            watched.paused = False
            _signal(usage.pids, watched.inner, signal.SIGCONT)
        elif watched.paused:  # whoever was forked meanwhile
            _signal(usage.pids, watched.inner, signal.SIGSTOP)


def usage_by_namespace(namespaces: Iterable[int]) -> Mapping[int, Usage]:
    """What the processes of some pid namespaces use, by the namespace's inode."""
    wanted = frozenset(namespaces)
    found: dict[int, Usage] = {}
    for name in os.listdir("/proc"):  # noqa: PTH208
        if not name.isdigit():
            continue
        pid = int(name)
        namespace = _namespace(pid)
        if namespace not in wanted or not namespace:
            continue
        usage = found.setdefault(namespace, Usage())
        with contextlib.suppress(OSError, IndexError, ValueError):
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:  # noqa: PTH123
                fields = file.read().rsplit(")", 1)[1].split()
            usage.pids.append(pid)
            usage.cpu_s += sum(map(int, fields[11:15])) / _TICKS
            usage.memory += int(fields[21]) * _PAGE
    return found


def _namespace(pid: int) -> int:
    """The inode of its pid namespace; 0 when it is gone or not ours to see."""
    try:
        return os.stat(f"/proc/{pid}/ns/pid").st_ino  # noqa: PTH116
    except OSError:
        return 0


def _inodes(inner: int) -> int:
    try:
        scratch = Path("/proc", str(inner), "root", "tmp")
        if scratch.stat().st_dev == Path("/tmp").stat().st_dev:  # it is not mounted yet
            return 0
        found = os.statvfs(scratch)
        return found.f_files - found.f_ffree
    except OSError:
        return 0


def _signal(pids: Iterable[int], inner: int, number: signal.Signals) -> None:
    for pid in pids:
        if pid != inner:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)
