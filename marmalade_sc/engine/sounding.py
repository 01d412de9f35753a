"""The voices that presumably sound, and which of them to end where there are too many."""

from collections import deque
from collections.abc import Container
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.reign import Reign
from marmalade_sc.engine.voices import Voice

__all__ = ["Note", "Sounding"]

_LONGEST_S: Final = 60.0
"""A voice that does not say how long it is (a sample that plays to its end) may be so long."""


@dataclass(slots=True)
class Note:
    """A note that was accepted: its track and epoch, its node, and its message, whole and as parts to put ids into."""

    track: Reign
    epoch: int
    node: int
    head: bytes
    tail: bytes
    message: bytes
    voice: Voice


@dataclass(slots=True)
class Sounding:
    """The last 8,192 notes that were handed over, by the time at which they were due."""

    _notes: deque[tuple[int, Note]] = field(default_factory=lambda: deque(maxlen=8192))

    def add(self, due: int, note: Note) -> None:
        """A note was handed over."""
        self._notes.append((due, note))

    def clear(self) -> None:
        """Nothing sounds any more."""
        self._notes.clear()

    def take(self, count: int, now: int, hosted: Container[int]) -> list[Note]:
        """Choose `count` voices to end, and forget them: those of guests first, the oldest first.

        Nobody tells when a voice ends by itself. Those whose `sustain` was over a second ago come last: they would use
        up the count, and long ones that were begun before many short ones would never be ended.

        Args:
            hosted: `id()` of the reigns of guests.
        """

        def last(entry: tuple[int, Note]) -> int:
            if _ends(*entry) <= now:
                return 2
            return 0 if id(entry[1].track) in hosted else 1

        chosen = sorted(self._notes, key=last)[:count]  # stable: the oldest first in each
        gone = {id(entry) for entry in chosen}
        left = [entry for entry in self._notes if id(entry) not in gone]
        self._notes.clear()
        self._notes.extend(left)
        return [note for _, note in chosen]


def _ends(due: int, note: Note) -> int:
    """When a voice has presumably ended."""
    sustain_s = note.voice.sustain_s(note.message)
    return due + round(((sustain_s if 0 < sustain_s < _LONGEST_S else _LONGEST_S) + 1) * UNITS_PER_SECOND)
