"""Keeps a number of workers: starts another where one has ended, and ends one that hangs. A wiring.

Each worker writes a byte every second. Time counts only while this process runs itself: after the machine has slept
nobody is blamed for what nobody could do.
"""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["Pool"]

_SILENT_S: Final = 10.0
_BEGIN_S: Final = 60.0
"""Until the first byte: Python and all that it imports, on a busy machine."""
_LEAST_S: Final = 1.0
_LONGEST_S: Final = 30.0
_GAP_S: Final = 2.0


@dataclass(slots=True)
class _Worker:
    process: "subprocess.Popen[bytes]"
    pipe: int
    begun: float
    heard: float
    has_beaten: bool = False


class Pool:
    """See the module. Call `look` about twice a second.

    Args:
        programs, steps: see `worker.process`.
        say: takes a sentence about what happened.
    """

    def __init__(
        self,
        around: Surroundings,
        wanted: int,
        *,
        programs: Mapping[str, Sequence[str]] | None = None,
        steps: Sequence[str] = (),
        say: Callable[[str], None] = lambda words: None,
    ) -> None:
        self.wanted = wanted
        self._around = around
        self._task = json.dumps({"programs": dict(programs or {}), "steps": list(steps)})
        self._say = say
        self._workers: list[_Worker] = []
        self._looked = time.monotonic()
        self._pause_s = _LEAST_S
        self._not_before = 0.0

    @property
    def pids(self) -> list[int]:
        """Of the workers that run."""
        return [each.process.pid for each in self._workers]

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
            status = each.process.poll()
            if status is None and now - each.heard > (_SILENT_S if each.has_beaten else _BEGIN_S):
                self._say(f"worker {each.process.pid} hangs and is replaced")
                each.process.kill()
                status = each.process.wait()
            if status is not None:
                self._forget(each)
                if status:
                    self._say(f"worker {each.process.pid} has ended with status {status}")
                if not each.has_beaten:  # it cannot even begin: not ten times a second
                    self._not_before = now + self._pause_s
                    self._pause_s = min(_LONGEST_S, 2 * self._pause_s)
        while len(self._workers) < self.wanted and now >= self._not_before:
            self._begin(now)

    def stop(self, within_s: float) -> None:
        """Let all finish or give back what they do, and end those that do not."""
        self.wanted = 0
        for each in self._workers:
            with contextlib.suppress(ProcessLookupError):
                each.process.send_signal(signal.SIGTERM)
        until = time.monotonic() + within_s
        for each in list(self._workers):
            try:
                each.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                each.process.kill()
                each.process.wait()
            self._forget(each)

    def _begin(self, now: float) -> None:
        receiving, sending = os.pipe()
        try:
            process = subprocess.Popen(
                self._around.argv("marmalade_sc.worker.process", self._task, str(sending)),
                stdin=subprocess.DEVNULL,
                pass_fds=(sending,),
                env=self._around.env(),
                start_new_session=True,
            )
        except OSError:
            os.close(receiving)
            raise
        finally:
            os.close(sending)
        self._workers.append(_Worker(process, receiving, now, now))

    def _forget(self, worker: _Worker) -> None:
        os.close(worker.pipe)
        self._workers.remove(worker)
