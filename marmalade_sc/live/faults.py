"""What is said of patterns that fail while they play: once, and then with a count, so that nobody is flooded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from marmalade_sc.clock.timetag import UNITS_PER_SECOND

__all__ = ["TOO_LARGE", "TOO_SLOW", "Faults"]

TOO_SLOW: Final = "it takes too long; it is not asked again, and the version before it plays"
TOO_LARGE: Final = "it needs too much memory; it is not asked again, and the version before it plays"

_FOLDED: Final = 60 * UNITS_PER_SECOND
_LEFT_OUT: Final = "left out"


@dataclass(slots=True)
class _Fault:
    """What a track's pattern did, how often, how much of that was said, and when.

    Attributes:
        kind: what makes it the same fault again: where it arose; its words may have other numbers each time.
        words: what is said of it when it goes on, before and after the count.
    """

    kind: str
    words: str
    count: int
    said: int
    when: int


class Faults:
    """See the module.

    Args:
        say: takes a sentence for the person who plays.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self._found: dict[str, _Fault] = {}

    def happened(self, track: str, text: str, bar: int, now: int, kind: str = "", line: str = "") -> None:
        """A pattern failed in a bar; said when it is the first time, or another failure than the last.

        Args:
            kind: what makes it the same failure; its text where it is "".
            line: of the user's code in which it arose.
        """
        kind = kind or text
        fault = self._found.get(track)
        if fault is None or fault.kind != kind:
            self.replaced(track)
            self._found[track] = _Fault(kind, text, 1, 1, now)
            self.say(f"{track} fails in bar {bar}: {text}" + (f"\n    {line}" if line else ""))
            return
        fault.count += 1

    def left_out(self, track: str, texts: Sequence[str], count: int, bar: int, now: int) -> None:
        """Single notes of a bar could not be played; `texts` says what was not said yet of why."""
        for text in texts:
            self.say(f"{track} leaves out a note in bar {bar}: {text}")
        fault = self._found.get(track)
        if fault is None or fault.kind != _LEFT_OUT:
            self.replaced(track)
            fault = self._found[track] = _Fault(_LEFT_OUT, "", 0, 0, now)
        fault.count += count
        fault.said += min(len(texts), count)

    def replaced(self, track: str) -> None:
        """The pattern plays no more: say how often it failed since."""
        fault = self._found.pop(track, None)
        if fault is not None and fault.count > fault.said:
            self.say(_folded(track, fault))

    def look(self, now: int) -> None:
        """Once a minute, say what goes on failing."""
        for track, fault in self._found.items():
            if fault.count > fault.said and now - fault.when >= _FOLDED:
                self.say(_folded(track, fault))
                fault.said, fault.when = fault.count, now

    def to_json(self) -> dict[str, object]:
        """What the next generation must know, so that it does not say it again."""
        return {track: [each.kind, each.words, each.count, each.said, each.when] for track, each in self._found.items()}

    def adopt(self, data: Mapping[str, object]) -> None:
        """Go on from what `to_json` gave."""
        rows = cast(Mapping[str, tuple[str, str, int, int, int]], data)
        self._found = {track: _Fault(*row) for track, row in rows.items()}


def _folded(track: str, fault: _Fault) -> str:
    more = fault.count - fault.said
    if fault.kind == _LEFT_OUT:
        return f"{track} has left out {more} more note{'s' if more > 1 else ''}"
    return f"{track} has failed in {more} more bar{'s' if more > 1 else ''} (x {fault.count}): {fault.words}"
