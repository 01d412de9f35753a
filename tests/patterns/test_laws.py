"""The algebra of patterns as laws over random notations and functions."""

from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns import Event, Pattern, notation
from marmalade_sc.patterns.combine import app_both, app_left, app_onset, app_right, inner_join
from marmalade_sc.patterns.language import namespace
from marmalade_sc.patterns.pattern import pure, silence, stack
from marmalade_sc.patterns.span import floor
from marmalade_sc.patterns.timing import cat, fast, fastcat, late, rev, slow

FACTORS = ("2", "3", "1.5", "<2 3>", "[1 2]", "3%4")


def texts(chance: bool) -> st.SearchStrategy[str]:
    """Notations of up to about twenty steps; with `chance` also `?` and `|`."""
    atoms = st.sampled_from(["a", "b", "c", "~", "0", "bd:3"])
    extra = ["?", "?0.3"] if chance else []

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        modifier = st.sampled_from(["!2", "@3", "(3,8)", "(<3 5>,8,1)", *extra])
        factor = st.sampled_from(FACTORS)
        bracketed = inner.map(lambda each: f"[{each}]")
        options = [
            st.lists(inner.map(_single), min_size=1, max_size=3).map(" ".join),
            st.lists(bracketed, min_size=1, max_size=3).map(lambda parts: f"<{' '.join(parts)}>"),
            st.tuples(st.lists(bracketed, min_size=1, max_size=3), st.integers(1, 4)).map(
                lambda pair: f"{{{' '.join(pair[0])}}}%{pair[1]}"
            ),
            st.tuples(bracketed, modifier).map("".join),
            st.tuples(bracketed, st.sampled_from("*/"), factor).map("".join),
            st.tuples(bracketed, bracketed).map(", ".join),
        ]
        if chance:
            options.append(st.tuples(bracketed, bracketed).map("|".join))
        return st.one_of(options)

    return st.recursive(atoms, grow, max_leaves=6)


def _single(text: str) -> str:
    return f"[{text}]" if any(mark in text for mark in " ,|") else text


CALLS = (
    ".fast(2)", ".slow(3)", ".early(.25)", ".late(1/3)", ".rev()", ".palindrome()", ".iter(3)", ".ply(2)", ".rot(1)",
    ".every(3, rev)", ".off(1/8, rev)", ".euclid(3, 8)", '.struct("t f t")', '.mask("1 0 1")', ".swing(.1)",
    ".superimpose(fast(2))", '.fast("<1 2>")', ".segment(3)", ".arp()",
)  # fmt: skip
CHANCE_CALLS = (".degrade(.4)", ".sometimes(.4, rev)", ".rarely(ply(2))")


def patterns(chance: bool = False) -> st.SearchStrategy[Pattern]:
    """Notations with up to three functions applied."""
    calls = st.lists(st.sampled_from(CALLS + (CHANCE_CALLS if chance else ())), max_size=3)

    def build(parts: tuple[str, list[str]]) -> Pattern:
        text, chain = parts
        try:
            pattern: Pattern = eval(f"p{''.join(chain)}", {**namespace(), "p": notation(text)})
            pattern.query(0, 1)
        except UsageError:
            assume(False)
        return pattern

    return st.tuples(texts(chance), calls).map(build)


def flat(events: list[Event], cuts: tuple[Fraction, ...] = ()) -> Counter[tuple[object, ...]]:
    """The events with their parts cut at whole cycles and at `cuts`, in no order."""
    found: Counter[tuple[object, ...]] = Counter()
    for event in events:
        begin = event.part.begin
        inside = sorted(cut for cut in cuts if begin < cut < event.part.end)
        edges = [begin, *inside]
        while edges:
            start = edges.pop(0)
            limit = edges[0] if edges else event.part.end
            while start < limit:
                end = min(limit, Fraction(floor(start) + 1))
                found[(event.whole, start, end, str(event.value))] += 1
                start = end
    return found


def same(one: Pattern, other: Pattern, cycles: int = 4) -> None:
    assert flat(one.query(0, cycles)) == flat(other.query(0, cycles))


LAW = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
TIMES = st.fractions(min_value=0, max_value=5, max_denominator=24)


