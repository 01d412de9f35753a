"""The pattern: a pure function from a span of time to events, and its algebra."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import NoReturn

from marmalade_sc.errors import UnknownMethodError, UsageError, nearest
from marmalade_sc.patterns.event import Event, Place, Value
from marmalade_sc.patterns.piece import Piece
from marmalade_sc.patterns.span import Span, ceiling, floor, ratio

__all__ = ["MAX_PERIOD", "Ask", "Pattern", "Run", "common_period", "pure", "silence", "stack"]

MAX_PERIOD = 64  # cycles; a longer period is treated as unknown, so a cached period stays small
WORK_BASE = 50_000  # units of work that any query may cost: about 0.2 s, and 3 times the fullest legal cycle
WORK_PER_CYCLE = 20_000  # and that much more for each cycle asked for


@dataclass(slots=True)
class Run:
    """One query under way: the seed of all chance, the values of `^name`, and the work still allowed."""

    seed: int
    left: int
    controls: Mapping[str, Value]

    def spend(self, units: int) -> None:
        """Count work; raises UsageError when a query would cost far more than music needs."""
        self.left -= units
        if self.left < 0:
            raise UsageError(
                "this pattern makes too many events for the time asked: "
                f"more than {WORK_BASE} steps of work in one query; use smaller factors"
            )


Ask = Callable[[Fraction, Fraction, Run], list[Event]]
ValueFunction = Callable[[Value], Value]


def common_period(periods: Iterable[int | None]) -> int | None:
    """The least common multiple, or None when one is unknown or it is above MAX_PERIOD."""
    result = 1
    for period in periods:
        if period is None:
            return None
        result = lcm(result, period)
        if result > MAX_PERIOD:
            return None
    return result


class Pattern:
    """Events as a pure function of time.

    A pattern never changes; every method returns a new one. Everything in the table of the language
    (`marmalade_sc.patterns.language`) is also a method: `p.fast(2)`, `p.every(4, rev)`.

    Attributes:
        ask: the function of (begin, end, run) with begin < end; only other patterns call it.
        period: cycles after which the pattern repeats exactly, whatever the seed; None when unknown or random.
        constant: (value, places) when the pattern is that value once per cycle, else None.
        piece: what it is where it has a beginning of its own; kept by all that is made of it by methods.
    """

    __slots__ = ("ask", "constant", "period", "piece")

    def __init__(
        self,
        ask: Ask,
        period: int | None = None,
        constant: tuple[Value, tuple[Place, ...]] | None = None,
        piece: Piece | None = None,
    ) -> None:
        self.ask = ask
        self.period = period
        self.constant = constant
        self.piece = piece

    def of_piece(self, piece: Piece | None) -> "Pattern":
        """The same pattern as one that has a beginning."""
        return self if piece is self.piece else Pattern(self.ask, self.period, self.constant, piece)

    def query(
        self,
        begin: Fraction | int,
        end: Fraction | int,
        seed: int = 0,
        controls: Mapping[str, Value] | None = None,
    ) -> list[Event]:
        """Every event that sounds in [begin, end), in cycles, pieces of longer ones included.

        The same arguments give the same events in every process. Long events are cut at whole cycles. May be
        called from any thread; cost grows with the events asked for.

        Args:
            seed: moves all chance of the pattern.
            controls: values that `^name` in a notation reads.

        Raises:
            UsageError: when the pattern would make an absurd number of events.
        """
        first, last = Fraction(begin), Fraction(end)
        if first >= last:
            return []
        work = WORK_BASE + WORK_PER_CYCLE * (ceiling(last) - floor(first))
        try:
            return self.ask(first, last, Run(seed, work, controls or {}))
        except RecursionError:
            raise UsageError("this pattern is nested too deeply; build it from fewer steps") from None

    def onsets(
        self,
        begin: Fraction | int,
        end: Fraction | int,
        seed: int = 0,
        controls: Mapping[str, Value] | None = None,
    ) -> list[Event]:
        """The events that begin in [begin, end), in order of time."""
        found = [event for event in self.query(begin, end, seed, controls) if event.has_onset]
        found.sort(key=lambda event: event.part.begin)
        return found

    def fmap(self, function: ValueFunction) -> "Pattern":
        """The same events with `function` applied to each value."""
        if self.constant is not None:
            value, places = self.constant
            return pure(function(value), places)
        ask = self.ask

        def mapped(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
            return [
                Event(event.whole, event.part, function(event.value), event.places) for event in ask(begin, end, run)
            ]

        return Pattern(mapped, self.period, piece=self.piece)

    def filter_events(self, keep: Callable[[Event], bool]) -> "Pattern":
        """Only the events that `keep` accepts; `keep` must not depend on absolute time."""
        ask = self.ask
        return Pattern(
            lambda begin, end, run: [e for e in ask(begin, end, run) if keep(e)], self.period, piece=self.piece
        )

    def filter_values(self, keep: Callable[[Value], bool]) -> "Pattern":
        """Only the events whose value `keep` accepts."""
        return self.filter_events(lambda event: keep(event.value))

    def set(self, **controls: object) -> "Pattern":
        """The pattern with more controls, `p.set(cutoff=sine(4).range(400, 1600))`; structure stays the left one."""
        from marmalade_sc.patterns.controls import with_controls

        return with_controls(self, controls).of_piece(self.piece)

    def __add__(self, other: object) -> "Pattern":
        return self._arithmetic("add", other)

    def __sub__(self, other: object) -> "Pattern":
        return self._arithmetic("sub", other)

    def __mul__(self, other: object) -> "Pattern":
        return self._arithmetic("mul", other)

    def __truediv__(self, other: object) -> "Pattern":
        return self._arithmetic("div", other)

    def __mod__(self, other: object) -> "Pattern":
        return self._arithmetic("mod", other)

    def __neg__(self) -> "Pattern":
        return self._arithmetic("mul", -1)

    def __radd__(self, other: object) -> "Pattern":
        return self._arithmetic("add", other, swap=True)

    def __rsub__(self, other: object) -> "Pattern":
        return self._arithmetic("sub", other, swap=True)

    def __rmul__(self, other: object) -> "Pattern":
        return self._arithmetic("mul", other, swap=True)

    def __rtruediv__(self, other: object) -> "Pattern":
        return self._arithmetic("div", other, swap=True)

    def _arithmetic(self, name: str, other: object, swap: bool = False) -> "Pattern":
        from marmalade_sc.patterns.arithmetic import calculate

        return calculate(name, self, other, swap).of_piece(self.piece)

    def __bool__(self) -> bool:
        raise UsageError(
            "a pattern is neither true nor false", hint="use stack(a, b) to play two patterns together, not `and`/`or`"
        )

    def __iter__(self) -> NoReturn:
        raise UsageError("a pattern has no end to loop over", hint="p.query(0, 1) gives the events of one cycle")

    def __getattr__(self, name: str) -> "Callable[..., Pattern]":
        if name.startswith("_"):
            raise AttributeError(name)
        from marmalade_sc.patterns.language import methods

        table = methods()
        if name not in table:
            near = nearest(name, table)
            # Strudel's and Tidal's players write controls as methods.
            hint = f"{f'did you mean {near!r}? ' if near else ''}a control is given with .set({name}=...)"
            raise UnknownMethodError(f"patterns have no method {name!r}", hint=hint)
        function = table[name]
        return lambda *args, **kwargs: function(self, *args, **kwargs).of_piece(self.piece)

    def __dir__(self) -> list[str]:
        from marmalade_sc.patterns.language import methods

        return sorted({*object.__dir__(self), *methods()})

    def __repr__(self) -> str:
        period = "" if self.period is None else f", repeats every {self.period}"
        try:
            shown = [f"{e.part.begin}:{e.value}" for e in self.onsets(0, 1)[:8]]
        except UsageError as error:
            shown = [error.message]
        return f"<pattern {' '.join(shown) or 'no onset in cycle 0'}{period}>"


def pure(value: Value, places: tuple[Place, ...] = ()) -> Pattern:
    """The value once per cycle, filling it."""

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        first, last = floor(begin), ceiling(end)
        run.spend(last - first)
        events = []
        for cycle in range(first, last):
            whole = Span(ratio(cycle, 1), ratio(cycle + 1, 1))
            part = whole
            if begin > whole.begin or end < whole.end:
                part = Span(max(begin, whole.begin), min(end, whole.end))
            events.append(Event(whole, part, value, places))
        return events

    return Pattern(ask, 1, (value, places))


def silence() -> Pattern:
    """No events, ever."""
    return Pattern(lambda begin, end, run: [], 1)


def stack(*patterns: Pattern) -> Pattern:
    """All patterns at once; events of earlier arguments come first. A score among them has its beginning still.

    Raises:
        UsageError: one counts seconds and another one cycles.
    """
    if len(patterns) == 1:
        return patterns[0]
    pieces = [pattern.piece for pattern in patterns]
    piece = next((each for each in pieces if each is not None), None)
    if piece is not None and len({each is not None and each.in_seconds for each in pieces}) > 1:
        raise UsageError(
            "a score of its own tempo cannot be stacked with what follows the jam", hint="Give it a track of its own."
        )
    asks = [pattern.ask for pattern in patterns]

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        run.spend(len(asks))
        return [event for each in asks for event in each(begin, end, run)]

    return Pattern(ask, common_period(pattern.period for pattern in patterns), piece=piece)
