"""Functions that move events in time, with arguments as people type them."""

from fractions import Fraction
from functools import partial

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns import timing
from marmalade_sc.patterns.arguments import MAX_FACTOR, as_pattern, is_number, with_count, with_cycles
from marmalade_sc.patterns.combine import app_both, app_onset, inner_join
from marmalade_sc.patterns.controls import as_controls
from marmalade_sc.patterns.euclid import MAX_STEPS
from marmalade_sc.patterns.euclid import euclid as fixed_euclid
from marmalade_sc.patterns.event import Event, Value
from marmalade_sc.patterns.pattern import MAX_PERIOD, Pattern, Run, pure
from marmalade_sc.patterns.span import Span, floor, mapped, ratio

MAX_SLICES = 1024


def fast(pattern: Pattern, factor: object) -> Pattern:
    """Plays `factor` times as fast; a negative factor also plays backwards, 0 is silence."""
    return with_cycles(factor, partial(timing.fast, pattern), "fast", "factor")


def slow(pattern: Pattern, factor: object) -> Pattern:
    """Plays `factor` times as slow; 0 is silence."""
    return with_cycles(factor, partial(timing.slow, pattern), "slow", "factor")


def early(pattern: Pattern, cycles: object) -> Pattern:
    """Shifts the pattern earlier by cycles (Tidal's `<~`)."""
    return with_cycles(cycles, lambda time: timing.late(pattern, -time), "early", "cycles")


def late(pattern: Pattern, cycles: object) -> Pattern:
    """Shifts the pattern later by cycles (Tidal's `~>`)."""
    return with_cycles(cycles, partial(timing.late, pattern), "late", "cycles")


def rev(pattern: Pattern) -> Pattern:
    """Plays each cycle backwards."""
    return timing.rev(pattern)


def palindrome(pattern: Pattern) -> Pattern:
    """Plays each cycle forwards, then backwards."""
    return timing.cat(pattern, timing.rev(pattern))


def iterate(pattern: Pattern, steps: object) -> Pattern:
    """Begins one of `steps` equal steps later in each cycle, until it comes round (Tidal's iter)."""

    def make(count: int) -> Pattern:
        return timing.cat(*(timing.late(pattern, Fraction(-i, count)) for i in range(count)))

    return with_count(steps, make, "iter", "steps", 1, MAX_PERIOD)


