"""The table of the language: documented, exemplified, and the same page as in docs/."""

import os
from pathlib import Path

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns import Pattern, notation
from marmalade_sc.patterns.examples import EXAMPLES
from marmalade_sc.patterns.language import GROUPS, SYNONYMS, language, methods, namespace
from marmalade_sc.patterns.page import example_events, language_page
from marmalade_sc.patterns.transform import Curried

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).parent / "golden" / "examples.txt"


def golden_text() -> str:
    """Every example with its events."""
    parts = [f"# {code}\n{example_events(code)}\n" for codes in EXAMPLES.values() for code in codes]
    return "\n".join(parts)


def test_the_page_is_up_to_date() -> None:
    """Write it anew: python -m marmalade_sc.patterns.page > docs/language.md"""
    assert (ROOT / "docs" / "language.md").read_text(encoding="utf-8") == language_page()


def test_the_events_of_every_example_are_as_before() -> None:
    """MARMALADE_GOLDEN=write makes them anew; read the difference before you commit it."""
    text = golden_text()
    if os.environ.get("MARMALADE_GOLDEN") == "write":
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", [name for name in language() if name not in SYNONYMS])
def test_every_name_has_a_line_and_an_example(name: str) -> None:
    entry = language()[name]
    assert entry.doc.endswith(".") or entry.doc.endswith(")"), entry.doc
    assert entry.group in GROUPS
    assert entry.examples
    assert all(name in code or name in ("fastcat",) for code in entry.examples[:1])


def test_examples_belong_to_names() -> None:
    assert set(EXAMPLES) <= set(language())


def test_the_namespace_is_new_each_time_and_hides_nothing_of_python() -> None:
    import builtins

    names = namespace()
    names["s"] = None
    assert namespace()["s"] is not None
    assert not set(names) & set(dir(builtins))


def test_the_names_that_were_asked_for_are_there() -> None:
    asked = """fast slow rev every sometimes often rarely always never euclid stack cat fastcat seq rot early late ply
        off jux superimpose range scale degrade swing chop striate palindrome iter arp struct mask segment add sub mul
        sine saw tri square rand perlin chord voicing s n note degree voice silence set"""
    assert set(asked.split()) <= set(language())


def test_three_ways_to_use_a_function() -> None:
    names = namespace()
    pattern = notation("a b")
    wanted = pattern.fast(2).query(0, 2)
    assert names["fast"](2)(pattern).query(0, 2) == wanted
    assert names["fast"](2, pattern).query(0, 2) == wanted
    assert names["fast"](2, "a b").query(0, 2) == wanted
    assert names["rev"](pattern).query(0, 2) == pattern.rev().query(0, 2)
    assert names["degrade"](pattern).query(0, 2) == pattern.degrade().query(0, 2)
    assert names["degrade"](0.2)(pattern).query(0, 2) == pattern.degrade(0.2).query(0, 2)
    assert names["swing"](0.1, pairs=2)(pattern).query(0, 2) == pattern.swing(0.1, 2).query(0, 2)
    assert isinstance(names["every"](4, names["rev"]), Curried)
    assert repr(names["fast"](2)) == "fast(2)"


def test_unknown_methods_name_the_nearest() -> None:
    with pytest.raises(UsageError, match="no method 'fats'") as caught:
        notation("a").fats(2)
    assert "'fast'" in caught.value.hint
    assert not hasattr(notation("a"), "fats")
    with pytest.raises(UsageError) as caught:
        _ = notation("a").gain
    assert ".set(gain=...)" in caught.value.hint, "as players of Strudel write controls"


def test_methods_are_listed_for_completion() -> None:
    assert {"fast", "every", "jux", "query", "onsets"} <= set(dir(notation("a")))
    assert set(methods()) <= set(dir(notation("a")))


MISTAKES = [
    ('s("bd").fast()', "fast: missing a required argument"),
    ("fast()", "fast needs more arguments"),
    ('s("bd").fast([1])', r"fast: \[1\] is not a pattern"),
    ('s("bd").fast(float("nan"))', "fast: nan"),
    ('s("bd").fast(1e9)', "fast: factor is 1000000000.0; it must be from -16384 to 16384"),
    ('s("bd").fast("<2 x>")', "expected a number"),
    ('s("bd").every(0, rev)', "every: cycles is 0"),
    ('s("bd").every(2, 3)', "every: 3 is not a function"),
    ('s("bd").every(2, lambda p: 3)', "every: the function gave int"),
    ('s("bd").ply(2.5)', "ply: count is 2.5; it must be a whole number"),
    ('s("bd").chop(0)', "chop: count is 0"),
    ('s("bd").degrade(2)', "degrade: probability is 2"),
    ('s("bd").sometimes()', "sometimes takes"),
    ('s("bd").sometimes(.2, .3)', "sometimes: 0.3 is not a function"),
    ('s("bd").euclid(3.5, 8)', "euclid: hits is 3.5"),
    ('s("bd").euclid(3, 4000)', "euclid: steps is 4000"),
    ('s("bd").arp("sideways")', "arp: there is no mode 'sideways'"),
    ('s("bd").scale("mino")', "there is no scale 'mino'"),
    ('s("bd").scale("x:minor")', "scale: 'x' is not a note"),
    ('s("bd").voicing()', "voicing: there is no chord"),
    ('s("bd").set(amp=[1])', r"amp: \[1\] is not a pattern"),
    ('s("bd").set(amp=None)', "amp: None is not a pattern"),
    ('s("bd").range(0, 1)', "range: .* is not a number"),
    ('s("bd") + s', "add: .* is not a pattern"),
    ('notation("bd") * 2', "mul: 'bd' and 2 cannot be combined"),
    ('note("c e") / 0', "cannot be divided"),
    ('s("bd") and s("sn")', "neither true nor false"),
    ('list(s("bd"))', "no end to loop over"),
    ("s(3)", "3 is not the name of a sound"),
    ('note("bd")', "'bd' is not a note"),
    ('chord("Cmjor")', "there is no chord 'Cmjor'"),
    ('chord("Hm")', "'Hm' is not the symbol of a chord"),
    ('voice("")', "voice: '' is not the name of a voice"),
    ('voice("bass")("bd")', "'bd' is not a note"),
    ('voice("bass")(notation("x"))', "'x' is neither a degree nor a note"),
    ("sine(0)", "cycles is 0"),
    ('fast(2)(3)', "fast: 3 is not a pattern"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "message"), MISTAKES)
def test_mistakes_name_the_function_and_the_value(code: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        pattern = eval(code, {**namespace(), "notation": notation})
        if isinstance(pattern, Pattern):
            pattern.query(0, 1)