@LAW
@given(patterns(chance=True), TIMES, TIMES, TIMES)
def test_a_query_may_be_split_anywhere(pattern: Pattern, a: Fraction, b: Fraction, c: Fraction) -> None:
    """Frames of 20 to 50 ms must give what a query of the whole bar gives: no note lost, none twice."""
    first, middle, last = sorted((a, b, c))
    whole = pattern.query(first, last, 7)
    parts = pattern.query(first, middle, 7) + pattern.query(middle, last, 7)
    assert flat(whole, (middle,)) == flat(parts, (middle,))
    onsets = pattern.onsets(first, middle, 7) + pattern.onsets(middle, last, 7)
    assert flat([e for e in whole if e.has_onset], (middle,)).keys() >= flat(onsets, (middle,)).keys()
    assert len(onsets) == len(pattern.onsets(first, last, 7))


@LAW
@given(patterns(), st.integers(0, 70))
def test_a_period_is_honest(pattern: Pattern, cycle: int) -> None:
    """A scheduler asks for one period and repeats it for an hour."""
    if pattern.period is None:
        return
    assert 1 <= pattern.period <= 64
    here = [event.shifted(pattern.period) for event in pattern.query(cycle, cycle + 1, 1)]
    there = pattern.query(cycle + pattern.period, cycle + pattern.period + 1, 2)
    assert flat(here) == flat(there)


@LAW
@given(patterns(chance=True), st.integers(0, 5))
def test_chance_is_the_same_every_time(pattern: Pattern, seed: int) -> None:
    assert pattern.query(0, 3, seed) == pattern.query(0, 3, seed)
    assert pattern.query(2, 3, seed) == pattern.query(2, 3, seed)


@LAW
@given(patterns(chance=True))
def test_parts_lie_in_the_query_and_in_their_wholes(pattern: Pattern) -> None:
    for event in pattern.query(Fraction(1, 3), Fraction(5, 2)):
        assert Fraction(1, 3) <= event.part.begin < event.part.end <= Fraction(5, 2)
        if event.whole is not None:
            assert event.whole.begin <= event.part.begin
            assert event.part.end <= event.whole.end


@LAW
@given(patterns(), st.fractions(min_value=Fraction(1, 4), max_value=4, max_denominator=6))
def test_fast_undoes_slow(pattern: Pattern, factor: Fraction) -> None:
    same(slow(fast(pattern, factor), factor), pattern)


@LAW
@given(patterns())
def test_twice_backwards_is_forwards(pattern: Pattern) -> None:
    same(rev(rev(pattern)), pattern)


@LAW
@given(patterns(), TIMES)
def test_early_undoes_late(pattern: Pattern, time: Fraction) -> None:
    assert flat(late(late(pattern, time), -time).query(0, 2), (time % 1, time % 1 + 1)) == flat(
        pattern.query(0, 2), (time % 1, time % 1 + 1)
    )


@LAW
@given(patterns())
def test_identity_and_composition_of_fmap(pattern: Pattern) -> None:
    same(pattern.fmap(lambda value: value), pattern)
    one = pattern.fmap(lambda value: f"{value}!").fmap(len)
    same(one, pattern.fmap(lambda value: len(f"{value}!")))


@LAW
@given(patterns())
def test_pure_identity_of_the_applicatives(pattern: Pattern) -> None:
    """pure id <*> v = v, in all four ways to combine (v cut at cycles by the pure side of app_right)."""
    one = pure("x")
    same(app_left(pattern, one, lambda a, _: a), pattern)
    same(app_onset(pattern, one, lambda a, _: a), pattern)
    same(app_right(one, pattern, lambda _, b: b), pattern)


@given(st.integers(), st.integers())
def test_homomorphism_of_pure(a: int, b: int) -> None:
    same(app_both(pure(a), pure(b), lambda x, y: x + y), pure(a + b))


@LAW
@given(texts(False), texts(False))
def test_app_both_is_commutative(one: str, other: str) -> None:
    left, right = notation(one), notation(other)
    same(app_both(left, right, lambda a, b: (a, b)), app_both(right, left, lambda b, a: (a, b)))


@LAW
@given(patterns())
def test_join_of_pure_is_the_pattern(pattern: Pattern) -> None:
    same(inner_join(pure("x"), lambda _: pattern), pattern)
    same(inner_join(pattern, lambda value: pure(value)).fmap(str), pattern.fmap(str), 0)


@LAW
@given(patterns(), patterns())
def test_stack_and_cat(one: Pattern, other: Pattern) -> None:
    same(stack(one, silence()), one)
    same(fastcat(one, other), fast(cat(one, other), Fraction(2)))


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_cat_takes_turns(count: int) -> None:
    same(cat(*(pure(i) for i in range(count))), notation(f"<{' '.join(map(str, range(count)))}>").fmap(int))
