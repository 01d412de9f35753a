"""Lights over colours: no character is lost, and only those that sound are lit."""

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.formatted_text import StyleAndTextTuples

from marmalade_sc.shell.parts import styled


@given(
    st.lists(st.tuples(st.just("class:x"), st.text("abc", max_size=5)), max_size=5),
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6)), max_size=4),
)
def test_lights(fragments: list[tuple[str, str]], spans: list[tuple[int, int]]) -> None:
    given: StyleAndTextTuples = list(fragments)
    found = styled(given, spans, "class:lit")
    text = "".join(part[1] for part in fragments)
    assert "".join(part[1] for part in found) == text
    lit = [("lit" in part[0]) for part in found for _ in part[1]]
    assert lit == [any(column <= at < column + length for column, length in spans) for at in range(len(text))]
