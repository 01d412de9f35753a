"""The notation, operator by operator: expected events written by hand, and texts that must mean the same."""

from fractions import Fraction

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns import Event, Literal, Pattern, Place, notation
from marmalade_sc.patterns.onsets import notation_onsets

# source: events of the first cycles as value:begin-end, in order of time
STRINGS = {
    "": "",
    "   ": "",
    "bd": "bd:0-1",
    "bd sn": "bd:0-1/2 sn:1/2-1",
    "a b c": "a:0-1/3 b:1/3-2/3 c:2/3-1",
    "a\tb\nc d": "a:0-1/4 b:1/4-1/2 c:1/2-3/4 d:3/4-1",
    "~": "",
    "-": "",
    "a ~ b -": "a:0-1/4 b:1/2-3/4",
    "bd~": "bd:0-1/2",
    "~a": "a:1/2-1",
    "-1 2": "1:1/3-2/3 2:2/3-1",
    "-- a": "a:2/3-1",
    "bd-sn": "bd-sn:0-1",
    "bd_sn": "bd_sn:0-1",
    "bd.sn": "bd.sn:0-1",
    "0..3": "0..3:0-1",
    "bd:3:1": "bd:3:1:0-1",
    "ä 808 cp2": "ä:0-1/3 808:1/3-2/3 cp2:2/3-1",
    "a#": "a#:0-1",
    "[a b] c": "a:0-1/4 b:1/4-1/2 c:1/2-1",
    "[a [b c]] d": "a:0-1/4 b:1/4-3/8 c:3/8-1/2 d:1/2-1",
    "[]": "",
    "[] a": "a:1/2-1",
    "a[b c]": "a:0-1/2 b:1/2-3/4 c:3/4-1",
    "a,b": "a:0-1 b:0-1",
    "a b, c d e": "a:0-1/2 c:0-1/3 d:1/3-2/3 b:1/2-1 e:2/3-1",
    "[a,b] c": "a:0-1/2 b:0-1/2 c:1/2-1",
    "a,": "a:0-1",
    "a . b c": "a:0-1/2 b:1/2-3/4 c:3/4-1",
    "a b . c d e": "a:0-1/4 b:1/4-1/2 c:1/2-2/3 d:2/3-5/6 e:5/6-1",
    ". a": "a:1/2-1",
    "a . . b": "a:0-1/3 b:2/3-1",
    "a . b .": "a:0-1/2 b:1/2-1",
    "[a . b c] d": "a:0-1/4 b:1/4-3/8 c:3/8-1/2 d:1/2-1",
    "1.5 .5": "1.5:0-1/2 0.5:1/2-1",
    ".25": "0.25:0-1",
    "a!3 b": "a:0-1/4 a:1/4-1/2 a:1/2-3/4 b:3/4-1",
    "a! b": "a:0-1/3 a:1/3-2/3 b:2/3-1",
    "a ! ! b": "a:0-1/4 a:1/4-1/2 a:1/2-3/4 b:3/4-1",
    "a!3! b": "a:0-1/5 a:1/5-2/5 a:2/5-3/5 a:3/5-4/5 b:4/5-1",
    "a!0 b": "b:0-1",
    "a!1 b": "a:0-1/2 b:1/2-1",
    "[a b]!2": "a:0-1/4 b:1/4-1/2 a:1/2-3/4 b:3/4-1",
    "a!2@2 b": "a:0-3/8 a:3/8-3/4 b:3/4-1",
    "a@3 b": "a:0-3/4 b:3/4-1",
    "a@1.5 b": "a:0-3/5 b:3/5-1",
    "a@1%3 b": "a:0-1/4 b:1/4-1",
    "a@ b": "a:0-2/3 b:2/3-1",
    "a@3@2 b": "a:0-4/5 b:4/5-1",
    "a _ b": "a:0-2/3 b:2/3-1",
    "a _3 b": "a:0-3/4 b:3/4-1",
    "a _ _ b _": "a:0-3/5 b:3/5-1",
    "~ _ b": "b:2/3-1",
    "a@0 b": "b:0-1",
    "a@0": "",
    "a@3*2 b": "a:0-3/8 a:3/8-3/4 b:3/4-1",
    "a*2": "a:0-1/2 a:1/2-1",
    "a *2 b": "a:0-1/4 a:1/4-1/2 b:1/2-1",
    "a* 2": "a:0-1/2 a:1/2-1",
    "a*1.5": "a:0-2/3 a:2/3-4/3",
    "a*3%2": "a:0-2/3 a:2/3-4/3",
    "a*.5": "a:0-2",
    "a*0": "",
    "a/0": "",
    "a*-1": "a:0-1",
    "[a b c]*-1": "c:0-1/3 b:1/3-2/3 a:2/3-1",
    "a*2*3": " ".join(f"a:{Fraction(i, 6)}-{Fraction(i + 1, 6)}" for i in range(6)),
    "[a b]*[1 2]": "a:0-1/2 a:1/2-3/4 b:3/4-1",
    "a*[1 3]": "a:0-1 a:2/3-1",
    "a(3,8)": "a:0-1/8 a:3/8-1/2 a:3/4-7/8",
    "a(3,8,2)": "a:1/8-1/4 a:1/2-5/8 a:3/4-7/8",
    "a(3,8,-2)": "a:0-1/8 a:1/4-3/8 a:5/8-3/4",
    "a (3,8)": "a:0-1/8 a:3/8-1/2 a:3/4-7/8",
    "a( 3 , 8 )": "a:0-1/8 a:3/8-1/2 a:3/4-7/8",
    "a(-3,8)": "a:1/8-1/4 a:1/4-3/8 a:1/2-5/8 a:5/8-3/4 a:7/8-1",
    "a(0,8)": "",
    "a(3,0)": "",
    "a(4,3)": "a:0-1/4 a:1/4-1/2 a:1/2-3/4 a:3/4-1",
    "a(2,4)*2": "a:0-1/8 a:1/4-3/8 a:1/2-5/8 a:3/4-7/8",
    "[a b](1,2)": "a:0-1/4 b:1/4-1/2",
    "a(1 2,4)": "a:0-1/4 a:1/2-3/4",
    "a(3,8)?0": "a:0-1/8 a:3/8-1/2 a:3/4-7/8",
    "a?1": "",
    "a b?0": "a:0-1/2 b:1/2-1",
    "a .. c": "a:0-1/2 c:1/2-1",
    "0 .. 3": "0:0-1/2 3:1/2-1",
    "0 .. 2 5": "0:0-1/4 2:1/4-1/2 5:1/2-1",
    "a:<1 2>": "a:1:0-1",
    "[a b]:3": "a:3:0-1/2 b:3:1/2-1",
    "^foo": "",
    "{a b c}": "a:0-1/3 b:1/3-2/3 c:2/3-1",
    "{a b c}%2": "a:0-1/2 b:1/2-1",
    "{a b, c d e}": "a:0-1/2 c:0-1/2 b:1/2-1 d:1/2-1",
    "{a b c}%4(3,8)": "a:0-1/4 a:3/4-1",
    "{a}%0": "",
    "<a b>": "a:0-1",
    "<a b>*2": "a:0-1/2 b:1/2-1",
    "<a b c>!2 d": "a:0-1/3 a:1/3-2/3 d:2/3-1",
    "[a|a] b": "a:0-1/2 b:1/2-1",
    "[[[a]]]": "a:0-1",
    "a/2": "a:0-2",
    "[a b]/3 c": "a:0-3/4 c:1/2-1",
}

