"""What holds for every text and every cursor: nothing raises, and what is replaced is what was typed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.assist import complete, document, page_of, question, search, signature_at
from marmalade_sc.assist.scan import read
from tests.assist.words import words

WORDS = words()
PIECES = (
    *("d1", " >> ", "s(", '"', "'", "bd", "sn:3", "[", "]", "(", ")", "<", ">", ",", " ", "\n", ".", "every", "fast"),
    *("bass", "cutoff=", "scale=", "minor", "a4:", "#", "'''", '"""', "\\", "=", "|", "clock", "f", "é", "🥁", "\t"),
    *("chord(", "Am7", "c'maj7", "{", "}", "def x():", "help(", "config(", "?", "*2", "0 .. 7", "\0", "\u2028"),
)
CODE = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
WHERE = st.integers(-5, 200)


@settings(max_examples=400, deadline=None)
@given(CODE, WHERE)
def test_completion_never_raises_and_replaces_what_was_typed(code: str, position: int) -> None:
    """It runs at each key: an exception would be seen by the audience."""
    start, found = complete(code, position, WORDS)
    cursor = min(max(position, 0), len(code))
    assert 0 <= start <= cursor
    typed = code[start:cursor]
    assert "\n" not in typed
    assert len({each.text for each in found}) == len(found)
    assert all(each.text and isinstance(each.doc, str) for each in found)


@settings(max_examples=300, deadline=None)
@given(CODE, WHERE)
def test_what_was_completed_stands_where_the_cursor_was(code: str, position: int) -> None:
    """A name stays a name, a step stays in its string; the cursor is behind it, ready for the next key."""
    before = read(code, position)
    start, found = complete(code, position, WORDS)
    for each in found[:4]:
        after = read(code[:start] + each.text + code[before.position :], start + len(each.text))
        if before.text is not None:
            assert after.text is not None
            assert after.text.before.endswith(each.text)
        elif each.text.isidentifier() and not before.rest:
            assert after.name == each.text
            assert after.start == start


@settings(max_examples=400, deadline=None)
@given(CODE, WHERE)
def test_documentation_never_raises(code: str, position: int) -> None:
    found = document(code, position, WORDS)
    assert found is None or found.text()
    signature = signature_at(code, position, WORDS)
    assert signature is None or 0 <= signature.start <= signature.end <= len(signature.text)
    question(code)


@settings(max_examples=100, deadline=None)
@given(CODE)
def test_looking_up_never_raises(text: str) -> None:
    found = page_of(text, WORDS)
    assert found is None or found.text()
    assert len(search(text, WORDS)) <= 40


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(WORDS.top)), st.integers(1, 3))
def test_a_name_is_offered_for_its_own_beginning(name: str, length: int) -> None:
    _, found = complete(name[:length], len(name[:length]), WORDS)
    written = {each.text for each in found}
    assert name in written or not name.isidentifier() or name in ("tabla", "sampler1")
