"""Keeps this player's bars with those of the jam: follows who set them last, and tells the others what is set here."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final, cast

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import JamError, PeerError, TimelineError
from marmalade_sc.jam import keys
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.peers.grid import TIMELINE, SharedGrid, correction, grid_of, read_grid
from marmalade_sc.peers.records import RegisterWrite
from marmalade_sc.peers.station import Station
from marmalade_sc.player.livelink import LiveLink
from marmalade_sc.player.sharedvalues import SharedValues

__all__ = ["Timekeeper"]

_LOOK_S: Final = 0.25
_ALONE_S: Final = 3.0
"""So long a newcomer listens before it tells others of bars of its own."""
_SETTLE_S: Final = 2.0
"""Between two corrections: the first must have landed before the next is measured."""


class Timekeeper:
    """See the module.

    Args:
        clock: jam time; `origin` is its constant, by which records of this session are told from older ones.
        monotonic: seconds.
    """

    def __init__(
        self,
        shared: SharedValues,
        station: Station,
        live: LiveLink,
        state: StateLog,
        clock: Callable[[], int],
        origin: int,
        monotonic: Callable[[], float],
        say: Callable[[str], None],
    ) -> None:
        self._shared = shared
        self._station = station
        self._live = live
        self._state = state
        self._clock = clock
        self._origin = origin
        self._monotonic = monotonic
        self._say = say
        self._begun = monotonic()
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
            if timeline is not None and timeline.is_playing(self._clock()):
                await self._keep(timeline)

    async def _keep(self, timeline: Timeline) -> None:
        write, now = self._shared.current(TIMELINE), self._clock()
        own = grid_of(timeline, now)
        law = (own.bpm, str(own.beats))
        was_changed = self._law is not None and law != self._law
        self._law = law
        if write is None:
            if self._monotonic() - self._begun > _ALONE_S:
                self._tell(own)
        elif write.maker == self._shared.own:
            if timeline.revision != self._revision:
                self._tell(own)
        elif was_changed and law != self._heard_law(write):
            self._tell(own)  # somebody here has set another tempo: it is the jam's from now on
        elif self._shared.is_heir(write):
            self._tell(own)
        else:
            await self._follow(write, timeline, now)
        self._revision = timeline.revision

    async def _follow(self, write: RegisterWrite, timeline: Timeline, now: int) -> None:
        if self._monotonic() < self._next:
            return
        try:
            grid = read_grid(write.value)
        except PeerError:
            return
        offset = self._station.offset(write.maker)
        found = correction(grid, offset, self._station.since, timeline, now)
        if found.bpm is not None:
            self._next = self._monotonic() + _SETTLE_S
            self._law = (found.bpm, str(grid.beats))
            self._say(f"The jam plays at {found.bpm:g} bpm; so do you from the next bar on.")
            await self._live.ask({"do": "tempo", "bpm": found.bpm})
        elif found.nudge_s:
            self._next = self._monotonic() + _SETTLE_S
            await self._live.ask({"do": "nudge", "seconds": found.nudge_s})

    def _heard_law(self, write: RegisterWrite) -> tuple[float, str] | None:
        try:
            grid = read_grid(write.value)
        except PeerError:
            return None
        return grid.bpm, str(grid.beats)

    def _tell(self, grid: SharedGrid) -> None:
        if grid != self._written and self._shared.tell(TIMELINE, grid.to_bytes()):
            self._written = grid

    def _timeline(self) -> Timeline | None:
        """The timeline of this session, as the live host wrote it; in a thread."""
        with contextlib.suppress(JamError, TimelineError, KeyError, TypeError):
            row = self._state.latest(keys.timeline())
            if str(row.get("origin")) == str(self._origin):
                return Timeline.from_json(cast(dict[str, object], row["timeline"]))
        return None
