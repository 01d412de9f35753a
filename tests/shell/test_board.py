"""The board takes in what fits, forgets what is old, and tells which characters sound."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board, sounding

from .stage import at, board, step

BD = ("block 1", 1, 10, 2)
SN = ("block 1", 1, 15, 2)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def test_characters_sound_from_their_note_on_as_long_as_it_lasts() -> None:
    one = board()
    one.hear({"event": "steps", "steps": [step(1.0, "d1", 0.5, None, BD), step(1.25, "d1", 0.5, None, SN, SN)]})
    assert sounding(one, at(0.99), "block 1") == []
    assert sounding(one, at(1.0), "block 1") == [(1, 10, 2)]
    assert sounding(one, at(1.3), "block 1") == [(1, 10, 2), (1, 15, 2)]
    assert sounding(one, at(1.6), "block 1") == [(1, 15, 2)]
    assert sounding(one, at(1.3), "block 2") == []


def test_what_is_heard_later_is_lit_later() -> None:
    one = board(latency_ms=200.0)
    one.hear({"event": "steps", "steps": [step(1.0, "d1", 0.5, None, BD)]})
    assert sounding(one, at(1.1), "block 1") == []
    assert sounding(one, at(1.21), "block 1") == [(1, 10, 2)]


def test_a_click_is_lit_long_enough_to_be_seen_and_a_drone_not_for_ever() -> None:
    one = board()
    one.hear({"event": "steps", "steps": [step(1.0, "d1", 0.0, None, BD), step(1.0, "d2", 1000.0, None, SN)]})
    assert (1, 10, 2) in sounding(one, at(1.1), "block 1")
    assert sounding(one, at(1.2), "block 1") == [(1, 15, 2)]
    assert sounding(one, at(10.0), "block 1") == []


def test_old_steps_are_forgotten() -> None:
    one = board()
    for second in range(100):
        one.hear({"event": "steps", "steps": [step(second / 1.0)]})
    assert len(one.steps) <= 21


def test_levels_players_and_recording_are_kept() -> None:
    one = board()
    one.hear({"event": "levels", "levels": {"d1": [-6.0, -7], "x": "no", "y": [math.nan, None]}})
    assert one.levels == {"d1": (-6.0, -7.0), "y": (-120.0, -120.0)}
    one.hear({"players": [{"name": "ann"}, "bob"], "recording_s": 61.5})
    assert one.players == ("ann", "bob") and one.recording_s == 61.5
    one.hear({"recording_s": None})
    assert one.recording_s is None
    one.hear({"event": "scope", "rate": 48000, "left": [0.5, 3.0, "x"], "right": []})
    assert list(one.scope.left) == [0.5, 1.0, 0.0] == list(one.scope.right)


@given(st.sampled_from(["status", "steps", "levels", "scope", "odd"]), st.dictionaries(st.text(max_size=9), JSON), JSON)
def test_nothing_that_arrives_raises(kind: str, fields: dict[str, Any], value: Any) -> None:
    one = board()
    one.hear({**fields, "event": kind, "steps": value, "levels": value, "left": value, "players": value})
    sounding(one, at(1), "block 1")


def test_a_thousand_notes_a_second_are_bounded() -> None:
    one = Board()
    one.hear({"event": "steps", "steps": [[i, "d1", 1, None, []] for i in range(100_000)]})
    assert len(one.steps) <= 20_000
    assert one.steps[-1].due - one.steps[0].due < 20 * UNITS_PER_SECOND
