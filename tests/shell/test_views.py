"""The pictures: each fits its window, and shows what it is asked for."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.shell.board import Board
from marmalade_sc.shell.views import piano_roll, scope_view, spectrum_view, step_view

from .stage import at, board, playing, step, text

VIEWS = (step_view, piano_roll, scope_view, spectrum_view)


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
    for view in VIEWS:
        for one in (full(), Board(), playing(board(), "d1")):
            lines = text(view(one, at(seconds), width, height))
            assert len(lines) == height
            if width >= 24:
                assert all(len(line) <= width for line in lines)


def test_the_steps_of_this_bar_stand_behind_the_playhead_and_the_last_bars_before_it() -> None:
    one = playing(board(), "d1")
    one.hear({"event": "steps", "steps": [step(0.0), step(1.5), step(2.0), step(2.5)]})
    (line, *_) = step_view(one, at(2.9), 24, 1)
    shown = "".join(part for _, part in line)[6:]
    assert shown == "■···■···┊···■···"
    styles = [style for style, part in line for _ in part][6:]
    assert (
        styles[0] == styles[4] == "class:step.on" and styles[12] == "class:step.off" and styles[7] == "class:step.now"
    )


def test_more_tracks_than_lines_are_counted() -> None:
    one = playing(board(), *(f"d{n}" for n in range(10)))
    lines = text(step_view(one, at(1), 60, 4))
    assert len(lines) == 4 and "7 more" in lines[3]


def test_where_not_all_have_room_those_that_sound_stand_first() -> None:
    one = playing(board(), *(f"d{n}" for n in range(10)))
    one.hear({"event": "steps", "steps": [step(2.0, "d7"), step(1.5, "d9")]})
    assert [line.split()[0] for line in text(step_view(one, at(2.9), 60, 4))] == ["d7", "d9", "d0", "and"]
    assert [line.split()[0] for line in text(step_view(one, at(2.9), 60, 10))] == [f"d{n}" for n in range(10)]


def test_the_roll_draws_high_notes_above_low_ones_and_drums_below() -> None:
    one = playing(board(), "a1", "d1")
    one.hear({"event": "steps", "steps": [step(1, "a1", 0.5, 60), step(2, "a1", 0.5, 72), step(3, "d1", 0.1)]})
    lines = text(piano_roll(one, at(4), 86, 16))
    rows = {row: line[6:].index("▌") for row, line in enumerate(lines) if "▌" in line[6:]}
    assert len(rows) == 3
    high, low, drum = sorted(rows)
    assert rows[low] < rows[high] < rows[drum] and drum == 15 and lines[15].startswith("d1")
    assert lines[low].startswith("c5") and lines[high].startswith("c6")


def test_the_spectrum_of_a_sine_is_highest_at_its_pitch() -> None:
    lines = text(spectrum_view(full(), at(1), 100, 20))
    top = next(line for line in lines if line.strip())
    place = next(i for i, each in enumerate(top) if each != " ")
    expected = math.log(1000 / 30) / math.log(16000 / 30) * 100
    assert place == pytest.approx(expected, abs=3)
    assert "1k" in lines[-1]


def test_the_scope_stands_still_and_shows_both_channels() -> None:
    lines = text(scope_view(full(), at(1), 60, 12))
    assert all(any(each != "⠀" for each in line) for line in lines[:6])
    assert lines[6].strip("⠀") == "", "the right channel is a quarter as loud"
