"""Chance that is a pure function of seed, place and time: the same in every process, live and rendered."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.pattern import Pattern, Run
from marmalade_sc.patterns.span import Span, floor, ratio
from marmalade_sc.patterns.timing import by_cycle

__all__ = ["choose_cycle", "chance_at", "degrade_by", "salt_of"]

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15  # the increment of splitmix64 (Steele, Lea, Flood: Fast splittable generators, 2014)


def _mix(state: int) -> int:
    """The finaliser of splitmix64: every bit of the input changes about half the bits of the output."""
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB & MASK
    return state ^ (state >> 31)


def _absorb(state: int, number: int) -> int:
    """The state after a number of any size and sign."""
    if number < 0:
        state, number = _mix((state ^ GOLDEN) & MASK), -number
    while True:
        state = _mix((state + GOLDEN + (number & MASK)) & MASK)
        number >>= 64
        if not number:
            return state


def salt_of(name: str) -> int:
    """A number for a name, the same in every process (FNV-1a, 64 bit)."""
    result = 0xCBF29CE484222325
    for byte in name.encode():
        result = (result ^ byte) * 0x100000001B3 & MASK
    return result


def chance_at(seed: int, salt: int, time: Fraction) -> float:
    """A number in [0, 1) that depends on nothing but the arguments."""
    state = _absorb(_absorb(_absorb(_absorb(0, seed), salt), time.numerator), time.denominator)
    return (state >> 11) * 2.0**-53


def degrade_by(pattern: Pattern, probability: float, salt: int, keep_dropped: bool = False) -> Pattern:
    """Each event is dropped with `probability`; `keep_dropped` keeps exactly those instead.

    Events that begin together share their fate.
    """
    if probability <= 0:
        return _none(pattern) if keep_dropped else pattern
    ask = pattern.ask

    def thinned(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        return [
            event
            for event in ask(begin, end, run)
            if (chance_at(run.seed, salt, event.extent.begin) < probability) == keep_dropped
        ]

    return Pattern(thinned)


def _none(pattern: Pattern) -> Pattern:
    return pattern.filter_events(lambda event: False)


def choose_cycle(patterns: Sequence[Pattern], salt: int) -> Pattern:
    """One of the patterns in each cycle; its events do not outlast the cycle."""

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        cycle = floor(begin)
        limit = Span(ratio(cycle, 1), ratio(cycle + 1, 1))
        chosen = patterns[int(chance_at(run.seed, salt, limit.begin) * len(patterns))]
        result = []
        for event in chosen.ask(begin, end, run):
            whole = None if event.whole is None else event.whole.intersection(limit)
            result.append(Event(whole, event.part, event.value, event.places))
        return result

    return by_cycle(Pattern(ask))


def random_signal(salt: int) -> Callable[[Fraction, int], float]:
    """White noise: a new value in [0, 1) for every instant."""
    return lambda time, seed: chance_at(seed, salt, time)


def smooth_signal(salt: int) -> Callable[[Fraction, int], float]:
    """Perlin-like noise in [0, 1): a value per cycle, joined by a smooth step."""

    def value(time: Fraction, seed: int) -> float:
        cycle = floor(time)
        low, high = chance_at(seed, salt, ratio(cycle, 1)), chance_at(seed, salt, ratio(cycle + 1, 1))
        phase = float(time - cycle)
        return low + (high - low) * phase * phase * (3.0 - 2.0 * phase)

    return value
