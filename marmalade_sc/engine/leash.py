"""A child that does not outlive its parent, however that ends: the kernel sees to it."""

import ctypes
import signal
from typing import Final

__all__ = ["die_with_parent"]

_PR_SET_PDEATHSIG: Final = 1
_LIBRARY: Final = ctypes.CDLL(None, use_errno=True)
"""Loaded here: after a fork nothing should have to be looked for."""


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Have the kernel send this process signal `number` when the thread that forked it ends.

    For a child right after its fork; the kernel forgets the wish at every fork. A parent that ended before the call is
    noticed by the caller's own check of getppid().

    Raises:
        OSError: the kernel refused.
    """
    if _LIBRARY.prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
