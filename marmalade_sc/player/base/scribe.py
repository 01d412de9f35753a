"""A thread that writes files in order, so that a disk that stalls holds nobody."""

import queue
import threading
from collections.abc import Callable

__all__ = ["Scribe"]

_WAITING = 1000


class Scribe:
    """See the module. What is asked while a thousand jobs wait is dropped."""

    def __init__(self) -> None:
        self._jobs: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, name="scribe", daemon=True)
        self._thread.start()

    def put(self, job: Callable[[], None]) -> None:
        """Do a job behind those that wait. Never blocks; jobs handle their own errors."""
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return

    def close(self, timeout_s: float = 2.0) -> None:
        """Do what waits, and end."""
        try:
            self._jobs.put(None, timeout=timeout_s)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            job()