def rot(pattern: Pattern, steps: object) -> Pattern:
    """Moves the values of each cycle to the left by `steps` events; the rhythm stays (Tidal's rot)."""

    def make(count: int) -> Pattern:
        ask = pattern.ask

        def turned(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
            cycle = floor(begin)
            found = [e for e in ask(ratio(cycle, 1), ratio(cycle + 1, 1), run) if e.whole is not None]
            found.sort(key=lambda event: (event.part.begin, event.extent.begin))
            limit = Span(begin, end)
            moved = [
                Event(event.whole, event.part, found[(i + count) % len(found)].value, event.places)
                for i, event in enumerate(found)
            ]
            return [piece for event in moved if (piece := event.clipped(limit)) is not None]

        return timing.by_cycle(Pattern(turned, pattern.period))

    return with_count(steps, make, "rot", "steps", -MAX_FACTOR, MAX_FACTOR)


def _pieces(event: Event, count: int) -> list[tuple[int, Span, Span]]:
    """The parts of an event cut into equal wholes: (number, whole, part)."""
    extent = event.extent
    width = extent.length / count
    result = []
    for i in range(count):
        whole = Span(mapped(width, ratio(i, 1), extent.begin), mapped(width, ratio(i + 1, 1), extent.begin))
        part = whole.intersection(event.part)
        if part is not None:
            result.append((i, whole, part))
    return result


def ply(pattern: Pattern, count: object) -> Pattern:
    """Plays each event `count` times within its time."""

    def make(times: int) -> Pattern:
        ask = pattern.ask

        def repeated(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
            found = ask(begin, end, run)
            run.spend(len(found) * times)
            return [
                Event(whole, part, event.value, event.places)
                for event in found
                for _, whole, part in _pieces(event, times)
            ]

        return Pattern(repeated, pattern.period)

    return with_count(count, make, "ply", "count", 1, MAX_SLICES)


def chop(pattern: Pattern, count: object) -> Pattern:
    """Cuts each sample into `count` pieces, played one after another in its time."""

    def make(times: int) -> Pattern:
        ask = pattern.ask

        def cut(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
            found = ask(begin, end, run)
            run.spend(len(found) * times)
            return [
                Event(whole, part, _slice(event.value, i, times), event.places)
                for event in found
                for i, whole, part in _pieces(event, times)
            ]

        return Pattern(cut, pattern.period)

    return with_count(count, make, "chop", "count", 1, MAX_SLICES)


def _slice(value: Value, number: int, count: int) -> dict[str, Value]:
    """The controls of one of `count` equal slices of what the controls play."""
    controls = as_controls(value)
    begin, end = controls.get("begin", 0.0), controls.get("end", 1.0)
    width = (end - begin) / count
    return {**controls, "begin": begin + width * number, "end": begin + width * (number + 1)}


def striate(pattern: Pattern, count: object) -> Pattern:
    """Plays the whole pattern `count` times per cycle, each time with the next slice of its samples."""

    def make(times: int) -> Pattern:
        return timing.fastcat(*(pattern.fmap(partial(_slice, number=i, count=times)) for i in range(times)))

    return with_count(count, make, "striate", "count", 1, MAX_SLICES)


def swing(pattern: Pattern, amount: object = Fraction(1, 3), pairs: object = 4) -> Pattern:
    """Makes every second of `2 * pairs` steps of a cycle late, by `amount` steps (1/3 is a triplet feel)."""

    def make(share: Fraction, count: int) -> Pattern:
        if share == 0:
            return pattern
        ask, step = pattern.ask, Fraction(1, 2 * count)
        delay = share * step

        def swung(begin: Fraction, end: Fraction, run: Run) -> list[Event]:
            limit, result = Span(begin, end), []
            for event in ask(begin - delay, end, run):
                if event.whole is not None and floor(event.whole.begin / step) % 2:
                    event = event.mapped(Fraction(1), delay)
                piece = event.clipped(limit)
                if piece is not None:
                    result.append(piece)
            return result

        return Pattern(swung, pattern.period)

    def with_share(share: Fraction) -> Pattern:
        return with_count(pairs, lambda count: make(share, count), "swing", "pairs", 1, MAX_SLICES)

    return with_cycles(amount, with_share, "swing", "amount", 0, 1)


def segment(pattern: Pattern, count: object) -> Pattern:
    """Samples the pattern `count` times per cycle: turns a signal into notes."""

    def make(times: int) -> Pattern:
        return app_onset(timing.fast(pure(None), Fraction(times)), pattern, lambda _, value: value)

    return with_count(count, make, "segment", "count", 1, MAX_SLICES)


def struct(pattern: Pattern, rhythm: object) -> Pattern:
    """Takes the times from a rhythm of t and f (or 1 and 0), the values from the pattern."""
    times = as_pattern(rhythm, "struct", "bool").filter_values(bool)
    return app_onset(times, pattern, lambda _, value: value)


def mask(pattern: Pattern, rhythm: object) -> Pattern:
    """Keeps the events that begin where the rhythm of t and f (or 1 and 0) is true."""
    times = as_pattern(rhythm, "mask", "bool").filter_values(bool)
    return app_onset(pattern, times, lambda value, _: value)


def euclid(pattern: Pattern, hits: object, steps: object, rotation: object = 0) -> Pattern:
    """Plays the pattern at `hits` of `steps` steps, spread evenly, turned left by `rotation` steps."""
    pairs = app_both(_counts(hits, "hits"), _counts(steps, "steps"), lambda a, b: (a, b))
    triples = app_both(pairs, _counts(rotation, "rotation"), lambda pair, c: (*pair, c))
    return inner_join(triples, lambda triple: fixed_euclid(pattern, *triple))


def _counts(value: object, name: str) -> Pattern:
    """A pattern of whole numbers from an argument of euclid."""

    def check(number: Value) -> Value:
        if is_number(number) and number == int(number) and abs(number) <= MAX_STEPS:
            return int(number)
        raise UsageError(f"euclid: {name} is {number!r}; it must be a whole number up to {MAX_STEPS}")

    pattern = as_pattern(value, "euclid", "integer").fmap(check)
    pattern.query(0, pattern.period or 1)
    return pattern
