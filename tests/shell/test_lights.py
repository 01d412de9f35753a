"""What sounds is lit from its time on for its length, and only in code that is there."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board, sounding
from marmalade_sc.shell.lights import Lights

S = UNITS_PER_SECOND


def test_a_step_is_lit_from_its_time_on_for_its_length() -> None:
    lights = Lights()
    lights.hear(
        [[10 * S, "d1", S, 60, [["a", 1, 9, 2], ["gone", 1, 1, 1]]], [12 * S, "d1", 0, None, [["a", 2, 1, 3]]]], {"a"}
    )
    assert lights.at(9 * S) == frozenset()
    assert lights.at(10 * S) == {("a", 1, 9, 2)}
    assert lights.at(11 * S) == frozenset()
    assert lights.at(12 * S + S // 16) == {("a", 2, 1, 3)}, "short steps are lit long enough to be seen"
    assert lights.at(13 * S) == frozenset()


def test_silence_puts_them_out_and_nonsense_is_left_out() -> None:
    lights = Lights()
    lights.hear([[0, "d1", S, 60, [["a", 1, 1, 1]]]], {"a"})
    lights.clear()
    lights.hear([None, [], [1, 2], [0, "d1", S, 60, [[1]]], ["x", "d1", S, 60, [["a", 1, 1, 1]]]], {"a"})
    lights.hear("nonsense", {"a"})
    assert lights.at(0) == frozenset()


STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 16), st.integers(1, 3)).map(
        lambda each: [each[0] * S // 4, "d1", each[1] * S // 4, 60, [["a", each[2], 1, 1]]]
    ),
    max_size=12,
)


@given(STEPS)
def test_it_says_the_same_as_the_board(steps: list[list[object]]) -> None:
    """The board looks at all steps; this looks at each only twice."""
    steps.sort(key=lambda row: str(row[0]).zfill(20))
    board, lights = Board(), Lights()
    board.hear({"event": "steps", "steps": steps})
    lights.hear(steps, {"a"})
    for quarter in range(40):
        now = quarter * S // 4 + 1
        assert {(line, column, chars) for _, line, column, chars in lights.at(now)} == set(sounding(board, now, "a"))


@given(STEPS)
def test_until_the_next_moment_nothing_changes(steps: list[list[object]]) -> None:
    """The shell sleeps until then: a light that comes before would come late."""
    lights = Lights()
    lights.hear(steps, {"a"})
    now, lit = 0, lights.at(0)
    while (moment := lights.next) is not None:
        assert moment > now
        assert lights.at(moment - 1) == lit
        now, lit = moment, lights.at(moment)
    assert lit == frozenset()
