"""What is to be done at a time that is no note: fades, releases, changes of a mix."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from marmalade_sc.clock.timeline import Timeline

__all__ = ["Agenda"]

Act = Callable[[], list[bytes]]


@dataclass(slots=True)
class Agenda:
    """Acts by jam time, in the order in which they were put down where times are equal."""

    _acts: list[tuple[int, int, Act, bool]] = field(default_factory=list)
    _order: int = 0

    def put(self, when: int, act: Act, moves: bool = False) -> None:
        """Have `act` called about `when`; it gives messages. `moves`: with the timeline, as the notes do."""
        self._order += 1
        heapq.heappush(self._acts, (when, self._order, act, moves))

    def take(self, until: int) -> Iterator[tuple[int, Act]]:
        """What is due by `until`, with its time; it is taken out, and may put down more while this goes on."""
        while self._acts and self._acts[0][0] <= until:
            when, _, act, _ = heapq.heappop(self._acts)
            yield when, act

    def remap(self, timeline: Timeline, older: Timeline) -> None:
        """Move what moves from one timeline to the same cycles of another."""
        self._acts = [
            (timeline.remap(when, older) if moves else when, order, act, moves)
            for when, order, act, moves in self._acts
        ]
        heapq.heapify(self._acts)

    def clear(self) -> None:
        """Forget all of it."""
        self._acts.clear()

    @property
    def first(self) -> int | None:
        """The time of what comes next; None where nothing does."""
        return self._acts[0][0] if self._acts else None
