"""The pictures: each fits its window, and shows what it is asked for."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.shell.board import Board
from marmalade_sc.shell.desk import VIEWS
from marmalade_sc.shell.views import view
from tests.shell.stage import at, board, playing, step, text


def full() -> Board:
    one = playing(board(), "d1", "b1")
    steps = [step(beat / 2, "d1") for beat in range(8)]
    steps += [step(beat / 4, "b1", 0.2, 48 + beat) for beat in range(16)]
    one.hear({"event": "steps", "steps": sorted(steps, key=lambda row: int(row[0]))})
    one.hear({"event": "levels", "levels": {"d1": [-3, -3], "b1": [-60, -60]}})
    wave = [math.sin(2 * math.pi * 1000 * i / 48000) for i in range(1024)]
    one.hear({"event": "scope", "rate": 48000, "left": wave, "right": [each / 4 for each in wave]})
    return one


@settings(deadline=None)  # the first spectrum imports numpy
@given(st.integers(0, 260), st.integers(0, 80), st.floats(-5, 60))
def test_every_view_fits_its_window(width: int, height: int, seconds: float) -> None:
    for kind in VIEWS:
        for one in (full(), Board(), playing(board(), "d1")):
            lines = text(view(kind).lines(one, at(seconds), width, height))
            assert len(lines) == height
            if width >= 24:
                assert all(len(line) <= width for line in lines)


def test_the_steps_of_this_bar_stand_behind_the_playhead_and_the_last_bars_before_it() -> None:
    one = playing(board(), "d1")
    one.hear({"event": "steps", "steps": [step(0.0), step(1.5), step(2.0), step(2.5)]})
    (line, *_) = view("steps").lines(one, at(2.9), 24, 1)
    shown = "".join(part for _, part in line)[6:]
    assert shown == "■···■···┊···■···"
    styles = [style for style, part in line for _ in part][6:]
    assert (
        styles[0] == styles[4] == "class:step.on" and styles[12] == "class:step.off" and styles[7] == "class:step.now"
    )


def test_more_tracks_than_lines_are_counted() -> None:
    one = playing(board(), *(f"d{n}" for n in range(10)))
    lines = text(view("steps").lines(one, at(1), 60, 4))
    assert len(lines) == 4 and "7 more" in lines[3]


def test_where_not_all_have_room_those_that_sound_stand_first() -> None:
    one = playing(board(), *(f"d{n}" for n in range(10)))
    one.hear({"event": "steps", "steps": [step(2.0, "d7"), step(1.5, "d9")]})
    assert [line.split()[0] for line in text(view("steps").lines(one, at(2.9), 60, 4))] == ["d7", "d9", "d0", "and"]
    assert [line.split()[0] for line in text(view("steps").lines(one, at(2.9), 60, 10))] == [f"d{n}" for n in range(10)]


def test_the_roll_draws_high_notes_above_low_ones_and_drums_below() -> None:
    one = playing(board(), "a1", "d1")
    one.hear({"event": "steps", "steps": [step(1, "a1", 0.5, 60), step(2, "a1", 0.5, 72), step(3, "d1", 0.1)]})
    lines = text(view("roll").lines(one, at(4), 86, 16))
    rows = {row: line[6:].index("▌") for row, line in enumerate(lines) if "▌" in line[6:]}
    assert len(rows) == 3
    high, low, drum = sorted(rows)
    assert rows[low] < rows[high] < rows[drum] and drum == 15 and lines[15].startswith("d1")
    assert lines[low].startswith("c5") and lines[high].startswith("c6")


def test_the_spectrum_of_a_sine_is_highest_at_its_pitch() -> None:
    lines = text(view("spectrum").lines(full(), at(1), 100, 20))
    top = next(line for line in lines if line.strip())
    place = next(i for i, each in enumerate(top) if each != " ")
    expected = math.log(1000 / 30) / math.log(16000 / 30) * 100
    assert place == pytest.approx(expected, abs=3)
    assert "1k" in lines[-1]


def test_the_scope_stands_still_and_shows_both_channels() -> None:
    lines = text(view("scope").lines(full(), at(1), 60, 12))
    assert all(any(each != "⠀" for each in line) for line in lines[:6])
    assert lines[6].strip("⠀") == "", "the right channel is a quarter as loud"


tracks = st.sampled_from(["d1", "d2", "b1"])
notes = st.tuples(st.floats(0, 0.5), tracks, st.floats(0, 3), st.none() | st.integers(36, 84).map(float))
looks = st.lists(st.tuples(st.floats(0.01, 1.5), st.lists(notes, max_size=6)), min_size=1, max_size=12)


@settings(deadline=None, max_examples=60)
@given(looks, st.sampled_from([("steps", 60, 3), ("roll", 40, 9), ("roll", 86, 4)]), st.integers(100, 140))
def test_a_picture_that_grew_from_the_last_one_is_as_one_made_anew(
    moments: list[tuple[float, list[tuple[float, str, float, float | None]]]], kind: tuple[str, int, int], bpm: int
) -> None:
    """Notes are told some time before they are heard; the tempo changes on the way."""
    name, width, height = kind
    one, grown, now = playing(board(), "b1", "d1", "d2"), view(name), 0.0
    for number, (wait, told) in enumerate(moments):
        rows = [step(now + ahead, track, length, midi) for ahead, track, length, midi in sorted(told, key=str)]
        one.hear({"event": "steps", "steps": sorted(rows, key=lambda row: int(row[0]))})
        if number == 5:
            assert one.timeline is not None
            one.timeline = one.timeline.with_tempo(bpm, one.timeline.cycle(at(now)) + 1)
        now += wait
        assert grown.lines(one, at(now), width, height) == view(name).lines(one, at(now), width, height)


def test_a_note_that_is_told_late_stands_where_it_belongs() -> None:
    one, grown = playing(board(), "b1"), view("roll")
    one.hear({"event": "steps", "steps": [step(1.0, "b1", 1.5, 60.0)]})
    grown.lines(one, at(3), 86, 8)
    one.hear({"event": "steps", "steps": [step(0.5, "b1", 1.0, 60.0)]})
    assert grown.lines(one, at(3.2), 86, 8) == view("roll").lines(one, at(3.2), 86, 8)


def test_a_long_note_is_seen_again_behind_a_short_one_over_it() -> None:
    one, grown = playing(board(), "b1", "c1"), view("roll")
    one.hear({"event": "steps", "steps": [step(0.0, "b1", 6.0, 60.0), step(2.0, "c1", 0.5, 60.0)]})
    for tenth in range(60):
        now = at(tenth / 10)
        assert grown.lines(one, now, 86, 8) == view("roll").lines(one, now, 86, 8)
    line = next(line for line in grown.lines(one, at(6), 86, 8) if any("▌" in part for _, part in line))
    styles = {style for style, part in line for _ in part}
    assert {"class:roll.0", "class:roll.1"} <= styles


def test_samples_that_are_none_are_shown_as_silence() -> None:
    one = board()
    one.hear({"event": "scope", "rate": 48000, "left": [math.nan] * 100, "right": [math.inf] * 100})
    for kind in ("scope", "spectrum"):
        assert len(view(kind).lines(one, at(1), 60, 8)) == 8
