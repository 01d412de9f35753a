"""What frames ask for that breaks the rules: counted under its reason, and under its guest's."""

from collections import Counter
from collections.abc import Mapping
from typing import Final

from marmalade_sc.engine.limits import Counts

__all__ = ["Refusals"]

_MOST: Final = 100
_MOST_OF_A_GUEST: Final = 50
"""Reasons that are told apart: a guest could think of any number."""
_OTHERS: Final = "other things"


class Refusals:
    """See the module. Counts of all are in `counts`; those of guests are kept until they are taken."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._of_guests: dict[str, Counter[str]] = {}

    def add(self, reason: str, guest: str | None = None) -> None:
        """One more. `guest`: the stream of whom it is."""
        if guest is not None:
            reasons = self._of_guests.setdefault(guest, Counter())
            reasons[reason if len(reasons) < _MOST_OF_A_GUEST or reason in reasons else _OTHERS] += 1
        self._counts.refused += 1
        if len(self._counts.reasons) < _MOST or reason in self._counts.reasons:
            self._counts.reasons[reason] += 1

    def take(self) -> Mapping[str, Counter[str]]:
        """Those of guests since the last call, by stream and reason. From any thread."""
        found, self._of_guests = self._of_guests, {}
        return found
