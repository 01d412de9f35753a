"""What a score may say beyond Alda's language, and that none of it is there in strict mode."""

import math
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import Score, midi_file, read_score
from marmalade_sc.scores.extensions import EXTENDED, EXTENSIONS
from marmalade_sc.scores.functions import FUNCTIONS
from marmalade_sc.scores.pulse import Pulse
from marmalade_sc.scores.tunings import TUNINGS, EqualDivision, Temperament


def extended(source: str) -> Score:
    return read_score(source, strict=False)


def onsets(source: str) -> list[float]:
    return [note.offset_ms for note in extended(source).notes]


def pitches(source: str) -> list[float]:
    return [note.midi for note in extended(source).notes]


@pytest.mark.parametrize("name", sorted(set(EXTENSIONS) - set(FUNCTIONS)))
def test_an_extension_is_unknown_in_strict_mode_and_says_how_to_ask_for_it(name: str) -> None:
    with pytest.raises(ScoreError) as caught:
        read_score(f"piano: ({name} 1) c")
    assert "# marmalade: extended" in caught.value.hint


@pytest.mark.parametrize("source", ["piano: (transpose 0.5) c", "piano: (note (midi-note 60.5))", "piano: {c}/e"])
def test_what_alda_refuses_is_refused_in_strict_mode(source: str) -> None:
    with pytest.raises(ScoreError):
        read_score(source)
    assert extended(source).notes


def test_a_score_may_ask_for_extensions_itself() -> None:
    assert read_score("# marmalade: extended\npiano: (cents 50) c").notes[0].midi == 60.5
    with pytest.raises(ScoreError):
        read_score("piano: (cents 50) c # marmalade: extended")


def test_without_extensions_in_it_a_score_is_the_same() -> None:
    """Asking for more must move nothing: a piece that uses one of them keeps all the rest."""
    source = "(tempo! 97.3) violin/cello: o4 {c d e}2 [c8. d~]*3 (quant 37) V1: f/a V2: g1 V0: (vol 20) r c"
    assert extended(source).notes == read_score(source).notes
    plain = extended(source + " (cents 0) c d").notes[: len(extended(source).notes)]
    assert plain == extended(source).notes


def test_volume_grows_over_its_beats_and_stays() -> None:
    notes = extended("piano: (vol 20) c (vol> 100 4) c c c c c (vol 50) c").notes
    assert [round(note.volume, 6) for note in notes] == [0.2, 0.2, 0.4, 0.6, 0.8, 1.0, 0.5]


def test_a_ramp_takes_dynamics_and_lengths_and_begins_where_another_has_come_to() -> None:
    notes = extended('piano: (vol 0) (vol> \'ffffff "1") c (pan> 100 2) c (vol> 0 4) c c').notes
    assert [note.volume for note in notes] == pytest.approx([0, 0.25, 0.5, 0.375])
    assert [note.panning for note in notes] == pytest.approx([0.5, 0.5, 0.75, 1.0])


def test_a_ramp_for_all_begins_at_its_time_in_every_part() -> None:
    notes = extended("piano: (vol 0) c (vol>! 100 4) c c guitar: (vol 0) r r c").notes
    assert [note.volume for note in notes] == pytest.approx([0, 0, 0.25, 0.25])


def test_tempo_goes_by_as_many_milliseconds_in_each_beat() -> None:
    """From 500 ms a beat to 1000 within two: 500 b + 125 b b."""
    assert onsets("piano: (tempo> 60 2) c c c c") == pytest.approx([0, 625, 1500, 2500])


def test_parts_keep_together_through_a_tempo_that_changes() -> None:
    """One in eighths, one in halves: they meet at the double bar."""
    found = extended("piano: (tempo>! 40 7) [c8]*32 %end guitar: [c2]*8 %over").markers
    assert found["over"] == pytest.approx(found["end"])


def test_times_in_seconds_stay_what_they_are_in_a_ritardando() -> None:
    assert onsets("piano: (tempo> 60 8) c500ms c500ms c") == pytest.approx([0, 500, 1000])


