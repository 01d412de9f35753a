"""A set on a virtual clock: evaluated once, then asked frame by frame, exactly as the live host does."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Final

from marmalade_sc.assist.guide import Guide
from marmalade_sc.clock.clocks import VirtualClock
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import RenderError
from marmalade_sc.live.operations import Grid, Tempo
from marmalade_sc.live.scheduler import Scheduler, Timing
from marmalade_sc.live.session import Session
from marmalade_sc.patterns.controls import voice
from marmalade_sc.patterns.language import namespace
from marmalade_sc.player.live.scorename import score_name
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.sdk.instruments import Orchestra

__all__ = ["START", "SetFrames", "end_of"]

START: Final = 16 * UNITS_PER_SECOND
"""Jam time of cycle 0 in a render; any will do, the file counts from there."""


class SetFrames:
    """See the module.

    Args:
        bpm: tempo to begin with; one that is given wins over the set's own first tempo.
        seed: of all chance.

    Raises:
        UsageError: the set cannot be evaluated, or plays nothing.
    """

    def __init__(
        self,
        orchestra: Orchestra,
        code: str,
        source: str,
        *,
        bpm: float | None = None,
        beats_per_cycle: Fraction = Fraction(4),  # noqa: B008  a frozen value
        seed: int = 0,
        complain: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.timing = Timing()
        self.clock = VirtualClock(START - self.timing.lookahead - self.timing.frame)
        self.scheduler = Scheduler(
            orchestra, Timeline.steady(bpm or 120, START, beats_per_cycle), self.timing, complain=complain
        )
        session = Session(
            namespace(),
            voice,
            orchestra,
            lambda: self.scheduler.timeline,
            self.clock.now,
            seed,
            self.scheduler.book,
        )
        guide = Guide(session)  # a set may have been written at the prompt, with help() in it
        scores = score_name(session, lambda: self.scheduler.timeline.beats_per_cycle(self.scheduler.cursor))
        session.extend({**guide.names(), **scores}, guide.asked)
        done = session.evaluate(code, source)
        operations = list(done.operations)
        if bpm is not None:
            operations.append(Tempo(bpm, Grid(Fraction(0))))
        self.scheduler.carry_out(operations, self.clock.now(), Fraction(0))
        if not self.scheduler.tracks:
            raise RenderError(
                f"{source} plays nothing: no track was given a pattern", hint='Write d1 >> s("bd sn") in it.'
            )

    def time_of(self, cycles: Fraction) -> int:
        """Jam time of a cycle, by the timeline that the set made."""
        return self.scheduler.timeline.timetag(cycles)

    def frames(self, end: int) -> Iterator[tuple[int, list[Frame]]]:
        """Play until jam time `end`: the time, and the frames that are made then."""
        while self.clock.now() < end:
            now = self.clock.now()
            yield now, self.scheduler.frames(now)
            self.clock.advance(self.timing.frame)


def end_of(time_of: Callable[[Fraction], int], cycles: Fraction | None, seconds: float | None) -> int:
    """Jam time at which the music ends, from a number of cycles (16 where nothing is said) or of seconds.

    Raises:
        RenderError: it is not above 0, or above a day.
    """
    if seconds is not None:
        end = START + round(seconds * UNITS_PER_SECOND)
    else:
        end = time_of(cycles if cycles is not None else Fraction(16))
    if not START < end <= START + 86_400 * UNITS_PER_SECOND:
        asked = f"{seconds:g} s" if seconds is not None else f"{float(cycles if cycles is not None else 16):g} cycles"
        raise RenderError(
            f"A render must be longer than nothing and at most a day long, not {asked}",
            hint="Give --cycles or --seconds above 0.",
        )
    return end
