"""What was refused to instances: each is counted, told in the log and as a series, folded where there are many."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Final

__all__ = ["Denials", "folded"]

_MOST_KINDS: Final = 100
_MOST_ROWS: Final = 8
_LONGEST: Final = 200
_OTHER: Final = ("", "other things")

Key = tuple[str, str]
"""Who refused it (gateway, filter, watchdog, engine), and what."""


class Denials:
    """Takes notes from any thread; gives what is new now and then.

    Args:
        log: takes a line.
        write: takes an instance's path and a record for its series.
    """

    def __init__(self, log: Callable[[str], None], write: Callable[[str, Mapping[str, object]], None]) -> None:
        self._log = log
        self._write = write
        self._lock = threading.Lock()
        self._fresh: dict[str, Counter[Key]] = {}
        self._totals: Counter[str] = Counter()

    def note(self, path: str, who: str, what: str, count: int = 1) -> None:
        """An instance was refused something, so many times. Never blocks for long."""
        with self._lock:
            found = self._fresh.setdefault(path, Counter())
            key = (who, what[:_LONGEST])
            found[key if key in found or len(found) < _MOST_KINDS else _OTHER] += count

    def flush(self) -> None:
        """Tell what came since the last call. In a thread; about twice a second."""
        with self._lock:
            fresh, self._fresh = self._fresh, {}
        for path, kinds in fresh.items():
            self._totals[path] += kinds.total()
            for who, what, count in folded(kinds):
                times = f", {count} times" if count > 1 else ""
                self._log(f"refused to {path} by {who or 'several'}{times}: {what}")
                self._write(path, {"who": who, "what": what, "count": count, "total": self._totals[path]})

    def total(self, path: str) -> int:
        """How often an instance was refused something, as far as it was told."""
        return self._totals[path]


def folded(kinds: Counter[Key], most: int = _MOST_ROWS) -> list[tuple[str, str, int]]:
    """The most frequent kinds with their counts, and all others as one row. Pure."""
    rows = [(who, what, count) for (who, what), count in kinds.most_common()]
    if len(rows) <= most:
        return rows
    rest = rows[most:]
    return [*rows[:most], ("", f"and {len(rest)} other kinds", sum(count for *_, count in rest))]