def test_a_tempo_after_a_ramp_counts_from_where_it_came_to() -> None:
    """3/4 s a beat half way; then half as fast again."""
    source = "piano: (tempo> 60 2) c8~8 (metric-modulation 4 2) c c"
    first, second, third = onsets(source)
    assert (first, second, third - second) == pytest.approx((0, 625, 375))


def test_the_tempos_of_a_ramp_are_told_for_bars_and_files() -> None:
    tempos = extended("piano: (tempo> 60 4) c1 c").tempos
    assert list(tempos.values())[0] == pytest.approx(120)
    assert list(tempos.values())[-1] == pytest.approx(60)
    assert len(tempos) > 8


@settings(deadline=None)
@given(st.floats(20, 2000), st.floats(20, 2000), st.floats(0.01, 500), st.floats(0, 5e5), st.floats(-10, 10))
def test_beats_and_times_are_each_others_inverse(
    first: float, last: float, over: float, gone: float, beat: float
) -> None:
    pulse = Pulse(1000, beat, first, last, over)
    assert pulse.ms(pulse.beat(1000 + gone)) == pytest.approx(1000 + gone, rel=1e-9, abs=1e-6)
    assert pulse.beat(1000 + gone + 1) > pulse.beat(1000 + gone)


def test_swing_moves_the_second_of_two_eighths() -> None:
    notes = extended("piano: (quant 100) (swing 75) c8 c c c c4 c8 c").notes
    assert [note.offset_ms for note in notes] == pytest.approx([0, 375, 500, 875, 1000, 1500, 1875])
    assert [note.audible_ms for note in notes] == pytest.approx([375, 125, 375, 125, 500, 375, 125])
    assert onsets("piano: (swing 75 16) c16 c c8 c") == pytest.approx([0, 187.5, 250, 500])
    assert onsets("piano: (swing 75) c8 c (swing 50) c c") == pytest.approx([0, 375, 500, 750])


def test_swing_leaves_triplets_of_a_third_where_they_are_meant_to_be() -> None:
    assert onsets("piano: (swing 66.6666666) {c8 d}4") == pytest.approx([0, 1000 / 3], abs=1e-3)


def test_swing_does_not_move_markers() -> None:
    assert extended("piano: (swing 75) c8 %half c").markers == {"half": 250}


def test_chance_is_the_same_for_the_same_seed_and_small() -> None:
    source = "piano: (humanize 20 10 {}) [c8 d e f]*20"
    first, again, other = (extended(source.format(seed)).notes for seed in (1, 1, 2))
    assert first == again
    assert first != other
    moved = [
        note.offset_ms - straight.offset_ms
        for note, straight in zip(first, read_score("piano: [c8 d e f]*20").notes, strict=True)
    ]
    assert max(map(abs, moved)) <= 20
    assert sum(map(abs, moved)) / len(moved) > 3
    assert abs(sum(moved) / len(moved)) < 4
    assert {round(note.volume / 0.5421, 1) for note in first} <= {0.9, 1.0, 1.1}


def test_an_edit_elsewhere_moves_no_other_note() -> None:
    one = extended("piano: (humanize 20) c d e f").notes
    two = extended("piano: (humanize 20) c d g f").notes
    assert [a for a, b in zip(one, two, strict=True) if a != b] == [one[2]]


def test_microtones() -> None:
    assert pitches("piano: (cents 50) c (cents -25) c (transpose 0.5) (cents 0) c") == [60.5, 59.75, 60.5]
    assert pitches("piano: (note (midi-note 61.25))") == [61.25]


def test_a_tuning_has_its_ratios_above_its_tonic() -> None:
    c, e, g = pitches("piano: (tuning 'just) c e g")
    assert 2 ** ((e - c) / 12) == pytest.approx(5 / 4)
    assert 2 ** ((g - c) / 12) == pytest.approx(3 / 2)
    d, f_sharp = pitches("piano: (tuning 'just 'd) d f+")
    assert (d, 2 ** ((f_sharp - d) / 12)) == (62, pytest.approx(5 / 4))
    assert pitches("piano: (tuning '(0 100 200 300 400 500 600 700 800 900 1000 1150)) b") == [71.5]


