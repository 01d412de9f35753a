"""Hybrid logical clocks: order for things that several players write, near their wall clocks, never going back. Pure.

A value counts milliseconds since 1970 in its upper 48 bits and steps within one in the lower 16 (Kulkarni and others,
"Logical Physical Clocks", 2014).
"""

from collections.abc import Callable
from typing import Final

__all__ = ["STEPS_BITS", "HybridClock", "hybrid_milliseconds"]

STEPS_BITS: Final = 16
_MOST_AHEAD_MS: Final = 10_000


def hybrid_milliseconds(value: int) -> int:
    """The milliseconds since 1970 in a value."""
    return value >> STEPS_BITS


class HybridClock:
    """One player's clock. `wall_ms` is its wall clock, which may jump."""

    def __init__(self, wall_ms: Callable[[], int]) -> None:
        self._wall_ms = wall_ms
        self._last = 0

    def tick(self) -> int:
        """A value later than all that it has given or heard."""
        self._last = max(self._last + 1, self._wall_ms() << STEPS_BITS)
        return self._last

    def hear(self, value: int) -> bool:
        """Somebody's value: what we write from now on is later. False, and ignored, where it lies far in the future."""
        if hybrid_milliseconds(value) > self._wall_ms() + _MOST_AHEAD_MS:
            return False
        self._last = max(self._last, value)
        return True