CYCLES = {
    "<a b c>": "a:0-1 b:1-2 c:2-3 a:3-4",
    "<a!3 b>": "a:0-1 a:1-2 a:2-3 b:3-4",
    "<a@3 b>": "a:0-3 b:3-4",
    "<a _ b>": "a:0-2 b:2-3 a:3-5",
    "<a b , c d e>": "a:0-1 c:0-1 b:1-2 d:1-2 a:2-3 e:2-3 b:3-4 c:3-4",
    "<a [b c]>": "a:0-1 b:1-3/2 c:3/2-2 a:2-3 b:3-7/2 c:7/2-4",
    "<<a b> c>": "a:0-1 c:1-2 b:2-3 c:3-4",
    "<a b>/2": "a:0-2 b:2-4",
    "<a . b c>": "a:0-1 b:1-3/2 c:3/2-2 a:2-3 b:3-7/2 c:7/2-4",
    "a <b c>": "a:0-1/2 b:1/2-1 a:1-3/2 c:3/2-2 a:2-5/2 b:5/2-3 a:3-7/2 c:7/2-4",
    "a/1.5": "a:0-3/2 a:3/2-3 a:3-9/2",
    "a*<1 2>": "a:0-1 a:1-3/2 a:3/2-2 a:2-3 a:3-7/2 a:7/2-4",
    "a/[2 4]": "a:0-2 a:2-4",
    "{a b c}%2": "a:0-1/2 b:1/2-1 c:1-3/2 a:3/2-2 b:2-5/2 c:5/2-3 a:3-7/2 b:7/2-4",
    "{a b c}%<1 2>": "a:0-1 c:1-3/2 a:3/2-2 c:2-3 a:3-7/2 b:7/2-4",
    "{a@2 b}%3": "a:0-2/3 b:2/3-1 a:1-5/3 b:5/3-2 a:2-8/3 b:8/3-3 a:3-11/3 b:11/3-4",
    "a(<1 2>,4)": "a:0-1/4 a:1-5/4 a:3/2-7/4 a:2-9/4 a:3-13/4 a:7/2-15/4",
    "<a b>(2,4)": "a:0-1/4 a:1/2-3/4 b:1-5/4 b:3/2-7/4 a:2-9/4 a:5/2-11/4 b:3-13/4 b:7/2-15/4",
    "<a b>(1,2,1)": "b:1/2-1 a:3/2-2 b:5/2-3 a:7/2-4",
    "a(1,2,<0 1>)": "a:0-1/2 a:3/2-2 a:2-5/2 a:7/2-4",
    "<a b>:<1 2 3>": "a:1:0-1 b:2:1-2 a:3:2-3 b:1:3-4",
    "[a b]/2 c": "a:0-1/2 c:1/2-1 b:1-3/2 c:3/2-2 a:2-5/2 c:5/2-3 b:3-7/2 c:7/2-4",
    "a!2.5 b": "a:0-2/7 a:2/7-4/7 a:4/7-6/7 b:5/7-1 a:8/7-10/7 a:10/7-12/7 b:12/7-2"
    " a:2-16/7 a:16/7-18/7 a:18/7-20/7 b:19/7-3 a:22/7-24/7 a:24/7-26/7 b:26/7-4",
}