def test_notes_are_spelled_in_equal_divisions() -> None:
    """In 19 steps c+ lies a third of a tone above c, and d- two thirds; 12 steps are what they always were."""
    steps = [round((midi - 60) * 19 / 12, 6) for midi in pitches("piano: (tuning 'edo 19) c c+ d- d e+ f- f")]
    assert steps == [0, 1, 2, 3, 7, 7, 8]
    assert pitches("piano: (tuning 'edo 12) c c+ d- e+ b") == [60, 61, 61, 65, 71]


@pytest.mark.parametrize("name", TUNINGS)
def test_a_tuning_rises_and_repeats_each_octave(name: str) -> None:
    cents = TUNINGS[name]
    assert cents[0] == 0
    assert list(cents) == sorted(cents)
    tuned = Temperament(cents, 9)
    assert tuned.pitch(69, None) == 69
    assert tuned.pitch(50, None) + 12 == pytest.approx(tuned.pitch(62, None))


def test_the_fifths_of_werckmeister_are_as_he_wrote() -> None:
    """Against his own table, in cents."""
    table = [0, 90.225, 192.18, 294.135, 390.225, 498.045, 588.27, 696.09, 792.18, 888.27, 996.09, 1092.18]
    assert TUNINGS["werckmeister"] == pytest.approx(table, abs=0.01)
    assert EqualDivision(31).pitch(64, 4) == pytest.approx(60 + 12 * 10 / 31)


def test_a_trill_goes_to_the_next_note_of_the_key() -> None:
    assert pitches("piano: (trill) d4")[:4] == [62, 64, 62, 64]
    assert pitches('piano: (key-sig "e-") (trill) d4')[:4] == [62, 63, 62, 63]
    assert len(pitches("piano: (trill 1 16) c4")) == 4
    assert pitches("piano: (trill) b")[1] == 72


@pytest.mark.parametrize(
    ("ornament", "expected"),
    [
        ("mordent", [60, 59, 60]),
        ("inverted-mordent", [60, 62, 60]),
        ("turn", [62, 60, 59, 60]),
        ("grace -1", [59, 60]),
        ("grace 2 4", [62, 64, 60]),
        ("tremolo 8", [60, 60]),
    ],
)
def test_an_ornament_fills_its_note_and_no_other(ornament: str, expected: list[int]) -> None:
    notes = extended(f"piano: (quant 100) ({ornament}) c4 d").notes
    assert [note.midi for note in notes] == [*expected, 62]
    ends = [note.offset_ms + note.duration_ms for note in notes]
    assert [note.offset_ms for note in notes[1:]] == pytest.approx(ends[:-1])
    assert notes[-1].offset_ms == 500


def test_marks_are_for_one_note_or_chord() -> None:
    notes = extended("piano: (quant 80) (staccato) c (accent) d/f (tenuto) e").notes
    assert [round(note.audible_ms) for note in notes] == [200, 400, 400, round(500 * 0.8 * 10 / 9)]
    assert [round(note.volume / 0.5421, 3) for note in notes] == [1, 1.25, 1.25, 1]


def test_a_chord_is_strummed_in_its_order_or_backwards() -> None:
    assert onsets("piano: (strum 20) c/e/g c/e") == pytest.approx([0, 20, 40, 500, 500])
    back = extended("piano: (strum -20) c/e/g").notes
    assert [(note.midi, note.offset_ms) for note in back] == [(67, 0), (64, 20), (60, 40)]


def test_a_cram_may_be_in_a_chord() -> None:
    notes = extended("piano: {c d e f}1/g2 a").notes
    assert [(note.offset_ms, note.midi) for note in notes] == [
        *((0, 60), (0, 67), (500, 62), (1000, 64), (1000, 69), (1500, 65)),
    ]
    assert onsets("piano: c1/{e e}2 d") == [0, 0, 500, 1000]


