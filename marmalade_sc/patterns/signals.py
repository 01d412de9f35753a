"""Values that change all the time: waves and noise from 0 to 1, sampled where events begin."""

from collections.abc import Callable
from fractions import Fraction
from math import pi, sin

from marmalade_sc.patterns.arguments import with_cycles
from marmalade_sc.patterns.chance import random_signal, salt_of, smooth_signal
from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.pattern import MAX_PERIOD, Pattern, Run
from marmalade_sc.patterns.span import Span, floor

__all__ = ["Signal", "signals"]

Wave = Callable[[Fraction, int], float]  # of time in periods and the seed

MAX_CYCLES = 16_384


class Signal(Pattern):
    """A wave as a pattern of continuous events (`whole` is None); `signal(4)` has one period in 4 cycles.

    The value of an event is the wave at the beginning of its part. Waves without chance repeat exactly, so they
    have a period although they never hold still.
    """

    __slots__ = ("_cycles", "_seeded", "_wave")

    def __init__(self, wave: Wave, cycles: Fraction = Fraction(1), seeded: bool = False) -> None:
        def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
            run.spend(1)
            return [Event(None, Span(begin, end), wave(begin / cycles, run.seed))]

        period = cycles.numerator
        super().__init__(ask, None if seeded or period > MAX_PERIOD else period)
        self._wave = wave
        self._cycles = cycles
        self._seeded = seeded

    def __call__(self, cycles: object) -> Pattern:
        """The wave with one period in so many cycles.

        Raises:
            UsageError: when `cycles` is not a number above 0, up to 16,384, or a pattern of such.
        """
        lowest = 1 / MAX_CYCLES
        return with_cycles(
            cycles,
            lambda length: Signal(self._wave, self._cycles * length, self._seeded),
            "signal",
            "cycles",
            lowest,
            MAX_CYCLES,
        )


def _phase(time: Fraction) -> float:
    return float(time - floor(time))


def _triangle(time: Fraction, seed: int) -> float:
    phase = _phase(time)
    return 2.0 * phase if phase < 0.5 else 2.0 - 2.0 * phase


def signals() -> dict[str, Signal]:
    """All signals by name."""
    return {
        "sine": Signal(lambda time, seed: 0.5 + 0.5 * sin(2.0 * pi * _phase(time))),
        "saw": Signal(lambda time, seed: _phase(time)),
        "tri": Signal(_triangle),
        "square": Signal(lambda time, seed: 0.0 if _phase(time) < 0.5 else 1.0),
        "rand": Signal(random_signal(salt_of("rand")), seeded=True),
        "perlin": Signal(smooth_signal(salt_of("perlin")), seeded=True),
    }
