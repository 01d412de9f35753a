"""A score played on a virtual clock, for renders, and on the jam's, for a player that runs. A wiring."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.clocks import JamClock
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.packets import Packet
from marmalade_sc.errors import RenderError
from marmalade_sc.jam.streams import FrameWriter
from marmalade_sc.live.clockwork import Timing
from marmalade_sc.player.rendering.render import START
from marmalade_sc.scores import ScoreFrames

__all__ = ["ScorePlayer", "play_live"]

_LEAD: Final = UNITS_PER_SECOND // 4
_FADE_BEHIND: Final = UNITS_PER_SECOND // 20


class ScorePlayer:
    """A score on a virtual clock: a `Source` for renders."""

    def __init__(self, frames: ScoreFrames) -> None:
        self._frames = frames
        self._step = Timing().frame

    def time_of(self, cycles: Fraction) -> int:
        """Raises RenderError: a score has seconds, not cycles."""
        raise RenderError("A score has no cycles", hint="Give its end with --to.")

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """See `Source`."""
        now = START - _LEAD - 2 * self._step
        waiting = self._frames.frames(START, _LEAD)
        following = next(waiting, None)
        while now < end:
            while following is not None and following[0] <= now + self._step:
                dispatcher.accept(following[1], "score", now)
                following = next(waiting, None)
            yield now, dispatcher.due(now)
            now += self._step


def play_live(frames: ScoreFrames, clock: JamClock, writer: FrameWriter, length_ms: float) -> None:
    """Write a score's frames, each a quarter of a second ahead of its notes, and wait for its end.

    The first note of offset 0 is due 0.3 s from now. When the wait is interrupted the score's tracks are faded out.
    """
    start = clock.now() + _LEAD + _FADE_BEHIND
    end = start + round(length_ms * UNITS_PER_SECOND / 1000)
    try:
        for when, frame in frames.frames(start, _LEAD):
            clock.sleep_until(when)
            writer.write([frame], clock.now())
        clock.sleep_until(end)
    except BaseException:
        writer.write([frames.release(clock.now())], clock.now())
        raise