def test_more_parts_than_midi_has_channels_may_sound_at_once() -> None:
    """Synthdefs need no channels; strictly, and in a MIDI file, the sixteenth part finds none."""
    names = "piano harpsichord clavinet celeste glockenspiel music-box vibraphone marimba xylophone dulcimer organ"
    source = " ".join(f"{name}: c" for name in f"{names} accordion harmonica guitar violin viola cello".split())
    assert len(extended(source).notes) == 17
    with pytest.raises(ScoreError, match="no MIDI channel"):
        read_score(source)
    with pytest.raises(ScoreError, match="finds no MIDI channel"):
        midi_file(extended(source))


def test_a_repeat_goes_on_until_a_marker() -> None:
    source = "piano: c1 c %end guitar: [c4 d]*%end e"
    assert [note.midi for note in extended(source).notes if note.part == 2] == [60, 62] * 4 + [64]
    with pytest.raises(ScoreError):
        extended("piano: c1 %end guitar: [(vol 50)]*%end")
    with pytest.raises(ScoreError):
        extended("piano: [c]*%nowhere")
    with pytest.raises(ScoreError):
        extended("piano: r99999s %end guitar: [c1ms]*%end")


@pytest.mark.parametrize(
    "call",
    [
        *(
            "(vol> 101 4)",
            "(vol> 50 0)",
            "(vol> 50 -1)",
            '(vol> 50 "x")',
            "(vol> 'loud 4)",
            "(tempo> 0 4)",
            "(swing 10)",
        ),
        *("(swing 95)", "(humanize -1)", "(cents 5000)", "(tuning 'blue)", "(tuning 'edo)", "(tuning 'edo 2)"),
        *("(tuning '(1 2 3))", "(tuning 'just 'h)", "(tuning '(a b))", "(trill 99)", "(grace 1 2 3 4 5 6 7 8 9)"),
        *("(strum 9999)", "(transpose 500)", "(note (midi-note 200))", '(tremolo "x")'),
    ],
)
def test_what_cannot_be_is_told_with_its_place(call: str) -> None:
    with pytest.raises(ScoreError) as caught:
        extended(f"piano: {call} c")
    assert caught.value.where is not None
    assert caught.value.where.column >= 8


def test_every_function_of_alda_is_there_with_extensions_too() -> None:
    assert set(FUNCTIONS) <= set(EXTENDED)


def test_the_frequency_of_a_just_third_is_a_ratio() -> None:
    notes = extended("piano: (reference-pitch 432) (tuning 'just 'a) a > c+").notes
    low, high = (note.reference_pitch * 2 ** ((note.midi - 69) / 12) for note in notes)
    assert math.isclose(low, 432)
    assert math.isclose(high / low, 5 / 4)


DOCS = Path(__file__).parents[2] / "docs" / "scores.md"


def test_every_extension_is_documented() -> None:
    """A name that nobody can find is not there: each stands in the page, or the one that it is short for."""
    text = DOCS.read_text(encoding="utf-8")
    shorts = {"volume>": "vol>", "track-volume>": "track-vol>", "panning>": "pan>", "quantization>": "quant>"}
    shorts |= {"quantize>": "quant>", "transposition": "transpose"}
    for name in set(EXTENSIONS):
        name = name.removesuffix("!")
        assert shorts.get(name, name) in text, name


def test_what_the_page_shows_can_be_played() -> None:
    table = DOCS.read_text(encoding="utf-8").split("### More than Alda")[1].split("## Playing")[0]
    shown = re.findall(r"`([^`]+)`", "\n".join(line for line in table.splitlines() if line.startswith("| `")))
    calls = [text for text in shown if text.startswith("(") and "..." not in text]
    assert len(calls) > 25
    for call in calls:
        assert extended(f"piano: c {call} c/e").notes