NUMBERS = {
    "1 -1": "1:0-1/2 -1:1/2-1",
    "- 2": "2:1/2-1",
    "-- 2": "2:2/3-1",
    "1.5 .5": "1.5:0-1/2 0.5:1/2-1",
    "1 . 5": "1:0-1/2 5:1/2-1",
    "1%4 3%2": "0.25:0-1/2 1.5:1/2-1",
    "1e2": "100:0-1",
    "0 .. 3": "0:0-1/4 1:1/4-1/2 2:1/2-3/4 3:3/4-1",
    "0..3": "0:0-1/4 1:1/4-1/2 2:1/2-3/4 3:3/4-1",
    "3 .. 0": "3:0-1/4 2:1/4-1/2 1:1/2-3/4 0:3/4-1",
    "-1 .. 1": "-1:0-1/3 0:1/3-2/3 1:2/3-1",
    "1.5 .. 3.5": "1.5:0-1/3 2.5:1/3-2/3 3.5:2/3-1",
    "0 .. 2.5": "0:0-1/4 1:1/4-1/2 2:1/2-3/4 3:3/4-1",
    "0 .. 2 5": "0:0-1/6 1:1/6-1/3 2:1/3-1/2 5:1/2-1",
    "0 .. 1@3 9": "0:0-3/8 1:3/8-3/4 9:3/4-1",
    "[0 1] .. 3": "0:0-1/4 1:1/4-1/2 2:1/2-2/3 3:2/3-1",
    "{0 .. 3}%2": " ".join(f"{i % 4}:{Fraction(i, 8)}-{Fraction(i + 1, 8)}" for i in range(8)),
    "2*2": "2:0-1/2 2:1/2-1",
    "+3": "3:0-1",
}

