"""Brackets and quotes close themselves where that helps, and stay out of the way elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.shell.pairs import erases_pair, typed


def after(line: str, character: str) -> str:
    """The line with `|` as the cursor, after typing."""
    column = line.index("|")
    text = line.replace("|", "")
    done = typed(character, text, column)
    if done is None:
        return f"{text[:column]}{character}|{text[column:]}"
    if not done.text:
        return f"{text[: column + done.over]}|{text[column + done.over :]}"
    cut = len(done.text) - done.back
    return f"{text[:column]}{done.text[:cut]}|{done.text[cut:]}{text[column:]}"


@pytest.mark.parametrize(
    ("line", "character", "result"),
    [
        ("s|", "(", "s(|)"),
        ("s(|)", '"', 's("|")'),
        ('s("|")', "<", 's("<|>")'),
        ('s("bd |")', "[", 's("bd [|]")'),
        ('s("bd|")', "(", 's("bd(|)")'),
        ('s("|")', "{", 's("{|}")'),
        ('s("<bd|>")', ">", 's("<bd>|")'),
        ('s("[bd|]")', "]", 's("[bd]|")'),
        ('s("bd|")', '"', 's("bd"|)'),
        ('s("bd [sn|]")', '"', 's("bd [sn]"|)'),
        ('s("[bd <sn|>]")', '"', 's("[bd <sn>]"|)'),
        ('s("[bd <sn|>]")', "]", 's("[bd <sn>]|")'),
        ("f(a[1|])", ")", "f(a[1])|"),
        ('s("bd [|] sn")', '"', 's("bd ["|] sn")'),
        ('s("bd|]")', '"', 's("bd]"|)'),
        ('print("a (b|)")', '"', 'print("a (b"|)")'),
        ("f(a[1|)", "]", "f(a[1]|)"),
        ('s("bd"|)', ")", 's("bd")|'),
        ("x |", "<", "x <|"),
        ("x|", "[", "x[|"),
        ("d1 >|", ">", "d1 >>|"),
        ("s(|x)", "(", "s((|x)"),
        ('s(|"bd")', "(", 's((|)"bd")'),
        ("# a|", "(", "# a(|"),
        ("'it|'", '"', "'it\"|'"),
        ('""|', '"', '"""|'),
        ("x|", '"', 'x"|'),
        ("f|", '"', 'f"|"'),
        ("(|))", ")", "()|)"),
        ("((|)", ")", "(()|)"),
        ("{|}", "}", "{}|"),
    ],
)
def test_typing(line: str, character: str, result: str) -> None:
    assert after(line, character) == result


@pytest.mark.parametrize(
    ("line", "erases"),
    [("s(|)", True), ('s("|")', True), ('s("<|>")', True), ("{|}", True), ("x <|> y", False), ("(|x", False)]
    + [('""|""', False), ("|()", False), ("(|", False)],
)
def test_backspace_takes_an_empty_pair(line: str, erases: bool) -> None:
    assert erases_pair(line.replace("|", ""), line.index("|")) is erases


@given(st.text(st.sampled_from("ab ()[]<>{}\"'#"), max_size=20), st.data())
def test_what_is_there_is_never_lost(line: str, data: st.DataObject) -> None:
    column = data.draw(st.integers(0, len(line)))
    character = data.draw(st.sampled_from('([{<>}])"'))
    done = typed(character, line, column)
    if done is not None and not done.text:
        assert line[column + done.over - 1] == character, "the cursor goes to where it would be after typing"
    else:
        assert done is None or done.text[0] == character
