"""Keeps a number of workers: starts another where one has ended, and ends one that hangs. A wiring.

Each worker writes a byte every second. Time counts only while this process runs itself: after the machine has slept
nobody is blamed for what nobody could do.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from marmalade_sc.worker.carrier import GO
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["Pool"]

_BEGIN_S: Final = 60.0
"""Until the first byte: Python and all that it imports, on a busy machine."""
_LEAST_S: Final = 1.0
_LONGEST_S: Final = 30.0
_GAP_S: Final = 2.0
_ANSWER_S: Final = 10.0


@dataclass(slots=True)
class _Worker:
    """A worker: a descriptor of its process, the pipe on which it beats, and when it did."""

    pid: int
    process: int
    pipe: int
    heard: float
    has_beaten: bool = False

    @property
    def has_ended(self) -> bool:
        return bool(select.select([self.process], [], [], 0)[0])

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.process, number)


class Pool:
    """See the module. Call `look` about twice a second.

    Args:
        programs, steps: see `worker.process`.
        silent_s: a worker that does not beat for so long hangs.
        say: takes a sentence about what happened.
    """

    def __init__(
        self,
        around: Surroundings,
        wanted: int,
        *,
        programs: Mapping[str, Sequence[str]] | None = None,
        steps: Sequence[str] = (),
        silent_s: float = 10.0,
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        self.wanted = wanted
        self._around = around
        self._task = json.dumps({"programs": dict(programs or {}), "steps": list(steps)})
        self._say = say
        self._silent_s = silent_s
        self._workers: list[_Worker] = []
        self._nursery: subprocess.Popen[bytes] | None = None
        self._line: socket.socket | None = None
        self._is_ready = False
        self._looked = time.monotonic()
        self._pause_s = _LEAST_S
        self._not_before = 0.0

    @property
    def pids(self) -> list[int]:
        """Of the workers that run."""
        return [each.pid for each in self._workers]

    @property
    def has_beaten(self) -> bool:
        """Whether all workers that are wanted run and have said so."""
        return len(self._workers) == self.wanted and all(each.has_beaten for each in self._workers)

    def look(self) -> None:
        """Do what is to be done now."""
        now = time.monotonic()
        gap, self._looked = now - self._looked, now
        for each in list(self._workers):
            if gap > _GAP_S:
                each.heard += gap
            if select.select([each.pipe], [], [], 0)[0] and os.read(each.pipe, 4096):
                each.heard, each.has_beaten = now, True
                self._pause_s = _LEAST_S
            has_ended = each.has_ended
            if not has_ended and now - each.heard > (self._silent_s if each.has_beaten else _BEGIN_S):
                self._say(f"worker {each.pid} hangs and is replaced")
                each.signal(signal.SIGKILL)
                has_ended = True
            if has_ended:
                self._forget(each)
                if not each.has_beaten:  # it cannot even begin: not ten times a second
                    self._wait(now)
        if self.wanted > len(self._workers) and now >= self._not_before and self._can_begin(now):
            self._fill(now)

    def _wait(self, now: float) -> None:
        self._not_before = now + self._pause_s
        self._pause_s = min(_LONGEST_S, 2 * self._pause_s)

    def stop(self, within_s: float) -> None:
        """Let all finish or give back what they do, and end those that do not."""
        self.wanted = 0
        for each in self._workers:
            each.signal(signal.SIGTERM)
        until = time.monotonic() + within_s
        for each in list(self._workers):
            if not select.select([each.process], [], [], max(0.0, until - time.monotonic()))[0]:
                each.signal(signal.SIGKILL)
            self._forget(each)
        self._end_nursery()

    # The nursery

    def _can_begin(self, now: float) -> bool:
        """Whether there is a nursery that is ready; one is started where there is none."""
        if self._nursery is not None and self._nursery.poll() is not None:
            self._say(f"the nursery of workers has ended with status {self._nursery.returncode}")
            self._end_nursery()
            self._wait(now)
            return False
        if self._nursery is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._nursery = subprocess.Popen(
                    self._around.argv("marmalade_sc.worker.nursery", self._task, str(theirs.fileno())),
                    stdin=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    env=self._around.env(),
                    start_new_session=True,
                )
            self._line = ours
            self._is_ready = False
        assert self._line is not None
        if not self._is_ready and select.select([self._line], [], [], 0)[0]:
            self._is_ready = bool(self._line.recv(64))
        return self._is_ready

    def _fill(self, now: float) -> None:
        assert self._line is not None
        try:
            while len(self._workers) < self.wanted:
                receiving, sending = os.pipe()
                try:
                    socket.send_fds(self._line, [GO], [sending])
                    self._line.settimeout(_ANSWER_S)
                    pid = int(self._line.recv(64))
                    self._workers.append(_Worker(pid, os.pidfd_open(pid), receiving, now))
                except BaseException:
                    os.close(receiving)
                    raise
                finally:
                    os.close(sending)
        except (OSError, ValueError):  # it has ended, or a worker has before it could be seen
            self._wait(now)

    def _end_nursery(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None
        if self._nursery is not None:
            self._nursery.kill()
            self._nursery.wait()
            self._nursery = None
        self._is_ready = False

    def _forget(self, worker: _Worker) -> None:
        os.close(worker.pipe)
        os.close(worker.process)
        self._workers.remove(worker)