NOTES = {
    "c": "0:0-1",
    "c e g": "0:0-1/3 4:1/3-2/3 7:2/3-1",
    "c5 c6 c4": "0:0-1/3 12:1/3-2/3 -12:2/3-1",
    "cs ef fn": "1:0-1/3 3:1/3-2/3 5:2/3-1",
    "c#5 eb4 bb": "1:0-1/3 -9:1/3-2/3 10:2/3-1",
    "A4 ff css": "-3:0-1/3 4:1/3-2/3 2:2/3-1",
    "as5 5 -3 .5": "10:0-1/4 5:1/4-1/2 -3:1/2-3/4 0.5:3/4-1",
    "-e": "-4:0-1",
    "c .. e": "0:0-1/5 1:1/5-2/5 2:2/5-3/5 3:3/5-4/5 4:4/5-1",
    "c'maj": "0:0-1 4:0-1 7:0-1",
    "e'min": "4:0-1 7:0-1 11:0-1",
    "2'min": "2:0-1 5:0-1 9:0-1",
    "'major": "0:0-1 4:0-1 7:0-1",
    "c'maj'i": "4:0-1 7:0-1 12:0-1",
    "c'maj7'ii": "7:0-1 11:0-1 12:0-1 16:0-1",
    "c'maj7'ii'5": "7:0-1 11:0-1 12:0-1 16:0-1 19:0-1",
    "c'maj'i2": "7:0-1 12:0-1 16:0-1",
    "c'maj'o": "-12:0-1 -5:0-1 4:0-1",
    "c'maj'd1": "-5:0-1 0:0-1 4:0-1",
    "c'maj'2": "0:0-1 4:0-1",
    "c'maj'5": "0:0-1 4:0-1 7:0-1 12:0-1 16:0-1",
    "c'maj e": "0:0-1/2 4:0-1/2 7:0-1/2 4:1/2-1",
    "c'[maj min]": "0:0-1/2 4:0-1/2 7:0-1/2 0:1/2-1 3:1/2-1 7:1/2-1",
    "<c e>'five": "0:0-1 7:0-1",
    "c'five*2": "0:0-1/2 7:0-1/2 0:1/2-1 7:1/2-1",
}

# texts on the left and right mean the same in eight cycles
SAME = [
    ("a!3 b", "a a a b"),
    ("a!! b", "a a a b"),
    ("a !! b", "a a a b"),
    ("a . b c . d", "a [b c] d"),
    ("[a b . c]", "[[a b] c]"),
    ("{a b . c}%4", "{[a b] c}%4"),
    ("<a b>", "{a b}%1"),
    ("<a b, c d e>", "[<a b>, <c d e>]"),
    ("{a b c}", "[a b c]"),
    ("{a b, c d e}", "{a b, c d e}%2"),
    ("{a b c}*2", "[a b c]*2"),
    ("[a b c]*2", "a b c a b c"),
    ("a*4", "a a a a"),
    ("a*<2 3>", "<[a a] [a a a]>"),
    ("[a b]/2", "<a b>"),
    ("<a b>/2", "[<a b>]/2"),
    ("a*4/2", "a*2"),
    ("a*2.5", "a*5/2"),
    ("<a b c>!2", "<[a a] [b b] [c c]>"),
    ("<a b>@2 c", "<[a _ c] [b _ c]>"),
    ("a _ b", "a@2 b"),
    ("a(4,8)", "[a ~]*4"),
    ("a(1,4,3)", "~ a ~ ~"),
    ("a(3,8,8)", "a(3,8)"),
    ("[a b](3,8)", "[a b] ~ ~ [a b] ~ ~ [a b] ~"),
    ("a*2(3,8)", "[a a] ~ ~ [a a] ~ ~ [a a] ~"),
    ("a(<3 5>,8)", "<a(3,8) a(5,8)>"),
    ("a(3,<8 16>)", "<a(3,8) a(3,16)>"),
    ("a(<3 5>,<8 16>,<0 2>)", "<a(3,8,0) a(5,16,2)>"),
    ("{a b}%[2 4]", "{a b}%[2 4]"),
    ("{a}%8", "a*8"),
    ("{a b c}%4*2", "{a b c}%4"),
    ("[{a b c}%4]*2", "{a b c}%8"),
    ("a:3*2", "[a:3]*2"),
    ("a:<3 4>", "<a:3 a:4>"),
    ("a* 2 b", "a*2 b"),
    ("a *2 b", "a*2 b"),
    ("a b *2", "a b*2"),
    ("a @3 b", "a@3 b"),
    ("a b (3,8)", "a b(3,8)"),
    ("a!2*2 b", "[a a]*2 _ b"),
    ("a@2!2 b", "a a b"),
    ("a*<2 3>*2", "a*[<2 3>*2]"),
    ("0 .. 3*2", "0 .. [3*2]"),
    ("a ~ . b", "[a ~] b"),
    ("~ _ a", "~@2 a"),
    ("a?0", "a"),
    ("[a|a|a]", "a"),
    ("a*1%2", "a/2"),
    ("[a,b]*2", "a*2, b*2"),
]


