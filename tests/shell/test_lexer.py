"""Colours: every character stays, notation inside strings has classes of its own, and 500 lines are no load."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document

from marmalade_sc.shell.lexer import CodeLexer, line_parts
from marmalade_sc.shell.notation import CLASSES, notation_parts


def styles(line: str) -> dict[str, str]:
    return {text: style for style, text in line_parts(line, "")[0]}


def test_notation_has_words_numbers_operators_rests_and_brackets() -> None:
    text = "bd:3 ~ [hh*8 -] <-2 c#5>"
    found = {text[begin:end]: name for name, begin, end in notation_parts(text)}
    assert found["bd"] == found["c#5"] == "word"
    assert found["3"] == found["8"] == found["-2"] == "number"
    assert found["*"] == found[":"] == "operator"
    assert found["~"] == found["-"] == "rest"
    assert found["["] == found["<"] == "bracket"


@given(st.text(max_size=40))
def test_notation_parts_cover_any_text(text: str) -> None:
    parts = notation_parts(text)
    assert "".join(text[begin:end] for _, begin, end in parts) == text
    assert {name for name, _, _ in parts} <= set(CLASSES)


def test_python_and_notation_side_by_side() -> None:
    found = styles('for n in x: d1 >> s("bd*2")  # loud')
    assert "keyword" in found["for"]
    assert found["bd"].endswith("notation.word")
    assert found["*"].endswith("notation.operator")
    assert "comment" in found["# loud"]
    assert "notation" not in styles('f"bd {x}"')['f"bd {x}"']


@given(st.lists(st.text(st.sampled_from("ab1 \"'\\#f(<é\t"), max_size=20), max_size=6))
def test_no_character_is_lost_or_added(lines: list[str]) -> None:
    shown = CodeLexer().lex_document(Document("\n".join(lines)))
    for number, line in enumerate(lines or [""]):
        assert "".join(part[1] for part in shown(number)) == line
    assert shown(len(lines) + 3) == []


def test_a_text_in_three_quotes_goes_over_lines() -> None:
    shown = CodeLexer().lex_document(Document('x = """bd\nfor\n"""\nfor'))
    assert "notation.word" in shown(1)[1][0]
    assert "keyword" in shown(3)[0][0]


def test_only_lines_that_changed_are_looked_at_again() -> None:
    """500 lines on a slow machine: a key must not take 30 ms."""
    lines = [f'd{n} >> s("bd*{n} [hh sn]")' for n in range(500)]
    for turn in range(3):
        before = line_parts.cache_info().misses
        shown = CodeLexer().lex_document(Document("\n".join([*lines, "x" * turn])))
        for number in range(501):
            shown(number)
        assert turn == 0 or line_parts.cache_info().misses - before <= 1


def test_the_first_key_waits_for_no_import() -> None:
    """The import of pygments took 80 ms; who opens the shell does not pay for it, nor who presses the first key."""
    code = (
        "import sys; from marmalade_sc.shell.lexer import line_parts, warm\n"
        "assert 'pygments.lexers.python' not in sys.modules\n"
        "warm(); known = set(sys.modules); line_parts('d2 >> s(\"sn\").every(4, rev)', '')\n"
        "assert 'pygments.lexers.python' in known == set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
