"""Which votes were carried out: what stands is done once, whoever votes late and whatever is restarted. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["Decisions"]


class _Decision(NamedTuple):
    value: bytes
    clock: int


class Decisions:
    """The latest of each question; clocks are the hybrid clocks of voices."""

    def __init__(self) -> None:
        self._latest: dict[str, _Decision] = {}
        self._standing: dict[str, bytes] = {}

    def remember(self, question: str, value: bytes, clock: int) -> None:
        """A decision of an earlier life. `clock`: of the latest voice that it counted."""
        self._latest[question] = _Decision(value, clock)

    def take(self, question: str, value: bytes, clocks: Iterable[int]) -> bool:
        """Whether this decision is another one than the last; from now on it is the last.

        It is the last one still while it was not seen to lapse, or, of one that is remembered, while a voice that was
        counted then wants it still. Where all have voted anew it is wanted anew.

        Args:
            clocks: of the voices that want `value`; at least one.
        """
        if self._standing.get(question) == value:
            return False
        times = list(clocks)
        before = self._latest.get(question)
        self._standing[question] = value
        self._latest[question] = _Decision(value, max(times))
        return before is None or before.value != value or min(times) > before.clock

    def lapsed(self, question: str) -> None:
        """Nothing is decided now. What stood in this life may be decided anew."""
        if self._standing.pop(question, None) is not None:
            self._latest.pop(question, None)
