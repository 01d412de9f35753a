"""The clocks that say what jam time it is: the real one and one that a test or a render moves by hand."""

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from marmalade_sc.clock.timetag import UNITS_PER_SECOND, nanoseconds_to_units, ntp_from_unix_nanoseconds

__all__ = ["Clock", "JamClock", "VirtualClock", "WallMap", "wait", "waited_s"]


class Clock(Protocol):
    """Something that knows jam time and can wait for it."""

    def now(self) -> int:
        """Jam time as a timetag. Never blocks."""

    def sleep_until(self, when: int) -> None:
        """Block the calling thread until jam time `when`; returns at once when that is past."""


@dataclass(frozen=True, slots=True)
class JamClock:
    """Jam time: CLOCK_MONOTONIC plus a constant that is fixed when the jam starts.

    Steps of the wall clock do not touch it. It stands still while the machine sleeps.

    Attributes:
        origin: timetag that is added to the monotonic clock.
    """

    origin: int

    @classmethod
    def begin(cls, not_before: int = 0) -> "JamClock":
        """A clock for a jam that starts now: jam time begins at the wall clock's NTP time.

        Args:
            not_before: the latest timetag that the jam's past holds. A jam goes on after it even where the wall
                clock went back, so that ids of stream entries keep growing.
        """
        monotonic = nanoseconds_to_units(time.monotonic_ns())
        ntp = ntp_from_unix_nanoseconds(time.time_ns())
        return cls(max(ntp, not_before + UNITS_PER_SECOND) - monotonic)

    def now(self) -> int:
        return nanoseconds_to_units(time.monotonic_ns()) + self.origin

    def sleep_until(self, when: int) -> None:
        wait((when - self.now()) / UNITS_PER_SECOND)


class VirtualClock:
    """Jam time that moves only when it is told to: for renders and tests. One thread at a time."""

    def __init__(self, start: int = 0) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def sleep_until(self, when: int) -> None:
        self._now = max(self._now, when)

    def advance(self, units: int) -> None:
        """Move on by `units` (>= 0) of 2**-32 s."""
        self._now += units


def wait(seconds_s: float, wake: threading.Event | None = None) -> bool:
    """Block for `seconds_s`, or until `wake` is set. True when `wake` was set. Not in an event loop."""
    if wake is not None:
        return wake.wait(max(0.0, seconds_s))
    if seconds_s > 0:
        time.sleep(seconds_s)
    return False


@dataclass(frozen=True, slots=True)
class WallMap:
    """How jam time maps to the system's wall clock at one moment, and whether that clock was stepped since.

    Attributes:
        offset: NTP timetag minus jam timetag.
    """

    offset: int

    @classmethod
    def measure(cls, clock: JamClock) -> "WallMap":
        """Read both clocks as close together as can be: the tightest of five pairs (each about 100 ns wide)."""
        best_width = best_offset = None
        for _ in range(5):
            before = time.monotonic_ns()
            wall = time.time_ns()
            after = time.monotonic_ns()
            if best_width is None or after - before < best_width:
                middle = (before + after) // 2
                best_width = after - before
                best_offset = ntp_from_unix_nanoseconds(wall) - nanoseconds_to_units(middle) - clock.origin
        assert best_offset is not None
        return cls(best_offset)

    def step_since(self, older: "WallMap") -> int:
        """By how many units the wall clock moved against jam time since `older` was measured."""
        return self.offset - older.offset

    def ntp(self, jam_time: int) -> int:
        """The NTP timetag of a jam time."""
        return jam_time + self.offset


def waited_s(pid: int) -> float:
    """For how many seconds a process was ready to run and did not, as Linux counts it; 0 where nobody does.

    What hangs is told from what only got no processor by the growth of this.
    """
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0
