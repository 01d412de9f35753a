"""Scores as patterns: beats of the score are beats of the jam."""

from fractions import Fraction

import pytest

from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.scores import read_score, score_pattern


def pattern(source: str) -> Pattern:
    return score_pattern(read_score(source))


def onsets(made: Pattern, begin: int, end: int) -> list[tuple[Fraction, float]]:
    return [(event.part.begin, round(event.value["freq"])) for event in made.onsets(begin, end)]


def test_notes_fall_on_exact_parts_of_the_bar() -> None:
    made = pattern("(tempo! 97) piano: o4 a12 b12 > c12 r2. c")
    assert onsets(made, 0, 1) == [(Fraction(0), 440), (Fraction(1, 12), 494), (Fraction(1, 6), 523)]


def test_changes_of_tempo_leave_the_beats_alone() -> None:
    """The jam has one tempo; the score's own is that of `marmalade score play`."""
    made = pattern("(tempo! 60) piano: o4 a a (tempo! 177) a a")
    assert [begin for begin, _ in onsets(made, 0, 1)] == [Fraction(n, 4) for n in range(4)]


def test_a_score_begins_again_after_whole_bars() -> None:
    made = pattern("piano: o4 a1 b")
    assert made.period == 2
    assert onsets(made, 4, 6) == [(Fraction(4), 440), (Fraction(4) + 1, 494)]
    assert pattern("piano: a1 b4").period == 2


def test_long_notes_are_pieces_of_themselves_in_later_bars() -> None:
    made = pattern("piano: a1~1 b1")
    assert [event.has_onset for event in made.query(1, 2)] == [False]
    assert [event.whole.length for event in made.query(1, 2) if event.whole] == [2]


def test_values_are_those_of_a_voice() -> None:
    (event,) = pattern("violin: (vol 100) (pan 0) (quant 50) o4 a").onsets(0, 1)
    assert event.value["s"] == "string"
    assert event.value["dur"] == 0.5
    assert event.value["pan"] == -1
    assert event.value["amp"] == pytest.approx(0.42 / 0.5421)


def test_drums_have_no_pitch() -> None:
    (event,) = pattern("percussion: o2 c").onsets(0, 1)
    assert event.value["s"] == "kick"
    assert "freq" not in event.value


def test_an_empty_score_is_silent() -> None:
    assert pattern("piano: r").query(0, 4) == []
