"""Keeps this player's bars with those of the jam: follows who set them last, and tells the others what is set here."""

import asyncio
import contextlib
from typing import Final, cast

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import JamError, PeerError, TimelineError
from marmalade_sc.jam import keys
from marmalade_sc.peers.grid import TIMELINE, SharedGrid, correction, grid_of, read_grid
from marmalade_sc.peers.records import RegisterWrite
from marmalade_sc.player.shared.keeping import Keeping

__all__ = ["Timekeeper"]

_LOOK_S: Final = 0.25
_ALONE_S: Final = 3.0
"""So long a newcomer listens before it tells others of bars of its own."""
_SETTLE_S: Final = 2.0
"""Between two corrections: the first must have landed before the next is measured."""


class Timekeeper:
    """See the module. `origin` is the constant of jam time: it tells records of this session from older ones."""

    def __init__(self, keeping: Keeping, origin: int) -> None:
        self._keeping = keeping
        self._origin = origin
        self._begun = keeping.monotonic()
        self._next = 0.0
        self._revision = -1
        self._law: tuple[float, str] | None = None
        self._written: SharedGrid | None = None
        self.timeline: Timeline | None = None
        """This player's own, as it was a moment ago."""

    async def run(self) -> None:
        """Keep time, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            self.timeline = timeline = await asyncio.to_thread(self._timeline)
            if timeline is not None and timeline.is_playing(self._keeping.clock()):
                await self._keep(timeline)

    async def _keep(self, timeline: Timeline) -> None:
        write, now = self._keeping.shared.current(TIMELINE), self._keeping.clock()
        own = grid_of(timeline, now)
        law = (own.bpm, str(own.beats))
        was_changed = self._law is not None and law != self._law
        self._law = law
        if write is None:
            if self._keeping.monotonic() - self._begun > _ALONE_S:
                self._tell(own)
        elif write.maker == self._keeping.shared.own:
            if timeline.revision != self._revision:
                self._tell(own)
        elif was_changed and law != self._heard_law(write):
            self._tell(own)  # somebody here has set another tempo: it is the jam's from now on
        elif self._keeping.shared.is_heir(write):
            self._tell(own)
        else:
            await self._follow(write, timeline, now)
        self._revision = timeline.revision

    async def _follow(self, write: RegisterWrite, timeline: Timeline, now: int) -> None:
        if self._keeping.monotonic() < self._next:
            return
        try:
            grid = read_grid(write.value)
        except PeerError:
            return
        offset = self._keeping.station.offset(write.maker)
        found = correction(grid, offset, self._keeping.station.since, timeline, now)
        if found.bpm is not None:
            self._next = self._keeping.monotonic() + _SETTLE_S
            self._law = (found.bpm, str(grid.beats))
            self._keeping.say(f"The jam plays at {found.bpm:g} bpm; so do you from the next bar on.")
            await self._keeping.live.ask({"do": "tempo", "bpm": found.bpm})
        elif found.nudge_s:
            self._next = self._keeping.monotonic() + _SETTLE_S
            await self._keeping.live.ask({"do": "nudge", "seconds": found.nudge_s})

    def _heard_law(self, write: RegisterWrite) -> tuple[float, str] | None:
        try:
            grid = read_grid(write.value)
        except PeerError:
            return None
        return grid.bpm, str(grid.beats)

    def _tell(self, grid: SharedGrid) -> None:
        if grid != self._written and self._keeping.shared.tell(TIMELINE, grid.to_bytes()):
            self._written = grid

    def _timeline(self) -> Timeline | None:
        """The timeline of this session, as the live host wrote it; in a thread."""
        with contextlib.suppress(JamError, TimelineError, KeyError, TypeError):
            row = self._keeping.state.latest(keys.timeline())
            if str(row.get("origin")) == str(self._origin):
                return Timeline.from_json(cast(dict[str, object], row["timeline"]))
        return None
