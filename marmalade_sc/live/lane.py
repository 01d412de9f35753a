"""A lane: one version of a track's pattern, cycle by cycle as ready notes.

A pattern that repeats is asked for one period only; after that a cycle costs next to nothing, which is how one process
plays 1,600 patterns at once.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from marmalade_sc.errors import UsageError
from marmalade_sc.live.places import blamed
from marmalade_sc.patterns.event import Place
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.sdk.instruments import Instrument, Orchestra
from marmalade_sc.sdk.notes import packed_note

__all__ = ["Lane", "Ready"]

_MOST_CYCLES: Final = 128
_MOST_COMPLAINTS: Final = 100


@dataclass(slots=True)
class Ready:
    """A note within its cycle, packed but for its time, node and seed.

    Attributes:
        offset: where it begins, 0 <= offset < 1, in cycles; `at` the same, about.
        head: message up to the node id.
        values: control values as bytes, without the seed.
        instrument: what plays it; `is_random` whether its noise needs a seed.
        length_s: of its step, in seconds.
        places: characters that made it.
        told: what `steps` said of it; kept, for it comes again in each cycle.
    """

    offset: Fraction
    at: float
    head: bytes
    values: bytes
    instrument: Instrument
    is_random: bool
    length_s: float
    places: tuple[Place, ...]
    told: str = field(default="", compare=False, repr=False)


class Lane:
    """See the module.

    Args:
        pattern: what plays.
        seed: of all chance in it.
        source: what made it, for sets that are saved; see `units`.

    Attributes:
        number: told apart by it where a lane cannot travel itself: given by the scheduler, 0 before.
        leads_to: what it fades to, where it is such a one.
        complaints: grows by one sentence per kind of error in a single event; such an event is left out.
        left_out: how many events were.
    """

    def __init__(self, pattern: Pattern, seed: int, source: object = None) -> None:
        self.pattern = pattern
        self.seed = seed
        self.source = source
        self.number = 0
        self.leads_to: Lane | None = None
        self.complaints: list[str] = []
        self.left_out = 0
        self._complained: set[str] = set()
        self._cycles: dict[tuple[int, float], list[Ready]] = {}
        self._orchestra: Orchestra | None = None
        self._is_strict = False

    def cycle(
        self,
        number: int,
        cycle_s: float,
        orchestra: Orchestra,
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> list[Ready]:
        """The notes that begin in a cycle, in order.

        Args:
            cycle_s: length of the cycle in seconds.
            guard: entered where the pattern itself has to be asked; bounds what that may cost.

        Raises:
            Exception: whatever the pattern raises when it is asked; code in it may be the user's.
        """
        if orchestra is not self._orchestra:
            self._cycles.clear()
            self._orchestra = orchestra
        period = self.pattern.period
        key = (number % period if period else number, cycle_s)
        ready = self._cycles.get(key)
        if ready is None:
            with guard():
                ready = self._make(number, cycle_s, orchestra)
            if len(self._cycles) >= (_MOST_CYCLES if period else 3):
                del self._cycles[next(iter(self._cycles))]
            self._cycles[key] = ready
        return ready

    def check(
        self,
        number: int,
        cycle_s: float,
        orchestra: Orchestra,
        guard: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        """Make the first cycles now, so that a mistake is told where it was typed and not on stage.

        Raises:
            UsageError: a value cannot be played.
            Exception: whatever the pattern raises.
        """
        period = self.pattern.period
        self._is_strict = True
        try:
            for cycle in range(number, number + min(period or 4, 16)):
                self.cycle(cycle, cycle_s, orchestra, guard)
        finally:
            self._is_strict = False

    def rest(self) -> None:
        """Forget what was made: this version is kept to come back to, and does not play."""
        self._cycles.clear()

    def _make(self, number: int, cycle_s: float, orchestra: Orchestra) -> list[Ready]:
        notes = []
        for event in self.pattern.onsets(number, number + 1, self.seed):
            whole = event.whole
            if whole is None:
                continue
            length_s = float(whole.length) * cycle_s
            try:
                note = packed_note(event.value, orchestra, length_s)
            except UsageError as error:
                if self._is_strict:
                    error.where = error.where or blamed(event.places, error.message)
                    raise
                self.left_out += 1
                if error.message not in self._complained and len(self._complained) < _MOST_COMPLAINTS:
                    self._complained.add(error.message)
                    self.complaints.append(str(error))
                continue
            if note is None:
                continue
            instrument, values = note
            offset = whole.begin - number
            notes.append(
                Ready(
                    offset,
                    float(offset),
                    instrument.template.prefix_bytes,
                    values,
                    instrument,
                    instrument.is_random,
                    length_s,
                    event.places,
                )
            )
        return notes
