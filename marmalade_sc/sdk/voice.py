"""A voice: one name under which a generator plays patterns, one after the other. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.sdk.instruments import Instrument, Orchestra
from marmalade_sc.sdk.notes import packed_note
from marmalade_sc.sdk.seeds import note_seed, track_seed

__all__ = ["Played", "Voice"]

_MOST_CYCLES: Final = 32


@dataclass(frozen=True, slots=True)
class Played:
    """A note: the cycle in which it begins, exactly; its voice; what plays it, with what values; its noise's seed."""

    cycle: Fraction
    voice: str
    instrument: Instrument
    values: bytes
    seed: int

    def controls(self) -> dict[str, float]:
        """The values that are not the instrument's own, by name."""
        values = self.instrument.pack.unpack(self.values)
        defaults = self.instrument.pack.unpack(self.instrument.pack.pack(*self.instrument.defaults))
        return {name: values[n] for name, n in self.instrument.index.items() if values[n] != defaults[n]}


class Voice:
    """See the module.

    Args:
        complain: takes a sentence about an event that cannot be played, once.
    """

    def __init__(self, name: str, seed: int, complain: Callable[[str], None]) -> None:
        self.name = name
        self.coming: list[tuple[Fraction, Pattern | None]] = []
        self.pattern: Pattern | None = None
        self._seed = track_seed(seed, name)
        self._complain = complain
        self._cycles: dict[tuple[int, float], list[tuple[Fraction, Instrument, bytes]]] = {}
        self._controls: Mapping[str, float] = {}
        self._once: list[tuple[Fraction, Pattern]] = []

    def take(self, pattern: Pattern | None, at: Fraction) -> None:
        """Play a pattern from a cycle on, whatever else was to come."""
        self.coming = [each for each in self.coming if each[0] < at]
        self.coming.append((at, pattern))

    def forget(self) -> None:
        """What was made is made anew: sounds have changed."""
        self._cycles.clear()

    def once(self, pattern: Pattern, at: Fraction) -> None:
        """Play the first cycle of a pattern, beginning at a cycle."""
        self._once.append((at, pattern))

    def notes(
        self, begin: Fraction, end: Fraction, cycle_s: float, orchestra: Orchestra, controls: Mapping[str, float]
    ) -> Iterator[Played]:
        """What begins in [begin, end).

        Args:
            cycle_s: seconds of a cycle here.
            controls: what `^name` means in notation.
        """
        if controls != self._controls:
            self._controls = dict(controls)
            self._cycles.clear()
        start = begin
        while self.coming and self.coming[0][0] < end:
            at, pattern = self.coming.pop(0)
            yield from self._between(start, max(start, at), cycle_s, orchestra)
            start, self.pattern = max(start, at), _begun(pattern, max(start, at))
            self._cycles.clear()
        yield from self._between(start, end, cycle_s, orchestra)
        for at, pattern in list(self._once):
            for offset, instrument, values in self._made(pattern, 0, cycle_s, orchestra):
                if begin <= at + offset < end:
                    yield self._played(at + offset, instrument, values)
            if at + 1 <= end:
                self._once.remove((at, pattern))

    def _between(self, begin: Fraction, end: Fraction, cycle_s: float, orchestra: Orchestra) -> Iterator[Played]:
        if self.pattern is None or begin >= end:
            return
        for number in range(begin.numerator // begin.denominator, -(-end.numerator // end.denominator)):
            period = self.pattern.period
            key = (number % period if period else number, cycle_s)
            found = self._cycles.get(key)
            if found is None:
                found = self._made(self.pattern, number, cycle_s, orchestra)
                if len(self._cycles) >= _MOST_CYCLES:
                    self._cycles.clear()
                self._cycles[key] = found
            for offset, instrument, values in found:
                if begin <= number + offset < end:
                    yield self._played(number + offset, instrument, values)

    def _played(self, cycle: Fraction, instrument: Instrument, values: bytes) -> Played:
        number = cycle.numerator // cycle.denominator
        seed = note_seed(self._seed, number, cycle - number, 0) if instrument.is_random else 0
        return Played(cycle, self.name, instrument, values, seed)

    def _made(
        self, pattern: Pattern, number: int, cycle_s: float, orchestra: Orchestra
    ) -> list[tuple[Fraction, Instrument, bytes]]:
        made = []
        try:
            for event in pattern.onsets(number, number + 1, self._seed, self._controls):
                if event.whole is None:
                    continue
                try:
                    note = packed_note(event.value, orchestra, float(event.whole.length) * cycle_s)
                except UsageError as error:
                    self._complain(f"{self.name}: {error}")
                    continue
                if note is not None:
                    made.append((event.whole.begin - number, *note))
        except UsageError as error:
            self._complain(f"{self.name}: {error}")
        return made


def _begun(pattern: Pattern | None, at: Fraction) -> Pattern | None:
    """A pattern that has a beginning, a score, has it at the first whole cycle from `at` on."""
    if pattern is None or pattern.piece is None:
        return pattern
    return pattern.late(Fraction(-(-at.numerator // at.denominator)))
