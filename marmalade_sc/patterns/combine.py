"""Two patterns become one: applicative combination and joins of patterns of patterns."""

from collections.abc import Callable
from fractions import Fraction

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.event import Event, Place, Value
from marmalade_sc.patterns.pattern import Pattern, Run, common_period, pure
from marmalade_sc.patterns.span import ONE, Span, mapped

__all__ = ["app_both", "app_left", "app_onset", "app_right", "inner_join", "mixed_join", "values_in_period"]

INSTANT = Fraction(1, 1 << 20)  # cycles: the span in which a value is looked up; nobody plays notes this short

Binary = Callable[[Value, Value], Value]


def app_both(left: Pattern, right: Pattern, function: Binary) -> Pattern:
    """Structure from both: the whole is the intersection of both wholes (None when one side is continuous)."""
    ask_left, ask_right = left.ask, right.ask

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result = []
        rights = ask_right(begin, end, run)
        for a in ask_left(begin, end, run):
            run.spend(len(rights))
            for b in rights:
                part = a.part.intersection(b.part)
                if part is None:
                    continue
                whole = None if a.whole is None or b.whole is None else a.whole.intersection(b.whole)
                result.append(Event(whole, part, function(a.value, b.value), a.places + b.places))
        return result

    return Pattern(ask, common_period((left.period, right.period)))


def app_left(left: Pattern, right: Pattern, function: Binary) -> Pattern:
    """Structure from the left; the value of the right is looked up over each left event.

    The piece that holds the onset carries the right's value at the onset; a rest there takes the onset away.
    """
    if right.constant is not None:
        return _with_constant(left, right.constant[0], right.constant[1], function)
    ask_left, ask_right = left.ask, right.ask

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result = []
        for a in ask_left(begin, end, run):
            extent = a.part if a.whole is None else a.whole
            for b in ask_right(extent.begin, extent.end, run):
                part = a.part.intersection(b.part)
                if part is not None:
                    whole = part if a.whole is a.part and part is a.part else a.whole
                    result.append(Event(whole, part, function(a.value, b.value), a.places + b.places))
        return result

    return Pattern(ask, common_period((left.period, right.period)))


def app_onset(left: Pattern, right: Pattern, function: Binary) -> Pattern:
    """As `app_left`, but the right is looked up at the onset only, so events are never cut.

    What begins at a rest of the right is left out. Continuous events of the left are cut as `app_left` does.
    """
    if right.constant is not None:
        return _with_constant(left, right.constant[0], right.constant[1], function)
    ask_left, ask_right = left.ask, right.ask

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result = []
        for a in ask_left(begin, end, run):
            if a.whole is None:
                for b in ask_right(a.part.begin, a.part.end, run):
                    result.append(Event(None, b.part, function(a.value, b.value), a.places + b.places))
                continue
            onset = a.whole.begin
            for b in ask_right(onset, mapped(onset, ONE, INSTANT), run):
                if b.part.begin == onset:
                    result.append(Event(a.whole, a.part, function(a.value, b.value), a.places + b.places))
        return result

    return Pattern(ask, common_period((left.period, right.period)))


def _with_constant(left: Pattern, value: Value, places: tuple[Place, ...], function: Binary) -> Pattern:
    """`app_left` with a value that never changes: nothing needs to be looked up."""
    if not places:
        return left.fmap(lambda a: function(a, value))
    ask_left = left.ask

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        return [Event(a.whole, a.part, function(a.value, value), a.places + places) for a in ask_left(begin, end, run)]

    return Pattern(ask, left.period)


def app_right(left: Pattern, right: Pattern, function: Binary) -> Pattern:
    """Structure from the right."""
    return app_left(right, left, lambda b, a: function(a, b))


def values_in_period(pattern: Pattern, limit: int = 256) -> list[Value] | None:
    """Every different value of a pattern that repeats, or None when they cannot be known or listed."""
    if pattern.period is None:
        return None
    found: list[Value] = []
    try:
        for event in pattern.query(0, pattern.period):
            if event.whole is None:
                return None
            if event.value not in found:
                found.append(event.value)
                if len(found) > limit:
                    return None
    except UsageError:
        return None
    return found


def _inner_patterns(outer: Pattern, build: Callable[[Value], Pattern]) -> tuple[Callable[[Value], Pattern], int | None]:
    """`build`, remembering what it built for the values of a repeating pattern, and the period of the join."""
    values = values_in_period(outer)
    if values is None:
        return build, None
    built = [(value, build(value)) for value in values]
    period = common_period([outer.period, *(pattern.period for _, pattern in built)])

    def find(value: Value) -> Pattern:
        for known, pattern in built:
            if known == value:
                return pattern
        return build(value)

    return find, period


def inner_join(outer: Pattern, build: Callable[[Value], Pattern]) -> Pattern:
    """Each value chooses a pattern that plays while the value lasts; wholes are those of the inner pattern.

    `build` is called eagerly for all values of a repeating outer pattern, so its errors show when the pattern is
    made, not while it plays.
    """
    if outer.constant is not None:
        return build(outer.constant[0])
    find, period = _inner_patterns(outer, build)
    ask_outer = outer.ask

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result = []
        for event in ask_outer(begin, end, run):
            for inner in find(event.value).ask(event.part.begin, event.part.end, run):
                result.append(Event(inner.whole, inner.part, inner.value, inner.places + event.places))
        return result

    return Pattern(ask, period)


def mixed_join(outer: Pattern, build: Callable[[Value], Pattern]) -> Pattern:
    """As `inner_join`, but the whole is the intersection of the outer and the inner whole."""
    if outer.constant is not None:
        outer = pure(outer.constant[0], outer.constant[1])
    find, period = _inner_patterns(outer, build)
    ask_outer = outer.ask

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result = []
        for event in ask_outer(begin, end, run):
            for inner in find(event.value).ask(event.part.begin, event.part.end, run):
                whole: Span | None = None
                if inner.whole is not None and event.whole is not None:
                    whole = inner.whole.intersection(event.whole)
                result.append(Event(whole, inner.part, inner.value, inner.places + event.places))
        return result

    return Pattern(ask, period)
