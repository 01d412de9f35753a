"""Patterns of controls: sounds, voices, and what their keywords mean."""

from fractions import Fraction
from typing import Any

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns import Pattern, notation
from marmalade_sc.patterns.controls import as_controls, control, sound_controls, voice
from marmalade_sc.patterns.harmony import chord_pitches, voiced
from marmalade_sc.patterns.language import namespace
from marmalade_sc.patterns.pitch import freq_hz, resolve_pitch


def made(code: str) -> Pattern:
    names = namespace() | {name: voice(name) for name in ("bass", "hat", "pad")}
    pattern = eval(code, names)
    assert isinstance(pattern, Pattern)
    return pattern


def values(code: str, cycles: int = 1) -> list[dict[str, Any]]:
    return [event.value for event in made(code).onsets(0, cycles)]


def test_the_drums_of_the_first_example() -> None:
    events = [(e.part.begin, e.value["s"]) for e in made('s("bd ~ sn ~, hh*8")').onsets(0, 1)]
    assert [(time, name) for time, name in events if name != "hh"] == [(0, "bd"), (Fraction(1, 2), "sn")]
    assert sum(name == "hh" for _, name in events) == 8


@pytest.mark.parametrize(
    ("word", "controls"),
    [
        ("bd", {"s": "bd"}),
        ("bd:3", {"s": "bd", "n": 3.0}),
        ("bd:3:0.5", {"s": "bd", "n": 3.0, "amp": 0.5}),
        ("bd:x", {"s": "bd:x"}),
        ("ä", {"s": "ä"}),
    ],
)
def test_a_word_for_a_sound(word: str, controls: dict[str, object]) -> None:
    assert sound_controls(word) == controls
    assert values(f"s({word!r})") == [controls]


def test_a_patterned_number_of_a_bank() -> None:
    assert values('s("bd:<1 2>")', 2) == [{"s": "bd", "n": 1.0}, {"s": "bd", "n": 2.0}]


def test_the_bass_line_of_the_first_example() -> None:
    code = 'bass("<0 [0 3] 5 4>*2", scale="minor", root="a1", dur=.8, cutoff="400 .. 1600")'
    events = made(code).onsets(0, 2)
    assert [e.value["degree"] for e in events] == [0, 0, 3, 5, 4]
    assert [e.part.begin for e in events] == [0, Fraction(1, 2), Fraction(3, 4), 1, Fraction(3, 2)]
    assert [e.value["cutoff"] for e in events] == [400, 1000, 1300, 400, 1000]
    fixed = {"s": "bass", "scale": "minor", "root": -39.0, "dur": 0.8}
    assert all(fixed.items() <= e.value.items() for e in events)
    assert resolve_pitch(events[0].value) == pytest.approx(27.5)
    assert resolve_pitch(events[2].value) == pytest.approx(freq_hz(-39 + 5))
    assert made(code).period == 2


def test_the_hat_of_the_first_example() -> None:
    pattern = made('hat("1(5,8,<0 2>)", amp="1 .6?", pan=sine(4), swing=.08)')
    events = pattern.onsets(0, 16)
    assert 40 < len(events) < 80
    assert {e.value["amp"] for e in events} == {1.0, 0.6}
    assert all(0 <= e.value["pan"] <= 1 for e in events)
    assert {e.part.begin * 8 % 1 for e in events} == {Fraction(0), Fraction(2, 25)}
    assert all("swing" not in e.value for e in events)
    assert pattern.onsets(0, 16) == events


def test_the_pad_of_the_first_example() -> None:
    code = 'pad(chord("<Am7 Dm9 G7 Cmaj7>/2").voicing(), amp=.3).off(1/8, add(12)).jux(rev)'
    pattern = made(code)
    assert pattern.period == 8
    events = pattern.onsets(0, 8)
    assert {e.value["pan"] for e in events} == {-1.0, 1.0}
    assert {e.value["amp"] for e in events} == {0.3}
    first = sorted(e.value["note"] for e in pattern.onsets(0, 1) if e.part.begin == 0 and e.value["pan"] == -1)
    assert first == [-5, -3, 0, 4]
    later = [e.value["note"] for e in pattern.onsets(0, 1) if e.part.begin == Fraction(1, 8) and e.value["pan"] == -1]
    assert sorted(later) == [7, 9, 12, 16]


def test_notes_and_degrees_of_a_voice() -> None:
    assert values('bass("0 c5 -1")') == [
        {"s": "bass", "degree": 0.0},
        {"s": "bass", "note": 0.0},
        {"s": "bass", "degree": -1.0},
    ]
    assert values("bass()") == [{"s": "bass"}]
    assert values("bass(3)") == [{"s": "bass", "degree": 3.0}]
    assert len(values('bass("c\'maj7")')) == 4
    assert values('bass(note("c e"))')[1] == {"s": "bass", "note": 4.0}
    assert values('bass(s("x"))') == [{"s": "x"}]


