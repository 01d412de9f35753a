"""Strings are where they are: colours and pairs both go by it."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.shell.scan import inside_of, scan

LINES = st.text(st.sampled_from("ab \"'\\#rf(<[1"), max_size=30)


@given(LINES, st.sampled_from(["", '"""', "'''"]))
def test_pieces_cover_the_line_without_gaps(line: str, state: str) -> None:
    pieces, after = scan(line, state)
    assert "".join(line[piece.start : piece.end] for piece in pieces) == line
    assert after.removesuffix("~") in ("", '"""', "'''")
    for column in range(len(line) + 1):
        inside_of(line, column, state)


def test_a_string_over_lines_ends_where_it_ends() -> None:
    assert scan('x = """bd')[1] == '"""'
    assert scan("sn 'hh' # no comment", '"""')[1] == '"""'
    pieces, state = scan('cp""" # now', '"""')
    assert [piece.kind for piece in pieces] == ["string", "code", "comment"]
    assert state == ""


def test_words_are_no_notation_wherever_their_string_ends() -> None:
    """In a score `<` is an octave: neither colours nor pairs of notation belong there."""
    for line in ('score("piano: c < b")', 'help("every")', 'x = f"{a}"', "print(b'[')"):
        (piece,) = [each for each in scan(line)[0] if each.kind == "string"]
        assert not piece.is_notation, line
    for line in ('s("bd [sn")', 'd1 >> bass("0 <1 2>", scale="minor")'):
        assert all(each.is_notation for each in scan(line)[0] if each.kind == "string"), line
    pieces, state = scan('score("""piano: c')
    assert not pieces[-1].is_notation
    pieces, state = scan("  d e < f", state)
    assert not pieces[-1].is_notation
    assert scan('g""")', state)[1] == ""


def test_an_open_string_ends_with_its_line() -> None:
    """Typing: the closing quote is not there yet, and the lines below must not change colour."""
    pieces, state = scan('d1 >> s("bd sn')
    assert pieces[-1].kind == "string" and not pieces[-1].is_closed
    assert state == ""


def test_quotes_behind_a_backslash_and_prefixes() -> None:
    (piece,) = [each for each in scan(r'r"a\"b" # c')[0] if each.kind == "string"]
    assert (piece.prefix, piece.inner_start, piece.inner_end) == ("r", 2, 6)
