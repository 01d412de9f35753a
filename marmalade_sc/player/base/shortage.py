"""A process that may open no more files lets nobody in for a while: said in a sentence, and it goes on by itself."""

import asyncio
import errno
import math
import os
import resource
import time
from collections.abc import Callable
from typing import Final

__all__ = ["Shortage"]

_AGAIN_S: Final = 10.0
_SHORT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


class Shortage:
    """An exception handler for an event loop.

    asyncio looks again each second for whoever waits to be let in. Meanwhile it tells of each of them, with a
    traceback: a hundred a second of one server. That is one sentence here, each ten seconds at most; all else is as
    usual.

    Args:
        say: takes the sentence.
    """

    def __init__(self, say: Callable[[str], None], now: Callable[[], float] = time.monotonic) -> None:
        self._say = say
        self._now = now
        self._said = -math.inf

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        """See `asyncio.loop.set_exception_handler`."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _SHORT:
            loop.default_exception_handler(context)
        elif (now := self._now()) - self._said >= _AGAIN_S:
            self._said = now
            self._say(sentence(error))


def sentence(error: OSError) -> str:
    """What to say of an error for which the system is out of something."""
    if error.errno == errno.EMFILE:
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        why = f"a process has {limit} files open, as many as it may (ulimit -n)"
    else:
        why = os.strerror(error.errno or 0).lower()
    return f"Nobody new can connect now: {why}. What plays goes on, and who waits is let in as soon as there is room."
