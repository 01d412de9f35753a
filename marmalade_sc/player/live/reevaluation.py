"""A session played again from its log of evaluations: the same blocks at the same places, live and rendered. A wiring.

The objects are those of the live host, on another clock: each block is evaluated in the order of the log, carried out
at the jam time at which it was carried out then, and lands no earlier than it landed then.
"""

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Final

from marmalade_sc.assist.guide import Guide
from marmalade_sc.clock.clocks import VirtualClock
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.packets import Packet
from marmalade_sc.errors import RenderError, UsageError
from marmalade_sc.live.commands import operation_of
from marmalade_sc.live.operations import Operation, Transport
from marmalade_sc.live.scheduler import Scheduler, Timing
from marmalade_sc.live.session import Session
from marmalade_sc.patterns.controls import voice
from marmalade_sc.patterns.language import namespace
from marmalade_sc.player.live.evaluations import Evaluated, Evaluations
from marmalade_sc.player.live.scorename import score_name
from marmalade_sc.sdk.frames import Frame, Mix
from marmalade_sc.sdk.instruments import Orchestra

__all__ = ["EvaluationPlayer"]

_BARS_BEHIND: Final = 8
"""What is played behind the last block where nobody knows when the session ended."""
_SIGNALLED: Final = (128 + signal.SIGHUP, 128 + signal.SIGTERM)


class EvaluationPlayer:
    """See the module. A `Source` for renders; `frames` is for replaying live.

    Args:
        start: jam time at which the first block lands at the earliest.
        complain: takes a sentence for each block that cannot be done again.
    """

    def __init__(
        self,
        orchestra: Orchestra,
        found: Evaluations,
        start: int,
        complain: Callable[[str], None] = lambda text: None,
    ) -> None:
        # Less is made ahead than it was live, so that nothing is made beyond where a pause landed.
        timing = Timing(lookahead=Timing().lookahead // 2)
        self._found = found
        self._shift = start - timing.settled - timing.frame - found.rows[0].at
        self._complain = complain
        self.clock = VirtualClock(found.rows[0].at + self._shift)
        self.scheduler = Scheduler(orchestra, _moved(found.timeline, self._shift), timing, complain=complain)
        self.scheduler.cursor = max(Fraction(0), self.scheduler.timeline.cycle(self.clock.now()))
        self._session = Session(
            namespace(),
            voice,
            orchestra,
            lambda: self.scheduler.timeline,
            self.clock.now,
            book=self.scheduler.book,
        )
        guide = Guide(self._session)  # help() and tutorial.run(1) were evaluated, too
        scores = score_name(self._session, lambda: self.scheduler.timeline.beats_per_cycle(self.scheduler.cursor))
        self._session.extend({**guide.names(), **scores}, guide.asked)

    @property
    def seconds(self) -> float:
        """How long the session was, from its first block on."""
        first, last = self._found.rows[0].at, self._found.rows[-1].at
        bar_s = self._found.timeline.cycle_s(Fraction(0))
        end = self._found.end if self._found.end is not None else last + round(_BARS_BEHIND * bar_s * UNITS_PER_SECOND)
        return max(end, last) / UNITS_PER_SECOND - first / UNITS_PER_SECOND

    def time_of(self, cycles: Fraction) -> int:
        """Raises RenderError: a session has seconds, not cycles; its clock may stand still."""
        raise RenderError("A session has no cycles", hint="Give its length with --seconds.")

    def frames(self, end: int) -> Iterator[tuple[int, list[Frame]]]:
        """(jam time, frames to be written then) until `end`: at each tick, and wherever something was evaluated."""
        clock, scheduler = self.clock, self.scheduler
        waiting = iter(self._found.rows)
        row = next(waiting, None)
        tick = clock.now()
        while clock.now() < end:
            if row is not None and row.at + self._shift <= tick:
                clock.advance(max(0, row.at + self._shift - clock.now()))
                self._do(row)
                row = next(waiting, None)
            else:
                clock.advance(tick - clock.now())
                tick += scheduler.timing.frame
            yield clock.now(), [_placed(frame, clock.now()) for frame in scheduler.frames(clock.now())]

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """See `Source`."""
        for now, frames in self.frames(end):
            for frame in frames:
                dispatcher.accept(frame, "evaluations", now)
            yield now, dispatcher.due(now)

    def _do(self, row: Evaluated) -> None:
        now = self.clock.now()
        earliest = Fraction(row.cycle) if row.cycle is not None else None
        operations: list[Operation]
        try:
            if row.command is not None:
                operations = [operation_of(row.command, self.scheduler)]
            else:
                operations = list(self._session.evaluate(row.code, row.source).operations)
                self.scheduler.begin(operations, now)
            self.scheduler.carry_out(_where_it_was(operations, row.landings), now, earliest)
        except UsageError as error:
            if (end := _end_of(error)) is not None:
                raise end from None
            self._complain(f"This could not be done again: {error}")


def _end_of(error: UsageError) -> BaseException | None:
    """What was to end all of this, and came while a block was evaluated; None for a mistake in the block."""
    met = error.__context__
    if isinstance(met, KeyboardInterrupt) or (isinstance(met, SystemExit) and met.code in _SIGNALLED):
        return met
    return None


def _where_it_was(operations: list[Operation], landings: tuple[str, ...]) -> list[Operation]:
    """A pause lies where the frames had come to; those were others."""
    if len(operations) != len(landings):
        return operations
    return [
        replace(operation, at=Fraction(cycle))
        if isinstance(operation, Transport) and not operation.playing
        else operation
        for operation, cycle in zip(operations, landings, strict=True)
    ]


def _placed(frame: Frame, now: int) -> Frame:
    """The frame with its "at once" as the time that it meant: live, frames are written before it."""
    if not any(isinstance(section, Mix) and not section.when for section in frame.sections):
        return frame
    sections = tuple(
        replace(section, when=now) if isinstance(section, Mix) and not section.when else section
        for section in frame.sections
    )
    return replace(frame, sections=sections)


def _moved(timeline: Timeline, shift: int) -> Timeline:
    seconds = Fraction(shift, UNITS_PER_SECOND)
    moved = [replace(each, time_s=each.time_s + seconds) for each in timeline.segments]
    return Timeline(moved, timeline.revision, timeline.counts)