def test_keywords_may_be_words_numbers_notes_or_patterns() -> None:
    assert values('bass("0", wave="saw")') == [{"s": "bass", "degree": 0.0, "wave": "saw"}]
    assert [v["wave"] for v in values('bass("0*2", wave="saw <pulse tri>")')] == ["saw", "pulse"]
    assert [v["cutoff"] for v in values('bass("0*2", cutoff="200 3e2")')] == [200.0, 300.0]
    assert values('bass("0", root="ef4")')[0]["root"] == -9.0
    assert values('bass("0", cutoff=saw.range(100, 200))')[0]["cutoff"] == 100.0


def test_a_rest_of_a_keyword_leaves_the_note_out() -> None:
    assert [e.part.begin for e in made('bass("0*4", amp="1 ~")').onsets(0, 1)] == [0, Fraction(1, 4)]


def test_a_signal_is_sampled_at_each_onset() -> None:
    assert [v["pan"] for v in values('s("bd*4").set(pan=saw)')] == [0, 0.25, 0.5, 0.75]


def test_other_names_of_controls() -> None:
    assert values('s("bd").set(gain=.5)') == [{"s": "bd", "amp": 0.5}]
    assert values('bass("0", octave=-1, legato=.5)') == [{"s": "bass", "degree": 0.0, "oct": -1.0, "dur": 0.5}]


def test_later_controls_go_first() -> None:
    assert values('s("bd").set(amp=.5).set(amp="1")') == [{"s": "bd", "amp": 1.0}]


def test_sums_change_degree_or_note() -> None:
    assert values('bass("0 2") + 1')[1]["degree"] == 3
    assert values('note("c").add(12)') == [{"note": 12.0}]
    assert values('s("bd") + 12') == [{"s": "bd", "note": 12.0}]
    both = (control("amp", 0.5) + control("amp", 0.25)).onsets(0, 1)[0].value
    assert both == {"amp": 0.75}


def test_bare_values_become_controls() -> None:
    assert as_controls("bd:2") == {"s": "bd", "n": 2.0}
    assert notation("bd").set(amp=1).onsets(0, 1)[0].value == {"s": "bd", "amp": 1.0}
    with pytest.raises(UsageError):
        as_controls([1])


def test_chop_and_striate_cut_samples() -> None:
    chopped = made('s("a b").chop(2)').onsets(0, 1)
    assert [(e.value["s"], e.value["begin"], e.value["end"]) for e in chopped] == [
        ("a", 0, 0.5), ("a", 0.5, 1), ("b", 0, 0.5), ("b", 0.5, 1),
    ]  # fmt: skip
    striated = made('s("a b").striate(2)').onsets(0, 1)
    assert [(e.value["s"], e.value["begin"]) for e in striated] == [("a", 0), ("b", 0), ("a", 0.5), ("b", 0.5)]
    again = made('s("a").chop(2).chop(2)').onsets(0, 1)
    assert [e.value["begin"] for e in again] == [0, 0.25, 0.5, 0.75]


def test_jux_is_left_and_right() -> None:
    assert [(e.value["s"], e.value["pan"]) for e in made('s("a b").jux(rev)').onsets(0, 1)] == [
        ("a", -1), ("b", 1), ("b", -1), ("a", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("symbol", "notes"),
    [
        ("C", (0, 4, 7)),
        ("Am7", (9, 12, 16, 19)),
        ("F#dim", (6, 9, 12)),
        ("Bb7", (10, 14, 17, 20)),
        ("Bsus4", (11, 16, 18)),
        ("Ebmaj7", (3, 7, 10, 14)),
        ("C^7", (0, 4, 7, 11)),
        ("D-7", (2, 5, 9, 12)),
    ],
)
def test_chord_symbols(symbol: str, notes: tuple[int, ...]) -> None:
    assert chord_pitches(symbol) == notes


@pytest.mark.parametrize("symbol", ["C", "Am7", "F#dim", "Bb9", "Ebmaj13", "Gm7b5"])
def test_voicings_hold_the_chord_around_middle_c(symbol: str) -> None:
    notes = voiced(symbol)
    assert {note % 12 for note in notes} == {note % 12 for note in chord_pitches(symbol)}
    assert abs(sum(notes) / len(notes)) <= 6
    assert list(notes) == sorted(notes)


def test_events_are_never_changed_in_place() -> None:
    """The table of a literal is shared by all who play it."""
    pattern = made('s("bd sn")')
    before = [dict(e.value) for e in pattern.onsets(0, 1)]
    pattern.set(amp=1).jux(lambda p: p.add(12)).onsets(0, 1)
    assert [e.value for e in pattern.onsets(0, 1)] == before
