"""What is said of patterns that fail while they play: once, and then with a count, so that nobody is flooded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from marmalade_sc.clock.timetag import UNITS_PER_SECOND

__all__ = ["TOO_LARGE", "TOO_SLOW", "Faults"]

TOO_SLOW: Final = "it takes too long; it is not asked again, and the version before it plays"
TOO_LARGE: Final = "it needs too much memory; it is not asked again, and the version before it plays"

_FOLDED: Final = 60 * UNITS_PER_SECOND


@dataclass(slots=True)
class _Fault:
    """What a track's pattern did, how often, how much of that was said, and when."""

    text: str
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

    def happened(self, track: str, text: str, bar: int, now: int) -> None:
        """A pattern failed; said when it is the first time, or another failure than the last."""
        fault = self._found.get(track)
        if fault is None or fault.text != text:
            self.replaced(track)
            self._found[track] = _Fault(text, 1, 1, now)
            self.say(f"{track} fails in bar {bar}: {text}")
            return
        fault.count += 1

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
        return {track: [each.text, each.count, each.said, each.when] for track, each in self._found.items()}

    def adopt(self, data: Mapping[str, object]) -> None:
        """Go on from what `to_json` gave."""
        rows = cast(Mapping[str, tuple[str, int, int, int]], data)
        self._found = {track: _Fault(*row) for track, row in rows.items()}


def _folded(track: str, fault: _Fault) -> str:
    times = fault.count - fault.said
    return f"{track} has failed {times} more time{'s' if times > 1 else ''} (x {fault.count}): {fault.text}"
