"""Everybody's pause: who asks for it names a bar, and all stand still there, or go on together."""

import asyncio
import json
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.generators.entrance import entrance
from marmalade_sc.peers.policies import lead_s, ours
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.shared.keeping import Keeping, Unseen

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
    """See the module. For one event loop."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._unseen = Unseen()

    async def pause(self, message: Message) -> Message:
        """Let time stand still at all players, from the next bar on that all can hear of."""
        return self._ask(False)

    async def resume(self, message: Message) -> Message:
        """Let it go on at all players."""
        return self._ask(True)

    def _ask(self, playing: bool) -> Message:
        station, now = self._keeping.station, self._keeping.clock()
        ahead = now + round(lead_s(station.offset(e.key) for e in station.node.members.present) * UNITS_PER_SECOND)
        at = (0 if playing else entrance(self._keeping.timeline(), ahead, 1)) or ahead
        self._keeping.shared.tell(TRANSPORT, json.dumps({"playing": playing, "at": at}).encode())
        return {"value": "everybody goes on" if playing else "everybody stands still from the next bar on"}

    async def run(self) -> None:
        """Do what is asked, here as everywhere, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            write = self._keeping.shared.current(TRANSPORT)
            is_first = self._unseen.is_first(TRANSPORT)
            if write is None or not self._unseen.take(TRANSPORT, write):
                continue
            found = read_transport(write.value)
            if found is None:
                continue
            playing, at = found
            who, station = self._keeping.who(write), self._keeping.station
            when = ours(at, station.offset(write.maker), station.since) if who else at
            timeline = self._keeping.timeline()
            if timeline is None or (is_first and timeline.is_playing(self._keeping.clock()) == playing):
                continue  # who comes later finds what holds; where that is so already nothing is done
            await self._do(playing, when, timeline, who)

    async def _do(self, playing: bool, when: int | None, timeline: Timeline, who: str) -> None:
        wait_s = ((when or 0) - self._keeping.clock()) / UNITS_PER_SECOND
        is_ahead = when is not None and 0 < wait_s <= _LATEST_S
        if who:
            self._keeping.say(
                f"{who} lets everybody {'go on' if playing else 'stand still'}; clock.pause() is yours alone."
            )
        if playing:
            await asyncio.sleep(wait_s if is_ahead else 0)
            await self._keeping.live.ask({"do": "play"})
            return
        bar = ""
        if is_ahead and when is not None:
            # Where all are in phase the moment is a bar of ours; what it is off is the phase's error.
            bar = str(round(timeline.cycle(when)))
            await asyncio.sleep(max(0.0, wait_s - _READY_S))
        await self._keeping.live.ask({"do": "pause", **({"at": bar} if bar else {})})
