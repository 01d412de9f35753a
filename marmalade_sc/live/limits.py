"""What code inside a pattern may cost while it plays: a loop in a lambda must not hold the notes of the other tracks.

A timer interrupts a query that has used more of the processor than it may, or that waits (for a file, in a sleep) for
as long. What cannot be interrupted, a single call into C that does not return, is ended by the host, which watches
for signs of life.
"""

import contextlib
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Final

from marmalade_sc.errors import UsageError

__all__ = ["QUERY_S", "TooSlowError", "at_most", "more_memory", "too_slow", "used_memory"]

QUERY_S: Final = 0.08
"""A cycle is asked for right behind a frame, when the notes of the next 100 to 125 ms are under way: a query that is
stopped after this delays nobody's notes."""
_LOOK_S: Final = 0.02


class TooSlowError(BaseException):
    """A query was stopped. No Exception, so that `except Exception` in the code that loops does not hold it."""


@contextlib.contextmanager
def at_most(limit_s: float) -> Iterator[None]:
    """Raise TooSlowError in the block once it has used or slept `limit_s`.

    Processor time counts, not time on the clock: a process that others keep from running has done nothing wrong. Does
    nothing outside the main thread, where signals do not come.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    begun, used, waits = time.monotonic(), time.thread_time(), _waits()

    def look(number: int, frame: FrameType | None) -> None:
        if time.thread_time() - used >= limit_s:
            raise TooSlowError
        if time.monotonic() - begun >= limit_s and _waits() > waits:
            raise TooSlowError

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, min(_LOOK_S, limit_s), _LOOK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before if before is not None else signal.SIG_DFL)


def more_memory(bytes_more: int) -> tuple[int, int]:
    """Let this process grow by so much and no further; returns the limits before, for `resource.setrlimit`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limit = used_memory() + bytes_more
    resource.setrlimit(resource.RLIMIT_AS, (limit if hard < 0 else min(limit, hard), hard))
    return soft, hard


def used_memory() -> int:
    """Bytes of address space."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


def _waits() -> int:
    """How often this thread has given the processor away by itself."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw


def too_slow(name: str, bar: int) -> UsageError:
    """What to say of a pattern that was stopped when it was evaluated."""
    return UsageError(
        f"{name} takes longer than {QUERY_S * 1000:g} ms to make bar {bar}",
        hint="The other tracks would be late. Do what is heavy outside the pattern, once, and play its result.",
    )
