"""Schedules: which context now, since when, what next, how long; merged alike by everybody."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import UsageError
from marmalade_sc.sdk.schedule import Node, Position, Schedule, Way, edited, merged, taken

SONG = Schedule.parse(
    """
    intro 4 -> verse          # a comment
    verse 8 {energy=low} -> drop:2 [players > 2], verse
    drop 8 {energy=high, lights=on} -> break, end:0.5
    break 0 -> drop [ready]
    end 4
    """
)
NAMES = st.sampled_from(["a", "b", "c", "d"])


def test_lines_are_read() -> None:
    assert list(SONG.nodes) == ["intro", "verse", "drop", "break", "end"]
    assert SONG.start == "intro"
    assert SONG.nodes["verse"].ways == (Way("drop", 2.0, "players > 2"), Way("verse"))
    assert SONG.nodes["drop"].tags == {"energy": "high", "lights": "on"}


def test_contexts_follow_one_another_by_their_lengths() -> None:
    start = SONG.begin(0)
    assert SONG.at(start, 3, {}, 1) == start
    verse = SONG.at(start, 4, {}, 1)
    assert verse == Position("verse", 4, 1)
    assert SONG.bars_left(verse, Fraction(13, 2)) == Fraction(11, 2)
    assert SONG.tags(verse) == {"energy": "low", "Context": "verse"}
    assert SONG.at(verse, 12, {"players": 1}, 1) == Position("verse", 12, 2), "only one way is open"
    assert [way.to for way in SONG.following(verse)] == ["drop", "verse"]


def test_one_without_a_length_waits_for_its_condition() -> None:
    waiting = Position("break", 20, 5)
    assert SONG.at(waiting, 400, {}, 1) == waiting and SONG.bars_left(waiting, 21) is None
    assert SONG.at(waiting, 33, {"ready": True}, 1) == Position("drop", 33, 6)


def test_the_end_lasts() -> None:
    assert SONG.at(Position("end", 7), 1000, {}, 1) == Position("end", 7)


def test_weights_are_chances() -> None:
    fork = Schedule.of([Node("a", 1, {}, (Way("b", 3), Way("c", 1))), Node("b"), Node("c")])
    went = [fork.at(Position("a", bar), bar + 1, {}, 7).context for bar in range(2000)]
    assert 0.7 < went.count("b") / 2000 < 0.8


def test_what_was_edited_away_begins_again() -> None:
    assert SONG.at(Position("gone", 3), 9, {}, 1) == Position("intro", 9)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(0, 2**32), st.booleans())
def test_going_in_steps_arrives_where_going_at_once_does(first: int, more: int, seed: int, many: bool) -> None:
    values = {"players": 5 if many else 1}
    halfway = SONG.at(SONG.begin(0), first, values, seed)
    assert SONG.at(halfway, first + more, values, seed) == SONG.at(SONG.begin(0), first + more, values, seed)


@given(
    st.lists(st.tuples(NAMES, st.integers(0, 9), NAMES, st.integers(0, 3)), min_size=1, max_size=8),
    st.lists(st.tuples(NAMES, st.integers(0, 9), NAMES, st.integers(0, 3)), min_size=1, max_size=8),
)
def test_merging_is_the_same_for_both_and_keeps_what_one_has(
    left: list[tuple[str, int, str, int]], right: list[tuple[str, int, str, int]]
) -> None:
    def made(rows: list[tuple[str, int, str, int]]) -> Schedule:
        nodes = {name: Node(name, bars, {}, (Way(to),), edited) for name, bars, to, edited in rows}
        for _, _, to, _ in rows:
            nodes.setdefault(to, Node(to))
        return Schedule.of(list(nodes.values()))

    one, other = made(left), made(right)
    both = merged(one, other)
    assert both == merged(other, one) and merged(both, one) == both
    assert set(both.nodes) == set(one.nodes) | set(other.nodes)
    assert merged(one, one).nodes == {name: one.nodes[name] for name in sorted(one.nodes)}


def test_plain_data_comes_back() -> None:
    assert Schedule.from_json(SONG.to_json()) == SONG
    for wrong in (None, {}, {"nodes": 3, "start": "a"}, {"nodes": [{}], "start": "a"}, []):
        with pytest.raises(UsageError):
            Schedule.from_json(wrong)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "1 to 500"),
        ("a 8 -> b", "no context 'b'"),
        ("a 8\na 4", "twice"),
        ("a eight", "Line 1"),
        ("a -> b [x", "brackets"),
        ("a 4 {x} -> a", "name=value"),
        ("a 4 {x=1 -> a", "braces"),
        ("a 99999", "cannot last"),
        ("a 4 -> a:-1", "weight"),
        ("a 4 -> a:x", "Line 1"),
        ("a 4 -> a [import os]", "cannot be read"),
        ("a/b 4", "cannot name"),
    ],
)
def test_what_cannot_be_is_said(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Schedule.parse(text)


def test_it_can_be_drawn() -> None:
    picture = SONG.drawn(Position("drop", 9))
    assert "▶ drop" in picture and "drop ×2 [players > 2], verse" in picture and "end" in picture.splitlines()[-1]


def test_an_edit_moves_nobody_and_a_new_schedule_begins_anew() -> None:
    """The shell edits while all play: whoever is in a verse stays in it."""
    first, place, _ = taken({"schedule": Schedule.parse("a 4 -> b\nb 4 -> a").to_json(), "begin": 2}, None, None, 9)
    assert place == Position("a", 2)
    place = first.at(place, 7, {}, 0)
    assert place.context == "b"
    change = edited(first, "b 8 -> c\nc 2 -> a", 1000)
    after, still, seed = taken({"schedule": change.to_json(), "begin": None, "seed": 3}, first, place, 8)
    assert (still, seed) == (place, 3) and set(after.nodes) == {"a", "b", "c"}
    assert after.at(still, 13, {}, 0).context == "b" and after.at(still, 14, {}, 0).context == "c"
    again, anew, _ = taken({"schedule": Schedule.parse("z 4").to_json(), "begin": 20}, after, still, 19)
    assert anew == Position("z", 20) and set(again.nodes) == {"z"}
    with pytest.raises(UsageError):
        taken({"begin": 1}, None, None, 0)
    with pytest.raises(UsageError):
        edited(first, "b 8 -> nowhere", 1)


def test_two_edits_apart_come_together() -> None:
    base = Schedule.parse("a 4 -> b\nb 4 -> a")
    one, other = edited(base, "a 8 -> b", 10), edited(base, "a 2 -> b\nc 1 -> a", 20)
    assert merged(one, other) == merged(other, one)
    assert merged(one, other).nodes["a"].bars == 2 and "c" in merged(one, other).nodes
