"""Generators in their sandboxes, played together under a virtual clock: faster than real time, and always alike.

Frame k sees the state written up to frame k-2, as it does live; writes are committed at a frame's end, in the order of
the instances. What a gateway would refuse is refused, what it would hold back comes as late as it would.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import GeneratorError, JamError, MarmaladeError
from marmalade_sc.generators.gateway.policy import TRACK, Bounds, Bucket, Scope, checked
from marmalade_sc.generators.rehearsal.partner import Answer, Partner, Row, Surroundings
from marmalade_sc.generators.rehearsal.take import Account, Heard, Moved, Role, Take, Told, introduction
from marmalade_sc.generators.sandbox.watchdog import Watchdog
from marmalade_sc.sdk.memory import Entry
from marmalade_sc.sdk.stage import begin_of, frame_at, milliseconds_of
from marmalade_sc.sdk.transport import LOOKAHEAD

__all__ = ["rehearse"]

_LOOK_S: Final = 0.1
_MOST_KEPT: Final = 1_000_000
"""Frames and entries of one rehearsal: some hours of music."""


class _Door:
    """What the gateway of an instance would do with its requests, in virtual time."""

    def __init__(self, role: Role) -> None:
        self._scope = Scope(role.path, role.grants)
        self._bounds = Bounds()
        self._now_s = 0.0
        self._commands = Bucket(self._bounds.commands, 2 * self._bounds.commands, lambda: self._now_s)
        self._data = Bucket(self._bounds.data, 2 * self._bounds.data, lambda: self._now_s)

    def pace(self, answer: Answer, now: int) -> int:
        """How long the requests of a frame are held back, in timetag units."""
        self._now_s = max(self._now_s, now / UNITS_PER_SECOND)
        count = len(answer.frames) + len(answer.writes)
        if not count:
            return 0
        wait_s = max(self._commands.take(count), self._data.take(answer.size))
        return round(wait_s * UNITS_PER_SECOND)

    def written(self, key: str, fields: Sequence[bytes], at_ms: int) -> list[bytes]:
        """The fields of an entry as it is written. Raises JamError where it may not be."""
        server, request = checked([b"XADD", key.encode(), b"%d-*" % at_ms, *fields], self._scope, self._bounds, at_ms)
        if server != "state":
            raise JamError("notes are written as frames")
        return request[6:]


async def rehearse(
    roles: Sequence[Role],
    around: Surroundings,
    timeline: Timeline,
    start: int,
    end: int,
    *,
    is_lenient: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> Take:
    """Play from jam time `start` to `end`.

    Args:
        is_lenient: a fault of one of them is noted in its account and the others play on; else it is raised.
        progress: called with a share from 0 to 1; may raise to cancel.

    Raises:
        WallClockError: one of them was not written with the SDK.
        GeneratorError: one of them breaks down.
    """
    take = Take(roles, timeline, around.folder)
    watchdog = Watchdog()
    partners: list[Partner] = []
    watching = asyncio.create_task(_watch(watchdog))
    try:
        for role in roles:
            take.accounts[role.path] = Account()
        starting = [
            asyncio.create_task(Partner.start(role, number, around, take.accounts[role.path], watchdog))
            for number, role in enumerate(roles)
        ]
        await asyncio.wait(starting)
        partners = [task.result() for task in starting if not task.exception()]
        for role, task in zip(roles, starting, strict=True):
            if (error := task.exception()) is not None:
                _note_fault(take.accounts[role.path], error, is_lenient)
        partners.sort(key=lambda each: each.role.path)
        await _play(take, partners, start, end, is_lenient, progress)
        return take
    finally:
        watching.cancel()
        for each in partners:
            await each.close()


async def _watch(watchdog: Watchdog) -> None:
    while True:
        watchdog.look()
        await asyncio.sleep(_LOOK_S)


def _note_fault(account: Account, error: BaseException, is_lenient: bool) -> None:
    account.is_fault = True
    if not (is_lenient and type(error) is GeneratorError):  # what was not written with the SDK is another matter
        raise error
    account.why = account.why or error.message


async def _play(
    take: Take,
    partners: Sequence[Partner],
    start: int,
    end: int,
    is_lenient: bool,
    progress: Callable[[float], None],
) -> None:
    timeline = take.timeline
    doors = {each.role.path: _Door(each.role) for each in partners}
    frame, count = frame_at(start), 0
    before_ms = milliseconds_of(frame - 4)
    fresh: list[Row] = []
    for role in take.roles:
        fresh += [(key, before_ms, 0, fields) for key, fields in introduction(role)]
    while begin_of(frame) < end:
        there = [each for each in partners if each.is_there]
        if not there:
            break
        asking = (each.ask(frame, fresh, timeline) for each in there)
        answers = await asyncio.gather(*asking, return_exceptions=True)
        now = begin_of(frame) - LOOKAHEAD
        cycle, at_ms = timeline.cycle(begin_of(frame)), milliseconds_of(frame)
        fresh = []
        for partner, answer in zip(there, answers, strict=True):
            if isinstance(answer, BaseException):
                _note_fault(partner.account, answer, is_lenient)
                continue
            if answer is None:
                continue
            door, role = doors[partner.role.path], partner.role
            arrived = now + door.pace(answer, now)
            take.heard += [Heard(arrived, role.key, each) for each in answer.frames]
            for key, fields in answer.writes:
                count += 1
                with contextlib.suppress(MarmaladeError):
                    row = _commit(take, partner, door, key, fields, (at_ms, count), cycle)
                    fresh.append(row)
                    if key == f"tags:{role.path}:{TRACK}":
                        take.moved.append(Moved(arrived, role.key, str(row[3].get("value"))))
        if len(take.heard) + len(take.told) > _MOST_KEPT:
            raise GeneratorError("A rehearsal grew beyond all measure", hint="Play fewer bars, or fewer generators.")
        progress(min(1.0, (begin_of(frame) - start) / (end - start)))
        frame += 1


def _commit(
    take: Take,
    partner: Partner,
    door: _Door,
    key: str,
    fields: Sequence[bytes],
    stamp: tuple[int, int],
    cycle: Fraction,
) -> Row:
    """An entry as everybody sees it from now on. Raises MarmaladeError, noted as a denial, where it may not be."""
    try:
        written = door.written(key, fields, stamp[0])
    except MarmaladeError as error:
        partner.account.deny(error.message)
        raise
    entry = Entry.read(b"%d-%d" % stamp, list(written))
    take.told.append(Told(cycle, partner.role.path, key, entry.fields))
    return (key, stamp[0], stamp[1], entry.fields)
