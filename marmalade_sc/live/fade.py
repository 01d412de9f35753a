"""One pattern goes while another comes: each note's gain by the place where it begins, exactly, live and rendered."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.pattern import Pattern, Run

__all__ = ["crossfade"]


def crossfade(old: Pattern, new: Pattern, begin: Fraction, cycles: Fraction) -> Pattern:
    """`old` before cycle `begin`, `new` from `begin + cycles` on, and in between both, at equal power.

    A note's gain is that of the instant at which it begins: cos and sin of a quarter turn, so that the power of two
    sounds that have nothing to do with each other stays the same. Values that are no controls are left as they are.

    Args:
        cycles: how long it takes, above 0.
    """
    end = begin + cycles

    def share(event: Event) -> float:
        return float((event.extent.begin - begin) / cycles) * math.pi / 2

    def gone(event: Event) -> float:
        return math.cos(share(event)) if event.extent.begin >= begin else 1.0

    def come(event: Event) -> float:
        return math.sin(share(event)) if event.extent.begin < end else 1.0

    def ask(first: Fraction, last: Fraction, run: Run) -> list[Event]:
        found: list[Event] = []
        # The new one first: its notes then have the same places among those of an instant as when it plays alone.
        if last > begin:
            found += [_scaled(each, come) for each in new.ask(max(first, begin), last, run) if _begins(each, begin)]
        if first < end:
            found += [_scaled(each, gone) for each in old.ask(first, min(last, end), run)]
        return found

    return Pattern(ask)


def _begins(event: Event, begin: Fraction) -> bool:
    """Whether it begins at `begin` or later: what the new pattern would have begun before does not sound."""
    return event.extent.begin >= begin


def _scaled(event: Event, gain: Callable[[Event], float]) -> Event:
    value, factor = event.value, gain(event)
    if not isinstance(value, Mapping) or factor == 1.0:
        return event
    try:
        return event.with_value({**value, "gain": float(value.get("gain", 1.0)) * factor})
    except (TypeError, ValueError):
        return event
