"""A process above the supervisor that does nothing but outlive it and end all that it left."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from types import FrameType
from typing import Any

from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.player.base.processes import children_of
from marmalade_sc.player.supervision.children import become_subreaper

__all__ = ["guarded"]

_Handler = Callable[[int, FrameType | None], Any] | int | None

_GRACE_S = 0.25
"""All of it may be killed at any time; until it has gone the next player waits."""
_PASSED_ON = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def guarded(run: Callable[[], int]) -> int:
    """Call `run` in a child and end every process that the child leaves behind, however deep and however it ended.

    The kernel's own death signal reaches children only, and is forgotten at a fork: a scsynth started by a child, or
    what a user's code forked, would play on when the supervisor is killed. Orphans become children of this process
    instead. When this process itself is killed, the child gets SIGTERM.

    Only for a process with a single thread.

    Returns:
        What `run` returned, 1 if it raised, or 128 + the number of the signal that ended the child.
    """
    become_subreaper()
    # Blocked signals wait here until sigtimedwait takes them, so none is lost between two calls.
    watched = {signal.SIGCHLD, *_PASSED_ON}
    old = {number: signal.signal(number, _unused) for number in watched}
    signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _run_child(run, old, watched, parent)
    status = _outlive(child, watched)
    _end_all()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
    for number, handler in old.items():
        signal.signal(number, handler)
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _run_child(
    run: Callable[[], int], old: Mapping[signal.Signals, _Handler], watched: set[signal.Signals], parent: int
) -> None:
    code = 1
    try:
        die_with_parent(signal.SIGTERM)
        for number, handler in old.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
        if os.getppid() == parent:
            code = run()
    except BaseException:
        # The fork must end here, whatever happens; printing a traceback is all that is left to do.
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)


def _outlive(child: int, watched: set[signal.Signals]) -> int:
    while True:
        found = signal.sigwait(watched)
        if found in _PASSED_ON:
            os.kill(child, found)
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == child:
                return status
            if pid == 0:
                break


def _end_all() -> None:
    """Give what is left a moment for its own goodbye, then kill it, and what that leaves, until nothing is left."""
    deadline = time.monotonic() + _GRACE_S
    while children := children_of(os.getpid()):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            for pid in children:
                os.kill(pid, signal.SIGKILL)
        signal.sigtimedwait({signal.SIGCHLD}, left_s if left_s > 0 else 0.05)
        _reap()
    _reap()


def _reap() -> None:
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    except ChildProcessError:
        return


def _unused(number: int, frame: FrameType | None) -> None:
    """Only so that the kernel does not throw the signal away."""
