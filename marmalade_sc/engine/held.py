"""Notes that wait for their time, by the instant at which they begin. Pure."""

import heapq

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.engine.sounding import Note

__all__ = ["Held"]


class Held:
    """Notes by jam time, the earliest first; those of one instant in the order in which they came."""

    def __init__(self) -> None:
        self.count = 0
        self._notes: dict[int, list[Note]] = {}
        self._times: list[int] = []

    @property
    def first(self) -> int | None:
        """Jam time of the earliest, or None."""
        return self._times[0] if self._times else None

    def put(self, when: int, note: Note) -> None:
        """Keep a note until jam time `when`."""
        notes = self._notes.get(when)
        if notes is None:
            notes = self._notes[when] = []
            heapq.heappush(self._times, when)
        notes.append(note)
        self.count += 1

    def take(self) -> list[Note]:
        """All of the earliest instant. Raises IndexError when there are none."""
        notes = self._notes.pop(heapq.heappop(self._times))
        self.count -= len(notes)
        return notes

    def remap(self, timeline: Timeline, older: Timeline) -> None:
        """Move everything to where `timeline` puts the cycles that `older` had there."""
        moved: dict[int, list[Note]] = {}
        for when, notes in self._notes.items():
            moved.setdefault(timeline.remap(when, older), []).extend(notes)
        self._notes = moved
        self._times = list(moved)
        heapq.heapify(self._times)

    def clear(self) -> None:
        """Forget all of them."""
        self.count = 0
        self._notes.clear()
        self._times.clear()