def shown(events: list[Event]) -> list[str]:
    found = [(e.whole.begin, e.whole.end, str(_plain(e.value))) for e in events if e.whole]
    return [f"{value}:{begin}-{end}" for begin, end, value in sorted(found)]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def wanted(text: str) -> list[str]:
    found = []
    for each in text.split():
        value, _, times = each.rpartition(":")
        begin, end = times.split("-")
        found.append((Fraction(begin), Fraction(end), value))
    return [f"{value}:{begin}-{end}" for begin, end, value in sorted(found)]


@pytest.mark.parametrize(("source", "expected"), STRINGS.items())
def test_words_in_one_cycle(source: str, expected: str) -> None:
    assert shown(notation(source).onsets(0, 1)) == wanted(expected)


@pytest.mark.parametrize(("source", "expected"), CYCLES.items())
def test_words_over_four_cycles(source: str, expected: str) -> None:
    assert shown(notation(source).onsets(0, 4)) == wanted(expected)


@pytest.mark.parametrize(("source", "expected"), NUMBERS.items())
def test_numbers_in_one_cycle(source: str, expected: str) -> None:
    assert shown(notation(source, "number").onsets(0, 1)) == wanted(expected)


@pytest.mark.parametrize(("source", "expected"), NOTES.items())
def test_notes_in_one_cycle(source: str, expected: str) -> None:
    assert shown(notation(source, "note").onsets(0, 1)) == wanted(expected)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_ways_to_write_the_same(one: str, other: str) -> None:
    assert notation_onsets(one, 8) == notation_onsets(other, 8)


def test_the_table_is_as_large_as_we_say() -> None:
    """150 cases were asked for: a deleted one should be noticed."""
    assert sum(map(len, (STRINGS, CYCLES, NUMBERS, NOTES, SAME))) >= 200


def test_events_know_their_characters() -> None:
    """Highlighting on stage shows the step that sounds."""
    events = notation("bd [sn:2 hh]").onsets(0, 1)
    assert [(e.places[0].start, e.places[0].end) for e in events] == [(0, 2), (4, 8), (9, 11)]


def test_a_literal_brings_its_place_in_the_block() -> None:
    event = notation(Literal("a b", "block-7", 3, 12)).onsets(0, 1)[1]
    assert event.places == (Place(2, 3, "block-7", 3, 12),)


def test_a_patterned_factor_is_highlighted_with_the_step() -> None:
    places = notation("a*<2 3>").onsets(0, 1)[0].places
    assert [(each.start, each.end) for each in places] == [(0, 1), (3, 4)]


def test_equal_literals_are_parsed_once() -> None:
    assert notation("bd*2 sn") is notation("bd*2 sn")


def test_a_variable_reads_the_controls_of_the_query() -> None:
    assert [e.value for e in notation("^foo bd").onsets(0, 1, controls={"foo": "cp"})] == ["cp", "bd"]


@pytest.mark.parametrize("value", [3, None, b"bd", ["bd"]])
def test_only_text_is_a_notation(value: object) -> None:
    with pytest.raises(UsageError, match="a notation is text"):
        notation(value)  # type: ignore[arg-type]


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UsageError, match="no kind of notation 'nots'"):
        notation("a", "nots")


def test_periods_are_known_where_nothing_is_random() -> None:
    periods = {
        "bd": 1, "<a b c>": 3, "a/2 <b c d>": 6, "bd*2.5": 2, "{a b c}%4": 3, "a(<3 5>,8)": 2, "a?": None,
        "a|b": None, "a*<2 3>": 2, "^x": None, "a/65": None, "[<a b>]!2": 2, "<a b>/2": 4, "": 1,
    }  # fmt: skip
    assert {source: notation(source).period for source in periods} == periods


def test_patterns_are_patterns() -> None:
    assert isinstance(notation("a"), Pattern)
