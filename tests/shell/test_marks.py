"""What sounds is shown at its place, wherever its line has gone."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.shell.marks import Marks


def test_marks_move_with_their_lines_and_go_when_they_are_edited() -> None:
    marks = Marks()
    marks.text(["a", "b", "c"])
    marks.evaluated("x", ["b", "c"], 1)
    marks.text(["new", "a", "b", "c"])
    assert marks.rows("x") == {1: 2, 2: 3}
    marks.text(["new", "a", "b!", "c"])
    assert marks.rows("x") == {2: 3}
    marks.text(["c"])
    assert marks.rows("x") == {2: 0}
    marks.text([""])
    assert marks.sources == frozenset()


@given(st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=6), min_size=1, max_size=8))
def test_a_mark_stands_at_the_line_that_was_evaluated(texts: list[list[str]]) -> None:
    marks = Marks()
    marks.text(texts[0])
    marks.evaluated("x", texts[0], 0)
    for lines in texts[1:]:
        marks.text(lines)
        for number, row in marks.rows("x").items():
            assert lines[row] == texts[0][number - 1]


def test_a_block_that_moved_before_it_played_is_found_and_one_that_is_gone_is_not() -> None:
    marks = Marks()
    marks.text(["new", "a", "b", "a"])
    marks.evaluated("x", ["a"], 2, margin=4)
    assert marks.rows("x") in ({1: 1}, {1: 3})
    assert marks.margin("x") == 4
    marks.evaluated("y", ["gone"], 0)
    assert marks.sources == {"x"}
