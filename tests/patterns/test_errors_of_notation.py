"""Mistakes in a notation: the place, what was expected, and no text that takes long."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import NotationError, UsageError
from marmalade_sc.patterns import notation

# source, kind, column, part of the message
MISTAKES = [
    ("[a b", "string", 1, "'[' is never closed"),
    ("a [b <c d", "string", 6, "'<' is never closed"),
    ("a {b", "string", 3, "'{' is never closed"),
    ("a(3,8", "string", 2, "'(' is never closed"),
    ("a b]", "string", 4, "']' closes nothing"),
    ("a)", "string", 2, "')' closes nothing"),
    ("[a b>", "string", 5, "'>' does not close '['"),
    ("a*", "string", 3, "expected a number"),
    ("a/b", "string", 3, "expected a number, found 'b'"),
    ("a*[2 b]", "string", 6, "expected a number"),
    ("a*e", "string", 3, "expected a number"),
    ("*2", "string", 1, "'*' needs a step before it"),
    ("!", "string", 1, "'!' needs a step before it"),
    ("@", "string", 1, "'@' needs a step before it"),
    ("()", "string", 1, "'(' needs a step before it"),
    ("_ a", "string", 1, "'_' needs a step before it"),
    (".", "string", 1, "'.' needs steps on both sides"),
    ("a .", "string", 3, "'.' needs steps on both sides"),
    (".. 3", "number", 1, "'..' needs a value before it"),
    ("0 ..", "number", 3, "'..' needs a value behind it"),
    ("a | b, c", "string", 6, "cannot be mixed"),
    ("a, b | c", "string", 6, "cannot be mixed"),
    ("<a | b>", "string", 4, "'|' works in [ ] only"),
    ("<>", "string", 1, "<> needs at least one step"),
    ("{}", "string", 1, "{} needs at least one step"),
    ("{a, }", "string", 1, "{} needs at least one step"),
    ("<a@0>", "string", 1, "<> needs at least one step"),
    ("{a b c} % 4", "string", 9, "'%' needs a step before it"),
    ("{a b c}% 4", "string", 9, "'%' needs its number directly behind it"),
    ("{a b}%", "string", 7, "expected a number"),
    ("a(3)", "string", 2, "2 or 3 numbers, not 1"),
    ("a(3,8,0,1)", "string", 2, "2 or 3 numbers, not 4"),
    ("a(3,)", "string", 5, "expected a whole number"),
    ("a(3.5,8)", "string", 3, "is not a whole number"),
    ("a(b,8)", "string", 3, "expected a whole number"),
    ("a(3,2000)", "string", 2, "at most 1024 steps"),
    ("a+b", "string", 2, "expected a name"),
    ("a=b", "string", 2, "expected a name"),
    ("a;b", "string", 2, "expected a name"),
    ('"a b"', "string", 1, "expected a name"),
    ("c'maj", "string", 2, "needs a step before it"),
    ("1%4", "string", 2, "'%' needs a step"),
    ("^", "string", 1, "needs the name of a control"),
    ("a!-1", "string", 3, "must not be negative"),
    ("a@-1 b", "string", 3, "must not be negative"),
    ("a?-1", "string", 3, "a probability goes from 0 to 1"),
    ("1 c", "number", 3, "expected a number, found 'c'"),
    ("3h", "number", 1, "'3h' is not a number"),
    ("1%0", "number", 1, "is not a fraction"),
    ("1.5%2", "number", 1, "is not a fraction"),
    ("1e999", "number", 1, "out of range"),
    ("c h", "note", 3, "expected a note"),
    ("cat", "note", 1, "'cat' is not a note"),
    ("c'mjor", "note", 3, "there is no chord 'mjor'"),
    ("c'", "note", 3, "expected the name of a chord"),
    ("c'maj'x", "note", 7, "expected a chord modifier"),
    ("a\nb [c\nd", "string", 3, "'[' is never closed"),
]

HOSTILE = [
    "bd*1e9", "bd*16385", "[" * 1000, "<" * 65, "a!999999999", "0 .. 1e9", "a*16384*2", "bd(3,99999)", "~*1e9",
    "<~ ~>*1e9", "[[a*1000]*1000]*1000", "a*<1 1e6>", "a" + "*1.5" * 65, "a*" + "9" * 500, "a*1e300", "a/1e-300",
    "a@1e9 b", "a@0.00000001 b", "a " * 32_768, "a!16384 b!16384", "[a,b]*16384", "{a b}%1e9", "0 .. [1 1e9]",
    "1(1024,1024)(1024,1024)", "[0 .. 200]*200", "a" * 70_000, "((((", "a:" * 40_000, "*" * 65_536, "a?" * 30_000,
]  # fmt: skip


@pytest.mark.parametrize(("source", "kind", "column", "message"), MISTAKES)
def test_a_mistake_is_shown_where_it_is(source: str, kind: str, column: int, message: str) -> None:
    with pytest.raises(NotationError) as caught:
        notation(source, kind)
    assert message in caught.value.message
    assert caught.value.where is not None
    assert caught.value.where.column == column
    assert "^" in str(caught.value)


def test_the_line_is_counted() -> None:
    with pytest.raises(NotationError) as caught:
        notation("a b\n c [d")
    assert caught.value.where is not None
    assert (caught.value.where.line, caught.value.where.text) == (2, " c [d")


@pytest.mark.parametrize("source", HOSTILE, ids=lambda source: source[:20])
@pytest.mark.parametrize("kind", ["string", "number", "note"])
def test_hostile_text_fails_fast_or_plays_within_bounds(source: str, kind: str) -> None:
    """A stranger's string must not stop the music: 20 s of a processor is a hang, 0.1 s what the worst takes."""
    started = time.thread_time()
    try:
        assert len(notation(source, kind).query(0, 1)) <= 16_384
    except UsageError as error:
        assert len(str(error)) < 2000
    assert time.thread_time() - started < 20.0


def test_limits_are_just_above_what_is_allowed() -> None:
    assert len(notation("bd*16384").onsets(0, 1)) == 16_384
    assert len(notation("0 .. 16382", "number").onsets(0, 1)) == 16_383
    assert len(notation("a(1024,1024)").onsets(0, 1)) == 1024
    assert len(notation("[" * 64 + "a" + "]" * 64).onsets(0, 1)) == 1


def test_a_pattern_that_explodes_in_a_query_is_stopped() -> None:
    with pytest.raises(UsageError, match="too many events"):
        notation("bd*1024").ply(1024).query(0, 1)
    with pytest.raises(UsageError, match="too many events"):
        notation("bd").fast(16_384).fast(16_384).query(0, 1)


def test_a_very_deep_chain_is_an_error_of_the_user() -> None:
    pattern = notation("bd")
    for _ in range(2000):
        pattern = pattern.fast(2).slow(2)
    with pytest.raises(UsageError, match="nested too deeply"):
        pattern.query(0, 1)


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text(alphabet="ab01c~-_ .,|<>[]{}()*/!@?:'%^e#\n+5ö", max_size=40), st.sampled_from(["string", "number", "note"])
)
def test_random_text_raises_nothing_but_usage_errors(source: str, kind: str) -> None:
    try:
        pattern = notation(source, kind)
        pattern.query(0, 2)
    except UsageError as error:
        assert error.message


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_any_unicode_raises_nothing_but_usage_errors(source: str) -> None:
    try:
        notation(source).query(0, 1)
    except UsageError as error:
        assert error.where is not None
