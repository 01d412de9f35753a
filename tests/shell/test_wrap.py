"""Lines that are too long go on below, between words where they can, whatever they are made of."""

from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.utils import get_cwidth

from marmalade_sc.shell.wrap import wrapped

from .stage import text


@given(st.lists(st.tuples(st.just("class:x"), st.text("aé 中🎹", max_size=12)), max_size=4), st.integers(2, 9))
def test_only_spaces_are_lost_and_nothing_is_too_wide(line: list[tuple[str, str]], width: int) -> None:
    rows = text(wrapped(line, width))
    assert "".join(rows).replace(" ", "") == "".join(part for _, part in line).replace(" ", "")
    assert all(get_cwidth(row) <= width for row in rows)


def test_words_stay_whole_where_they_fit() -> None:
    assert text(wrapped([("a", "the old "), ("b", "pattern plays on")], 12)) == ["the old", "pattern", "plays on"]
    assert text(wrapped([("a", "short")], 12)) == ["short"]
    assert text(wrapped([("a", "")], 12)) == [""]


def test_a_row_of_a_table_goes_on_below_its_second_column() -> None:
    """The pages of help(), in 80 columns, could not be read at a glance."""
    assert text(wrapped([("a", "  rev    plays it backwards")], 18)) == ["  rev    plays it", "         backwards"]
    assert text(wrapped([("a", "  a-long-name-indeed  said")], 24)) == ["  a-long-name-indeed ", "said"]
    assert text(wrapped([("a", "two  words and more")], 12)) == ["two  words", "and more"]


def test_a_long_word_is_cut_where_the_row_ends() -> None:
    assert text(wrapped([("a", "see /a/very/long/path")], 10)) == ["see /a/ver", "y/long/pat", "h"]


def test_colours_go_along() -> None:
    assert wrapped([("a", "one "), ("b", "two three")], 8) == [[("a", "one "), ("b", "two")], [("b", "three")]]
