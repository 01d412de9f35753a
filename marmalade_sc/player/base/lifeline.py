"""What a process of the player owes its supervisor: to say when it is ready, and to end when the supervisor does."""

import contextlib
import gc
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Coroutine

__all__ = ["LIFELINE", "READY", "TURN", "await_turn", "going_on", "is_cut", "ready", "serve", "settle", "watch"]

LIFELINE = "MARMALADE_LIFELINE_FD"
"""Names the read end of a pipe whose only write end the supervisor holds: it closes with the supervisor."""

READY = "MARMALADE_READY_FD"
"""Names the pipe on which a process writes `ready` once, when others may rely on it; before that a dot for each step
towards it."""

TURN = "MARMALADE_TURN_FD"
"""Names the pipe that says when a process may begin: it imports while what it stands on still comes up."""

_GRACE_S = 2.0


def ready() -> None:
    """Tell the supervisor that this process can be used. Does nothing without one, and nothing the second time."""
    if (fd := _taken(READY)) is not None:
        with contextlib.suppress(OSError):
            os.write(fd, b"ready\n")
            os.close(fd)


def going_on() -> None:
    """Tell the supervisor that this process has done a part of what it must before it is ready: its time begins anew.

    For what is much work on a slow or busy machine, such as the synthdefs of a first start. Does nothing without one.
    """
    text = os.environ.get(READY, "")
    if text.isdecimal():
        with contextlib.suppress(OSError):
            os.write(int(text), b".")


def await_turn() -> None:
    """Return when the processes that this one follows can be used; end where the supervisor does. Once, after imports.

    Returns at once without a supervisor, or where it has said so before.
    """
    if (fd := _taken(TURN)) is not None:
        with os.fdopen(fd, "rb") as turn:
            if not turn.read(1):
                sys.exit(0)


def settle() -> None:
    """What is there now stays: collecting garbage leaves it out from here on, else each time costs tens of ms."""
    gc.collect()
    gc.freeze()


def watch(callback: Callable[[], None] | None = None, *, grace_s: float = _GRACE_S) -> threading.Thread | None:
    """Call `callback` in a thread when the supervisor has ended, however it ended; then end this process.

    Without `callback` the process sends itself SIGTERM. If it still runs `grace_s` seconds later it is killed. A thread
    does not survive a fork: a forked child calls `watch` again. Without a supervisor nothing is watched.

    Returns:
        The daemon thread that watches, or None.
    """
    text = os.environ.get(LIFELINE, "")
    if not text.isdecimal():
        return None
    fd = int(text)
    thread = threading.Thread(target=_wait, args=(fd, callback, grace_s), name="lifeline", daemon=True)
    thread.start()
    return thread


def is_cut() -> bool:
    """Whether the supervisor has ended, or just does. One that is killed closes its files before it loses its children:
    for a moment, and on a busy machine for some milliseconds, it is still their parent."""
    text = os.environ.get(LIFELINE, "")
    if not text.isdecimal():
        return False
    poll = select.poll()
    poll.register(int(text), 0)  # its other end's going is told unasked
    return bool(poll.poll(0))


def _wait(fd: int, callback: Callable[[], None] | None, grace_s: float) -> None:
    with contextlib.suppress(OSError):
        while os.read(fd, 64):
            continue
    hard = threading.Timer(grace_s, os.kill, (os.getpid(), signal.SIGKILL))
    hard.daemon = True
    hard.start()
    if callback is None:
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        callback()


def _taken(name: str) -> int | None:
    """The descriptor that the variable names, taken out of the environment so that children do not use it."""
    text = os.environ.pop(name, "")
    return int(text) if text.isdecimal() else None


def serve(run: Callable[[], Coroutine[object, object, None]], say: Callable[[str], None]) -> None:
    """Run a process's work in an event loop until SIGTERM, or until the supervisor is gone; Ctrl-C is not for us.

    Args:
        say: takes a sentence for people, where the process can open no more files.
    """
    import asyncio  # 40 ms of a start, of whoever has no loop

    from marmalade_sc.player.base.shortage import Shortage

    async def work() -> None:
        task = asyncio.ensure_future(run())
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(Shortage(say))
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        loop.add_signal_handler(signal.SIGINT, lambda: None)

        def orphaned() -> None:
            loop.call_soon_threadsafe(task.cancel)

        watch(orphaned)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(work())
