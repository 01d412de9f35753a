"""Hostile scores: refused at once, without eating memory; and any text is a score or a mistake."""

import random
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import parse, read_score, score_object, tree_object
from marmalade_sc.testing.mutations import mutated
from tests.scores.test_performance import ONSETS

WORDS = st.sampled_from(
    [
        *"abcdefgr",
        "o4 ",
        "<",
        ">",
        "[",
        "]",
        "{",
        "}",
        "/",
        "|",
        "~",
        "4",
        "8.",
        "1s",
        "30ms",
        "*2 ",
        "'1",
        "V1:",
        "V0:",
    ]
    + [
        "piano:",
        'violin/cello "ss":',
        "ss.cello:",
        "%mark",
        "@mark",
        "foo = ",
        "foo ",
        "\n",
        " ",
        "+",
        "-",
        "_",
        "(",
        ")",
    ]
    + [
        "(tempo 90)",
        "(tempo! 90)",
        "(quant 0)",
        "(key-sig '(a major))",
        "(note (midi-note 60))",
        *("(tempo> 90 4)", "(vol>! 90 4)", "(swing 66)", "(trill)", "(strum)", "(cents 50)", "{c d}/e", "*%mark"),
        "'",
        '"',
        "#",
        "0",
        "*0 ",
    ]
)


@pytest.mark.parametrize(
    "source",
    [
        "piano: [[[[[[[c]*1000]*1000]*1000]*1000]*1000]*1000]*1000",
        "piano: [(vol 50)]*2147483647",
        "piano: []*2147483647",
        "piano: {[[[[r]*1000]*1000]*1000]*1000}4",
        "\n".join(  # names that double what is before them
            f"a{a} = a{b} a{b}" for b, a in zip("a" + string.ascii_lowercase, string.ascii_lowercase, strict=False)
        ).replace("aa = aa aa", "aa = c c c c c c c c")
        + "\npiano: az",
        "piano: " + "[" * 5000 + "c" + "]" * 5000,
        "piano: " + "(list " * 5000 + ")" * 5000,
        "piano: " + "{" * 5000,
        "piano: " + "V1: " * 100 + "c " * 10 + "*2147483647",
        "piano: c" + " " * (1 << 20),
        "aa = c\n" + "aa = [aa]\n" * 5000 + "piano: aa",
        "piano: (tempo 1) (metric-modulation 99999999 1)" + "(metric-modulation 1 99999999)" * 50 + "c",
    ],
    ids=lambda source: source[:24].replace("\n", " "),
)
def test_a_hostile_score_is_refused(source: str) -> None:
    with pytest.raises(ScoreError):
        read_score(source)


def test_crams_within_crams_are_no_burden() -> None:
    score = read_score("piano: " + "{c " * 40 + "}" * 40)
    assert len(score.notes) == 40


def test_a_large_score_is_read() -> None:
    assert len(read_score("piano: [c16 d e f]*5000").notes) == 20_000


@given(st.lists(WORDS, max_size=40).map("".join) | st.text(max_size=60))
@example("")
@example("piano: {c0.1}0")
@example('"')
@example("piano: (-)")
@example("piano: V0: c V1: d V0: e V0: f")
@example("piano: [V1: c V2: d]*2 e")
def test_any_text_is_a_score_or_a_mistake_with_its_place(text: str) -> None:
    """Nothing that can be typed may end the process, or hang it."""
    for strict in (True, False):
        try:
            tree_object(parse(text, strict=strict))
            score_object(read_score(text, strict=strict))
        except ScoreError as error:
            assert error.where is not None
            assert str(error)


def test_thousands_of_mutated_scores_end_well() -> None:
    """No crash and no hang: a result, or an error with line and column."""
    chance = random.Random(8)
    sources = [case[1] for case in ONSETS]
    for _ in range(3000):
        source = mutated(chance.choice(sources), sources, chance)
        try:
            score_object(read_score(source, strict=chance.random() < 0.5))
        except ScoreError as error:
            assert error.where is not None
