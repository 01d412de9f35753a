"""A lane: what repeats is asked once, and sounds the same as if it were asked each time."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import UnknownNameError
from marmalade_sc.live.lane import Lane
from marmalade_sc.patterns.notation import notation
from marmalade_sc.patterns.pattern import Pattern
from tests.live_package.stage import orchestra

ORCHESTRA = orchestra()
TEXTS = (
    *("bd", "bd*4 sn", "<bd sn hh>*3", "bd(3,8,<0 2>)", "[bd|sn]*4", "hh*8?", "bd . sn sn", "{bd sn hh}%4"),
    *("<bd sn>/3", "bd? sn*2?", "[bd <sn hh>]/2", "bd ~ [sn sn]/1.5", "bd@3 sn", "bd!3 sn", "bd .. "),
)
FUNCTIONS = {
    "plain": lambda p: p,
    "fast": lambda p: p.fast(Fraction(3, 2)),
    "slow": lambda p: p.slow(3),
    "rev": lambda p: p.rev(),
    "every": lambda p: p.every(3, lambda q: q.fast(2)),
    "sometimes": lambda p: p.sometimes(lambda q: q.rev()),
    "degrade": lambda p: p.degrade(),
    "off": lambda p: p.off(Fraction(1, 8), lambda q: q.rev()),
    "swing": lambda p: p.swing(Fraction(1, 3)),
    "shift": lambda p: p.late(Fraction(1, 7)),
}


def sounds(text: str) -> Pattern:
    return notation(text).fmap(lambda value: {"s": value})


def patterns() -> list[tuple[str, Any]]:
    found = []
    for text in TEXTS:
        try:
            found.append((text, sounds(text)))
        except Exception:  # not every line above is notation; test_notation tells which are
            continue
    return found


@pytest.mark.parametrize("function", list(FUNCTIONS))
@given(data=st.data())
@settings(max_examples=20, deadline=None)
def test_what_is_remembered_sounds_like_what_is_asked_anew(function: str, data: st.DataObject) -> None:
    text, pattern = data.draw(st.sampled_from(patterns()))
    pattern = FUNCTIONS[function](pattern)
    lane = Lane(pattern, 5)
    for number in data.draw(st.lists(st.integers(0, 300), min_size=1, max_size=12)):
        fresh = Lane(pattern, 5).cycle(number, 2.0, ORCHESTRA)
        assert lane.cycle(number, 2.0, ORCHESTRA) == fresh, (text, number, pattern.period)
        plain = [event for event in pattern.onsets(number, number + 1, 5) if event.whole is not None]
        assert [note.offset for note in fresh] == [event.whole.begin - number for event in plain]


def test_notes_are_in_order_and_within_their_cycle() -> None:
    for _, pattern in patterns():
        for number in range(8):
            offsets = [note.offset for note in Lane(pattern, 1).cycle(number, 2.0, ORCHESTRA)]
            assert offsets == sorted(offsets)
            assert all(0 <= offset < 1 for offset in offsets)


def test_a_length_in_seconds_follows_the_tempo() -> None:
    lane = Lane(sounds("bd*4"), 1)
    slow, fast = lane.cycle(0, 4.0, ORCHESTRA)[0], lane.cycle(0, 1.0, ORCHESTRA)[0]
    assert slow.values != fast.values
    assert lane.cycle(0, 4.0, ORCHESTRA)[0] == slow


def test_other_instruments_make_other_notes() -> None:
    lane = Lane(sounds("bd"), 1)
    before = lane.cycle(0, 2.0, ORCHESTRA)[0].head
    after = lane.cycle(0, 2.0, orchestra("b" * 12))[0].head
    assert before != after
    assert b"bbbb" in after


def test_checking_tells_of_a_wrong_sound_where_playing_leaves_it_out() -> None:
    lane = Lane(sounds("<bd nope>"), 1)
    with pytest.raises(UnknownNameError, match="nope"):
        lane.check(0, 2.0, ORCHESTRA)
    assert lane.cycle(1, 2.0, ORCHESTRA) == []
    assert lane.cycle(3, 2.0, ORCHESTRA) == []
    assert len(lane.complaints) == 1


def test_a_pattern_with_endless_kinds_of_errors_does_not_fill_the_screen() -> None:
    lane = Lane(sounds("bd").fmap(lambda value: value), 1)
    for number in range(300):
        broken = Lane(notation("bd").fmap(lambda value, n=number: {"s": f"x{n}"}), 1)  # type: ignore[misc]
        broken._complained = lane._complained
        broken.complaints = lane.complaints
        broken.cycle(0, 2.0, ORCHESTRA)
    assert len(lane.complaints) == 3


def test_memory_is_bounded_for_a_pattern_that_never_repeats() -> None:
    lane = Lane(sounds("hh*8").degrade(), 1)
    for number in range(2000):
        lane.cycle(number, 2.0, ORCHESTRA)
    assert len(lane._cycles) <= 128
