"""MIDI channels: each part gets one that is its own, or one on which nothing else sounds at the time."""

import math
from collections import defaultdict
from typing import Final, NamedTuple

from marmalade_sc.scores.parts import Part

__all__ = ["Channels"]

_COUNT: Final = 16
_PERCUSSION: Final = 9
_BUCKET_MS: Final = 500.0
_MOST_BUCKETS: Final = 64
"""A note that lasts longer than this many buckets is kept in a list of its own."""


class _Sounding(NamedTuple):
    begin_ms: float
    end_ms: float
    origin: Part
    channel: int


class Channels:
    """Which part uses which channel, and which notes sound there when."""

    def __init__(self) -> None:
        self._users: list[list[Part]] = [[] for _ in range(_COUNT)]
        self._buckets: dict[int, list[_Sounding]] = defaultdict(list)
        self._long: list[_Sounding] = []
        self._fresh: list[_Sounding] = []  # not in the buckets yet: most scores never look there

    def assign(self, part: Part, audible_ms: float) -> int:
        """The channel for a note that the part plays now; -1 for a synthdef, which needs none.

        Raises:
            ValueError: there is none; its arguments are a message and a hint.
        """
        if part.instrument.is_synthdef:
            return -1
        channel, origin = self._choose(part, audible_ms), part.origin
        users = self._users[channel]
        if not (users and users[0] is origin) and not any(user is origin for user in users):
            users.append(origin)
        part.channel = origin.channel = channel
        self._fresh.append(_Sounding(part.current_ms, part.current_ms + audible_ms, origin, channel))
        return channel

    def _choose(self, part: Part, audible_ms: float) -> int:
        if part.instrument.is_percussion:
            return _PERCUSSION
        if part.has_own_channel:
            if not self._is_free(part.channel, part) and self._shared(part, audible_ms) != part.channel:
                raise ValueError(
                    f"MIDI channel {part.channel} is taken at {part.current_ms:g} ms, so {part.name} cannot use it",
                    "Give the parts different ones with (midi-channel N).",
                )
            return part.channel
        if part.channel != -1 and self._is_alone(part.channel, part):
            return part.channel
        for channel in range(_COUNT):
            if channel != _PERCUSSION and self._is_free(channel, part):
                return channel
        channel = self._shared(part, audible_ms)
        if channel < 0:
            raise ValueError(
                f"no MIDI channel is left for {part.name} at {part.current_ms:g} ms",
                "15 parts can sound at once beside percussion: let some of them rest here.",
            )
        return channel

    def _is_alone(self, channel: int, part: Part) -> bool:
        users = self._users[channel]
        return len(users) == 1 and users[0] is part.origin

    def _is_free(self, channel: int, part: Part) -> bool:
        return not self._users[channel] or self._is_alone(channel, part)

    def _shared(self, part: Part, audible_ms: float) -> int:
        """A channel on which no other part sounds meanwhile, its own before others; -1 if there is none."""
        for note in self._fresh:
            self._keep(note)
        self._fresh.clear()
        begin, end = part.current_ms, part.current_ms + audible_ms
        taken = {
            note.channel
            for note in self._near(begin, end)
            if note.origin is not part.origin and begin < note.end_ms and end > note.begin_ms
        }
        if part.channel != -1 and part.channel not in taken:
            return part.channel
        for channel in range(_COUNT):
            if channel != _PERCUSSION and channel not in taken:
                return channel
        return -1

    def _keep(self, note: _Sounding) -> None:
        buckets = _span(note.begin_ms, note.end_ms)
        if buckets is None:
            self._long.append(note)
        else:
            for bucket in buckets:
                self._buckets[bucket].append(note)

    def _near(self, begin_ms: float, end_ms: float) -> list[_Sounding]:
        buckets = _span(begin_ms, end_ms)
        found = list(self._long)
        for bucket in sorted(self._buckets) if buckets is None else buckets:
            found += self._buckets.get(bucket, ())
        return found


def _span(begin_ms: float, end_ms: float) -> range | None:
    """The buckets that a time touches; None when there are very many."""
    if not (math.isfinite(begin_ms) and math.isfinite(end_ms)) or end_ms - begin_ms > _BUCKET_MS * _MOST_BUCKETS:
        return None
    return range(int(begin_ms // _BUCKET_MS), int(end_ms // _BUCKET_MS) + 1)
