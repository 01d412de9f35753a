"""A take as what a rendering plays: generators alone, or together with a set."""

from collections.abc import Generator, Iterator, Sequence
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.guests import Guest
from marmalade_sc.engine.packets import Packet
from marmalade_sc.generators.rehearsal.take import Heard, Moved, Take
from marmalade_sc.player.rendering.render import START, SetPlayer

__all__ = ["TakePlayer"]

_STEP: Final = UNITS_PER_SECOND // 50
_BEFORE: Final = UNITS_PER_SECOND // 5


class TakePlayer:
    """See the module: frames reach the dispatcher when they did in the rehearsal, as frames of guests.

    Args:
        beside: a set that plays as well, by the same timeline.
    """

    def __init__(self, take: Take, guests: Sequence[Guest], beside: SetPlayer | None = None) -> None:
        self.take = take
        self._guests = guests
        self._beside = beside

    def time_of(self, cycles: Fraction) -> int:
        """Jam time of a cycle."""
        return self.take.timeline.timetag(cycles)

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """See `Source`."""
        for guest in self._guests:
            dispatcher.welcome(guest)
        # What moves goes before what is heard at the same time.
        entries: list[Heard | Moved] = [*self.take.moved, *self.take.heard]
        waiting = iter(sorted(entries, key=lambda each: each.arrived))
        following = next(waiting, None)
        steps = self._beside.run(dispatcher, end) if self._beside is not None else self._steps(dispatcher, end)
        for now, packets in steps:
            yield now, packets
            following = yield from self._until(now + _STEP, following, waiting, dispatcher)

    @staticmethod
    def _steps(dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        now = START - _BEFORE
        while now < end:
            yield now, dispatcher.due(now)
            now += _STEP

    @staticmethod
    def _until(
        when: int, following: Heard | Moved | None, waiting: Iterator[Heard | Moved], dispatcher: Dispatcher
    ) -> Generator[tuple[int, list[Packet]], None, Heard | Moved | None]:
        while following is not None and following.arrived < when:
            if isinstance(following, Moved):
                dispatcher.move(following.key, following.track)
            else:
                dispatcher.accept(following.frame, following.key, following.arrived)
            yield following.arrived, dispatcher.due(following.arrived)
            following = next(waiting, None)
        return following
