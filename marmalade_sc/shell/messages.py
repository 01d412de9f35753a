"""What the player says, on its way to the screen: pieces become lines, and floods are folded. Pure: time is given."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from marmalade_sc.shell.clean import clean

__all__ = ["Fold", "Lines", "Said"]

Said = tuple[str, str]
"""A line with its style."""

_WINDOW_S: Final = 1.0
_PARTIAL_S: Final = 0.1


class Lines:
    """Pieces of printed text put together to lines: `print` comes as the text and then the line's end."""

    def __init__(self) -> None:
        self._rest = ""
        self._since = 0.0

    def add(self, text: str, now_s: float) -> list[str]:
        """Lines that `text` completes."""
        if not self._rest:
            self._since = now_s
        *whole, self._rest = (self._rest + text).split("\n")
        if len(self._rest) > 20_000:
            whole.append(self._rest)
            self._rest = ""
        return whole

    @property
    def is_waiting(self) -> bool:
        """Whether a line has begun and not ended."""
        return bool(self._rest)

    def overdue(self, now_s: float) -> list[str]:
        """A line whose end has not come for 0.1 s; it is shown as it is."""
        if not self._rest or now_s - self._since < _PARTIAL_S:
            return []
        line, self._rest = self._rest, ""
        return [line]


@dataclass(slots=True)
class _Run:
    """The line that was shown last, and how often it came again since."""

    said: Said | None = None
    again: int = 0
    since: float = 0.0


class Fold:
    """Lines for the screen. A line that comes again is counted; of more than `limit` a second the newest are kept.

    Everything that goes in is cleaned: no escape sequence comes out.
    """

    def __init__(self, limit: int = 60, newest: int = 10) -> None:
        self._limit = limit
        self._newest = newest
        self._waiting: deque[Said] = deque(maxlen=newest)
        self._dropped = 0
        self._ready: list[Said] = []
        self._run = _Run()
        self._begin = float("-inf")
        self._count = 0

    def add(self, style: str, text: str, now_s: float, is_answer: bool = False) -> None:
        """Take in a text of one or more lines; an answer is what was asked for, and is shown whole, however long."""
        lines = clean(text).expandtabs(4).split("\n")
        for line in lines:
            if is_answer:
                self._show((style, line))
            else:
                self._line((style, line), now_s)
        if is_answer:
            self._count -= len(lines)

    def take(self, now_s: float) -> list[Said]:
        """What is to be shown now; ask again within a tenth of a second as long as `is_waiting`."""
        if now_s - self._begin >= _WINDOW_S:
            self._window(now_s)
        if self._run.again and now_s - self._run.since >= _WINDOW_S:
            self._end_run()
        ready, self._ready = self._ready, []
        return ready

    def part(self) -> None:
        """Something else stands between on the screen: the next line is shown even if it is the same once more."""
        self._end_run()
        self._run = _Run()

    @property
    def is_waiting(self) -> bool:
        """Whether something is held back."""
        return bool(self._ready or self._waiting or self._run.again)

    def _line(self, said: Said, now_s: float) -> None:
        if said == self._run.said and not self._waiting:
            if not self._run.again:
                self._run.since = now_s
            self._run.again += 1
            return
        if now_s - self._begin >= _WINDOW_S:
            self._window(now_s)
        if self._count >= self._limit:
            self._dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(said)
            return
        self._show(said)

    def _show(self, said: Said) -> None:
        self._end_run()
        self._ready.append(said)
        self._count += 1
        self._run = _Run(said)

    def _end_run(self) -> None:
        if self._run.again:
            self._ready.append(("class:said", f"  x {self._run.again + 1}"))
        self._run = _Run(self._run.said)

    def _window(self, now_s: float) -> None:
        self._begin = now_s
        self._count = 0
        if self._dropped:
            self._end_run()
            self._ready.append(("class:said", f"... {self._dropped} lines folded"))
        waiting, self._dropped = list(self._waiting), 0
        self._waiting.clear()
        for said in waiting:
            if said == self._run.said:
                self._run.again += 1
                self._run.since = now_s
            else:
                self._show(said)
