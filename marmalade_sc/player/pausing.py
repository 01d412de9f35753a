"""Everybody's pause: who asks for it names a bar, and all stand still there, or go on together."""

import asyncio
import json
from collections.abc import Callable
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.generators.entrance import entrance
from marmalade_sc.peers.policies import lead_s, ours
from marmalade_sc.peers.station import Station
from marmalade_sc.player.control import Message
from marmalade_sc.player.livelink import LiveLink
from marmalade_sc.player.sharedvalues import SharedValues

__all__ = ["TRANSPORT", "Pausing", "read_transport"]

TRANSPORT: Final = "transport"
"""The register's name."""
_LOOK_S: Final = 0.1
_LATEST_S: Final = 60.0
_READY_S: Final = 0.5
"""The live host is told so long before the moment: what lies nearer is made already."""


def read_transport(data: bytes) -> tuple[bool, int] | None:
    """Whether time goes on, and from which jam time of its writer; None for what is none. Pure."""
    try:
        found = json.loads(data)
        playing, at = found["playing"], found["at"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(playing, bool) or isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < 1 << 64:
        return None
    return playing, at


class Pausing:
    """See the module. For one event loop.

    Args:
        timeline: this player's, as it is now.
        clock: jam time.
        name: of a key, for people.
    """

    def __init__(
        self,
        shared: SharedValues,
        station: Station,
        live: LiveLink,
        timeline: Callable[[], Timeline | None],
        clock: Callable[[], int],
        name: Callable[[bytes], str],
        say: Callable[[str], None],
    ) -> None:
        self._shared = shared
        self._station = station
        self._live = live
        self._timeline = timeline
        self._clock = clock
        self._name = name
        self._say = say
        self._heard: tuple[bytes, int] | None = None

    async def pause(self, message: Message) -> Message:
        """Let time stand still at all players, from the next bar on that all can hear of."""
        return self._ask(False)

    async def resume(self, message: Message) -> Message:
        """Let it go on at all players."""
        return self._ask(True)

    def _ask(self, playing: bool) -> Message:
        now = self._clock()
        ahead = now + round(lead_s(self._station.offset(e.key) for e in self._station.node.members.present) * 2**32)
        at = (0 if playing else entrance(self._timeline(), ahead, 1)) or ahead
        self._shared.tell(TRANSPORT, json.dumps({"playing": playing, "at": at}).encode())
        return {"value": "everybody goes on" if playing else "everybody stands still from the next bar on"}

    async def run(self) -> None:
        """Do what is asked, here as everywhere, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            write = self._shared.current(TRANSPORT)
            if write is None or (write.maker, write.clock) == self._heard:
                continue
            is_first, self._heard = self._heard is None, (write.maker, write.clock)
            found = read_transport(write.value)
            if found is None:
                continue
            playing, at = found
            is_own = write.maker == self._shared.own
            when = at if is_own else ours(at, self._station.offset(write.maker), self._station.since)
            timeline = self._timeline()
            if timeline is None or (is_first and timeline.is_playing(self._clock()) == playing):
                continue  # who comes later finds what holds; where that is so already nothing is done
            await self._do(playing, when, timeline, "" if is_own else self._name(write.maker))

    async def _do(self, playing: bool, when: int | None, timeline: Timeline, who: str) -> None:
        wait_s = ((when or 0) - self._clock()) / UNITS_PER_SECOND
        is_ahead = when is not None and 0 < wait_s <= _LATEST_S
        if who:
            self._say(f"{who} lets everybody {'go on' if playing else 'stand still'}; clock.pause() is yours alone.")
        if playing:
            await asyncio.sleep(wait_s if is_ahead else 0)
            await self._live.ask({"do": "play"})
            return
        bar = ""
        if is_ahead and when is not None:
            # Where all are in phase the moment is a bar of ours; what it is off is the phase's error.
            bar = str(round(timeline.cycle(when)))
            await asyncio.sleep(max(0.0, wait_s - _READY_S))
        await self._live.ask({"do": "pause", **({"at": bar} if bar else {})})
