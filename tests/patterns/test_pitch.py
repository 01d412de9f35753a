"""Names, degrees and frequencies, and the tables of scales and chords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import ControlError
from marmalade_sc.patterns.chords import Modifier, chord_table, modified
from marmalade_sc.patterns.pitch import (
    degree_semitones,
    freq_hz,
    midi_note,
    note_name,
    note_number,
    resolve_pitch,
)
from marmalade_sc.patterns.scales import scale_table


def test_middle_c_is_note_zero_and_midi_sixty() -> None:
    assert note_number("c") == note_number("c5") == 0
    assert midi_note(0) == 60
    assert freq_hz(0) == pytest.approx(261.6255653)
    assert freq_hz(9) == 440.0


@pytest.mark.parametrize(
    ("name", "number"),
    [("a5", 9), ("a1", -39), ("cs", 1), ("df", 1), ("bb3", -14), ("c#4", -11), ("B4", -1), ("cn5", 0), ("c-1", -72)],
)
def test_names_of_notes(name: str, number: int) -> None:
    assert note_number(name) == number


@pytest.mark.parametrize("name", ["h", "", "c5x", "bd", "5", "c#b5.", "ä"])
def test_what_is_no_note(name: str) -> None:
    assert note_number(name) is None


@given(st.integers(-60, 67))
def test_the_name_of_a_note_gives_the_note(number: int) -> None:
    assert note_number(note_name(number)) == number


def test_degrees_go_on_in_the_next_octave() -> None:
    assert [degree_semitones(d, "minor") for d in range(-2, 9)] == [-4, -2, 0, 2, 3, 5, 7, 8, 10, 12, 14]


def test_fractional_degrees_lie_between() -> None:
    assert degree_semitones(0.5) == 1.0
    assert degree_semitones(2.5) == 4.5
    assert degree_semitones(-0.5) == -0.5


def test_an_unknown_scale_names_the_nearest() -> None:
    with pytest.raises(ControlError, match="no scale 'dorain'") as caught:
        degree_semitones(0, "dorain")
    assert "dorian" in caught.value.hint


@pytest.mark.parametrize(
    ("controls", "note"),
    [
        ({"note": 12}, 12),
        ({"note": "a5"}, 9),
        ({"degree": 2}, 4),
        ({"degree": 2, "scale": "minor"}, 3),
        ({"degree": 0, "root": "a4"}, -3),
        ({"degree": 0, "root": -3.0, "oct": 1}, 9),
        ({"degree": 7, "scale": "minor", "root": "a3", "transpose": 2}, -1),
        ({"degree": 1, "scale": "a4:minor"}, -1),
        ({"degree": 1, "scale": "a4:minor", "root": "c"}, 2),
        ({"n": 2, "scale": "minor"}, 3),
        ({"note": 0, "oct": -1}, -12),
    ],
)
def test_controls_mean_a_pitch(controls: dict[str, object], note: float) -> None:
    assert resolve_pitch(controls) == pytest.approx(freq_hz(note))


def test_a_frequency_goes_first_and_a_sample_has_none() -> None:
    assert resolve_pitch({"freq": 300, "note": 2}) == 300
    assert resolve_pitch({"s": "bd", "n": 3.0}) is None


def test_a_pitch_that_is_no_number_is_named() -> None:
    with pytest.raises(ControlError, match="root is 'x'"):
        resolve_pitch({"degree": 0, "root": "x"})


def test_the_tables_are_large_and_sound() -> None:
    assert len(set(scale_table().values())) >= 40
    assert len(set(chord_table().values())) >= 40
    for name, steps in scale_table().items():
        assert steps[0] == 0, name
        assert list(steps) == sorted(set(steps)), name
        assert steps[-1] < 12, name
    for name, notes in chord_table().items():
        assert notes[0] == 0, name
        assert len(set(notes)) == len(notes), name


@pytest.mark.parametrize(
    ("modifier", "notes"),
    [
        (Modifier("invert"), (4, 7, 11, 12)),
        (Modifier("invert", 2), (7, 11, 12, 16)),
        (Modifier("open"), (-12, -5, 4, 11)),
        (Modifier("drop", 1), (-1, 0, 4, 7)),
        (Modifier("drop", 2), (-5, 0, 4, 11)),
        (Modifier("drop", 9), (0, 4, 7, 11)),
        (Modifier("range", 2), (0, 4)),
        (Modifier("range", 6), (0, 4, 7, 11, 12, 16)),
        (Modifier("range", 0), ()),
    ],
)
def test_modifiers_of_a_major_seventh(modifier: Modifier, notes: tuple[int, ...]) -> None:
    assert modified((0, 4, 7, 11), modifier) == notes
