"""Keeps this player's schedule with that of the jam: what is set or edited here is told, what others set is taken."""

import asyncio
import contextlib
import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import JamError, PeerError, UsageError
from marmalade_sc.jam import keys
from marmalade_sc.peers.agenda import AGENDA, Agenda, read_agenda
from marmalade_sc.peers.policies import ours
from marmalade_sc.peers.records import RegisterWrite
from marmalade_sc.player.generators.following import SCHEDULE
from marmalade_sc.player.shared.keeping import Keeping
from marmalade_sc.sdk.schedule import Schedule, merged

__all__ = ["Schedulekeeper"]

_LOOK_S: Final = 0.5
_ALONE_S: Final = 3.0
_UNKNOWN_S: Final = 5.0
"""So long the clock of whoever set a schedule is waited for; then it begins with the next bar."""
_KEPT: Final = 3000

Entry = tuple[str, Mapping[str, object]]


class Schedulekeeper:
    """See the module. For one event loop."""

    def __init__(self, keeping: Keeping) -> None:
        self._keeping = keeping
        self._begun = keeping.monotonic()
        self._seen: str | None = None
        self._taken: tuple[bytes, int] | None = None
        self._waiting_since = math.inf
        self._context: object = None
        self._told: tuple[bytes, Schedule] | None = None

    async def run(self) -> None:
        """Keep it, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            timeline = self._keeping.timeline()
            if timeline is not None:
                newest, place = await asyncio.to_thread(self._read)
                # What is set is followed from the next bar on; until then a place is in the schedule before it.
                is_followed = newest is not None and place is not None and _ms(place) >= _ms(newest)
                is_edit = newest is not None and not isinstance(newest[1].get("begin"), int)
                await self._keep(timeline, newest, place[1] if place is not None and (is_followed or is_edit) else None)

    async def _keep(self, timeline: Timeline, newest: Entry | None, place: Mapping[str, object] | None) -> None:
        write = self._keeping.shared.current(AGENDA)
        identity = newest[0] if newest is not None else ""
        is_first, is_news = self._seen is None, identity != self._seen
        self._seen = identity
        if newest is not None and is_news and not is_first and "from" not in newest[1]:
            self._tell(timeline, newest[1], place)
        elif write is None:
            if newest is not None and place is not None and self._keeping.monotonic() - self._begun > _ALONE_S:
                self._tell(timeline, newest[1], place, is_old=True)
        elif write.maker == self._keeping.shared.own or self._keeping.shared.is_heir(write):
            self._taken = write.identity
            if newest is not None and place is not None and place.get("context") != self._context:
                self._tell(timeline, newest[1], place, is_old=True)
        elif write.identity != self._taken:
            await self._take(write, timeline, newest, place)

    # Told

    def _tell(
        self, timeline: Timeline, record: Mapping[str, object], place: Mapping[str, object] | None, is_old: bool = False
    ) -> None:
        """The schedule that is played here, to all. `is_old`: it has been played already, and goes on."""
        begin = record.get("begin")
        is_new = isinstance(begin, int) and not is_old
        try:
            schedule = Schedule.from_json(record.get("schedule"))
            if place is not None and not is_new:
                # What is edited is there merged only where it was followed already; merging again changes nothing.
                schedule = merged(Schedule.from_json(place.get("schedule")), schedule)
            context, since, count = schedule.start, begin, 0
            if not is_new and place is not None and place.get("context") in schedule.nodes:
                context, since, count = str(place["context"]), place.get("since"), int(str(place.get("count") or 0))
            bar = since if isinstance(since, int) else math.floor(timeline.cycle(self._keeping.clock()))
            seed = record.get("seed")
            number = seed if isinstance(seed, int) else 0
            at = max(0, timeline.timetag(Fraction(bar)))
            value = Agenda(schedule, not is_new, number, context, count, at).to_bytes()
        except UsageError:
            return  # what is no schedule is nobody's
        except ValueError as error:
            self._keeping.say(f"The others keep their schedule, this one is too long for them: {error}.")
            self._context = place.get("context") if place is not None else None
            return
        if self._keeping.shared.tell(AGENDA, value):
            self._context = place.get("context") if place is not None else None

    # Taken

    async def _take(
        self, write: RegisterWrite, timeline: Timeline, newest: Entry | None, place: Mapping[str, object] | None
    ) -> None:
        mark = write.identity
        if newest is not None and (newest[1].get("from_key"), newest[1].get("clock")) == (write.maker.hex(), mark[1]):
            self._taken = mark  # this process was started anew; it had taken it before
            return
        try:
            agenda = read_agenda(write.value)
        except PeerError:
            self._taken = mark
            return
        if agenda.is_edit and place is not None and self._is_ours(agenda, place):
            self._taken = mark  # only told where its writer is by now
            return
        offset = self._keeping.station.offset(write.maker)
        if offset is None:
            self._waiting_since = min(self._waiting_since, self._keeping.monotonic())
            if self._keeping.monotonic() - self._waiting_since < _UNKNOWN_S:
                return
        self._waiting_since = math.inf
        now = self._keeping.clock()
        at = ours(agenda.at, offset, self._keeping.station.since)
        bar = round(timeline.cycle(at)) if at is not None else math.floor(timeline.cycle(now)) + 1
        goes_on = agenda.is_edit and place is not None and self._taken is not None
        record: dict[str, object] = {
            "schedule": agenda.schedule.to_json(),
            "seed": agenda.seed,
            "begin": None if goes_on else bar,
            "context": agenda.context,
            "count": agenda.count,
            "from": self._keeping.name(write.maker),
            "from_key": write.maker.hex(),
            "clock": write.clock,
        }
        if await asyncio.to_thread(self._keeping.state.append, now, [(SCHEDULE, record, _KEPT)]):
            self._taken = mark
            who, told = self._keeping.title(write.maker), (write.maker, agenda.schedule)
            if told != self._told:  # its writer tells once more where it is, before this player is there itself
                self._told = told
                self._keeping.say(f"The jam's schedule is {who}'s from now on: jam.schedule() shows it.")

    @staticmethod
    def _is_ours(agenda: Agenda, place: Mapping[str, object]) -> bool:
        with contextlib.suppress(UsageError):
            return Schedule.from_json(place.get("schedule")).nodes == agenda.schedule.nodes
        return False

    def _read(self) -> tuple[Entry | None, Entry | None]:
        """The newest entry, and where this player is; in a thread."""
        with contextlib.suppress(JamError):
            return self._keeping.state.newest(SCHEDULE), self._keeping.state.newest(keys.SCHEDULE_PLACE)
        return None, None


def _ms(entry: Entry) -> int:
    return int(entry[0].partition("-")[0])
