"""A score that grows by lines is the score that they make together."""

import pytest

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import Growing, read_score
from tests.scores.test_performance import ONSETS

LINES = ("riff = c8 d", "violin: o5 riff", "(tempo 60) e4 f", "V1: g V2: < g1", "viola: %here c", "violin: @here a")


def grown(lines: tuple[str, ...]) -> Growing:
    growing = Growing()
    for line in lines:
        growing, _ = growing.with_line(line, frozenset(), True)
    return growing


def test_lines_add_what_the_whole_score_has() -> None:
    growing = Growing()
    found = []
    for line in LINES:
        growing, added = growing.with_line(line, frozenset(), True)
        found += [note.midi for note in added.notes]
        assert not added.notes or added.notes[0].offset_ms == 0
    assert sorted(found) == sorted(note.midi for note in read_score("\n".join(LINES)).notes)
    assert growing.text == "\n".join(LINES)


def test_a_line_that_is_wrong_names_itself_and_leaves_the_rest() -> None:
    growing = grown(LINES[:2])
    with pytest.raises(ScoreError) as caught:
        growing.with_line("c d [e", frozenset(), True)
    assert caught.value.where is not None
    assert (caught.value.where.source, caught.value.where.line, caught.value.where.column) == ("line 3", 1, 5)
    _, added = growing.with_line("e", frozenset(), True)
    assert [(note.offset_ms, note.midi) for note in added.notes] == [(0, 76)]


def test_scores_of_one_line_are_what_they_always_were() -> None:
    for _, source, expected in ONSETS:
        if expected:
            _, added = Growing().with_line(source, frozenset(), True)
            assert [note.midi for note in added.notes] == [midi for _, midi in expected]
