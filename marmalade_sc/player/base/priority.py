"""How far a process stands back for others. Linux divides a core by session first; nice counts within one only."""

import contextlib
import os
from pathlib import Path
from typing import Final

__all__ = ["be_quick", "stand_back"]

_SESSION: Final = Path("/proc/self/autogroup")


def stand_back(nice: int) -> None:
    """Give this process the priority `nice` (-20 to 19, the highest stands back most), and its session the same.

    Where the kernel groups by session (`kernel.sched_autogroup_enabled`, as on most desktops) nice did nothing between
    our processes, which have a session each: at a load of 10 on two cores one of nice -10 got 0.66 of a core, as all
    others did; with its session's it gets 0.88. Only for a process that leads its session. Does what the system lets
    us do: below 0 takes rights.
    """
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    with contextlib.suppress(OSError):
        _SESSION.write_text(str(nice))


def be_quick() -> None:
    """Ask for a real-time class below the audio's own; without the right to it, a better nice; else as it is."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(5))
