"""What happens when: faster, slower, earlier, later, one after another, backwards."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate

from marmalade_sc.patterns.event import Event
from marmalade_sc.patterns.pattern import MAX_PERIOD, Pattern, Run, common_period, silence
from marmalade_sc.patterns.span import ONE, ZERO, Span, ceiling, floor, mapped, ratio, shifted

__all__ = [
    "MAX_TABLE",
    "by_cycle",
    "cat",
    "fast",
    "fastcat",
    "late",
    "pick_cycle",
    "repeat_cycles",
    "rev",
    "slow",
    "tabled",
    "timecat",
]

MAX_TABLE = 4096  # events kept per literal: 1.5 MB at most


def _stretched_period(period: int | None, scale: Fraction) -> int | None:
    """The period in whole cycles of a pattern whose time is multiplied by `scale`."""
    if period is None:
        return None
    result = (period * abs(scale)).numerator
    return result if 0 < result <= MAX_PERIOD else None


def fast(pattern: Pattern, factor: Fraction) -> Pattern:
    """`factor` times as fast; zero is silence, a negative factor also plays backwards (as in Tidal)."""
    if factor == 0:
        return silence()
    if factor < 0:
        return rev(fast(pattern, -factor))
    if factor == 1:
        return pattern
    ask, back = pattern.ask, 1 / factor

    def faster(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        found = ask(mapped(begin, factor, ZERO), mapped(end, factor, ZERO), run)
        return [event.mapped(back, ZERO) for event in found]

    return Pattern(faster, _stretched_period(pattern.period, back))


def slow(pattern: Pattern, factor: Fraction) -> Pattern:
    """`factor` times as slow; zero is silence."""
    return silence() if factor == 0 else fast(pattern, 1 / factor)


def late(pattern: Pattern, cycles: Fraction) -> Pattern:
    """Shifted later by `cycles`; earlier when negative."""
    if cycles == 0:
        return pattern
    ask, back = pattern.ask, -cycles

    def later(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        found = ask(mapped(begin, ONE, back), mapped(end, ONE, back), run)
        return [event.mapped(ONE, cycles) for event in found]

    return Pattern(later, pattern.period)


def by_cycle(pattern: Pattern) -> Pattern:
    """The pattern asked for at most one cycle at a time."""
    ask = pattern.ask

    def split(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        first, last = floor(begin), ceiling(end)
        if last - first <= 1:
            return ask(begin, end, run)
        run.spend(last - first)
        result = ask(begin, ratio(first + 1, 1), run)
        for cycle in range(first + 1, last - 1):
            result += ask(ratio(cycle, 1), ratio(cycle + 1, 1), run)
        return result + ask(ratio(last - 1, 1), end, run)

    return Pattern(split, pattern.period, pattern.constant)


def timecat(steps: Sequence[tuple[Fraction, Pattern]]) -> Pattern:
    """Patterns share each cycle, one after another, in proportion to their weights; weight zero is left out.

    Each plays its own cycle 0, 1, 2... squeezed into its place. Wholes may reach beyond the place (`[a b]/3`).
    """
    kept = [(weight, pattern) for weight, pattern in steps if weight > 0]
    if not kept:
        return silence()
    if len(kept) == 1:
        return by_cycle(kept[0][1])
    total = sum((weight for weight, _ in kept), ZERO)
    edges = [ZERO, *(edge / total for edge in accumulate(weight for weight, _ in kept))]
    places = [
        (edges[i], edges[i + 1], edges[i + 1] - edges[i], 1 / (edges[i + 1] - edges[i]), pattern)
        for i, (_, pattern) in enumerate(kept)
    ]

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result: list[Event] = []
        for cycle in range(floor(begin), ceiling(end)):
            run.spend(len(places))
            is_whole_cycle = begin <= cycle and end >= cycle + 1
            for step_begin, step_end, width, speed, pattern in places:
                whole = Span(shifted(step_begin, cycle), shifted(step_end, cycle))
                part = whole
                if not is_whole_cycle and (whole.begin < begin or whole.end > end):
                    if whole.end <= begin or whole.begin >= end:
                        continue
                    part = Span(max(whole.begin, begin), min(whole.end, end))
                if pattern.constant is not None:
                    result.append(Event(whole, part, *pattern.constant))
                    continue
                # local = (time - whole.begin) * speed + cycle; back: (local - cycle) * width + whole.begin
                inside = mapped(whole.begin, -speed, ratio(cycle, 1))
                outside = mapped(width, ratio(-cycle, 1), whole.begin) if cycle else whole.begin
                found = pattern.ask(mapped(part.begin, speed, inside), mapped(part.end, speed, inside), run)
                result += [event.mapped(width, outside) for event in found]
        return result

    return Pattern(ask, common_period(pattern.period for _, pattern in kept))


def cat(*patterns: Pattern) -> Pattern:
    """One pattern per cycle, in turn; each goes on with its own next cycle when its turn comes again."""
    count = len(patterns)
    if count == 0:
        return silence()
    if count == 1:
        return by_cycle(patterns[0])

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        cycle = floor(begin)
        offset = cycle - cycle // count
        found = patterns[cycle % count].ask(shifted(begin, -offset), shifted(end, -offset), run)
        return [event.shifted(offset) for event in found] if offset else found

    inner = common_period(pattern.period for pattern in patterns)
    period = None if inner is None or inner * count > MAX_PERIOD else inner * count
    return by_cycle(Pattern(ask, period))


def fastcat(*patterns: Pattern) -> Pattern:
    """All patterns one after another in each cycle."""
    return timecat([(ONE, pattern) for pattern in patterns])


def repeat_cycles(pattern: Pattern, count: int) -> Pattern:
    """Each cycle `count` times within one cycle: what `!count` means."""
    return timecat([(ONE, pattern)] * count)


def pick_cycle(patterns: Sequence[Pattern], period: int) -> Pattern:
    """In cycle c the pattern `patterns[c % period]`, each in absolute time."""

    def ask(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        return patterns[floor(begin) % period].ask(begin, end, run)

    different = {id(pattern): pattern for pattern in patterns}.values()
    return by_cycle(Pattern(ask, common_period([period, *(pattern.period for pattern in different)])))


def rev(pattern: Pattern) -> Pattern:
    """Each cycle played backwards."""
    ask = pattern.ask

    def backwards(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        mirror = ratio(2 * floor(begin) + 1, 1)
        found = ask(mapped(end, -ONE, mirror), mapped(begin, -ONE, mirror), run)
        return [event.mapped(-ONE, mirror) for event in found]

    return by_cycle(Pattern(backwards, pattern.period))


@dataclass(frozen=True, slots=True)
class _Row:
    """The events of one cycle in order of their parts, with what a search needs."""

    events: list[Event]
    begins: list[Fraction]
    latest: list[Fraction]  # the latest end of any part up to here

    @classmethod
    def of(cls, events: list[Event]) -> "_Row":
        ordered = sorted(events, key=lambda event: event.part.begin)
        ends = list(accumulate((event.part.end for event in ordered), max))
        return cls(ordered, [event.part.begin for event in ordered], ends)

    def within(self, span: Span) -> list[Event]:
        """The pieces that lie in the span."""
        first, last = bisect_right(self.latest, span.begin), bisect_left(self.begins, span.end)
        return [piece for event in self.events[first:last] if (piece := event.clipped(span)) is not None]


def tabled(pattern: Pattern) -> Pattern:
    """The same pattern, answering from a table of its cycles once they have been asked for.

    Only for patterns with a period and without continuous events. Harmless across threads: two of them may fill
    the same row with equal events.
    """
    if pattern.period is None or pattern.constant is not None:
        return pattern
    period, ask, table = pattern.period, pattern.ask, dict[int, _Row]()

    def make_row(cycle: int, run: Run) -> _Row:
        row = _Row.of(ask(ratio(cycle, 1), ratio(cycle + 1, 1), run))
        if sum(len(each.events) for each in table.values()) + len(row.events) <= MAX_TABLE:
            table[cycle] = row
        return row

    def look_up(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
        result: list[Event] = []
        for cycle in range(floor(begin), ceiling(end)):
            key = cycle % period
            row = table.get(key) or make_row(key, run)
            offset = cycle - key
            events = row.events
            if begin > cycle or end < cycle + 1:
                first, last = max(begin, ratio(cycle, 1)), min(end, ratio(cycle + 1, 1))
                events = row.within(Span(shifted(first, -offset), shifted(last, -offset)))
            run.spend(1 + len(events))
            result += [event.shifted(offset) for event in events] if offset else events
        return result

    return Pattern(look_up, period)
