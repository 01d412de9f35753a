"""Floods are folded, repeated lines are counted, and nothing that comes in can drive the terminal."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.shell.messages import Fold, Lines


def texts(fold: Fold, now: float) -> list[str]:
    return [text for _, text in fold.take(now)]


def test_a_line_that_comes_again_is_counted() -> None:
    fold = Fold()
    for _ in range(37):
        fold.add("", "boom", 0.0)
    assert texts(fold, 0.0) == ["boom"]
    assert fold.is_waiting
    assert texts(fold, 1.5) == ["  x 37"]
    assert not fold.is_waiting
    fold.add("", "boom", 9.0)
    fold.add("", "else", 9.0)
    assert texts(fold, 9.0) == ["  x 2", "else"] or texts(fold, 9.0) == []


def test_of_a_flood_the_newest_lines_are_kept() -> None:
    fold = Fold(limit=20, newest=5)
    for number in range(1000):
        fold.add("", f"line {number}", 0.0)
    first = texts(fold, 0.0)
    assert first == [f"line {number}" for number in range(20)]
    assert texts(fold, 0.5) == []
    assert texts(fold, 1.1) == ["... 975 lines folded", *(f"line {number}" for number in range(995, 1000))]
    assert not fold.is_waiting


def test_what_comes_in_is_cleaned() -> None:
    fold = Fold()
    fold.add("", "a\x1b[2Jb\n\x1b]0;t\x07c\td", 0.0)
    assert texts(fold, 0.0) == ["ab", "c   d"]


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.floats(0, 0.3)), max_size=300))
def test_every_line_is_shown_counted_or_folded(said: list[tuple[str, float]]) -> None:
    fold = Fold(limit=7, newest=3)
    now, shown = 0.0, []
    for text, wait in said:
        now += wait
        fold.add("", text, now)
        shown += texts(fold, now)
    for _ in range(60):
        now += 0.1
        shown += texts(fold, now)
    count = 0
    for text in shown:
        if text.startswith("..."):
            count += int(text.split()[1])
        elif text.startswith("  x"):
            count += int(text.split()[1]) - 1
        else:
            count += 1
    assert count == len(said)
    assert not fold.is_waiting


def test_printed_pieces_become_lines() -> None:
    lines = Lines()
    assert lines.add("hi", 0.0) == []
    assert lines.overdue(0.05) == []
    assert lines.add("\nyou\nthere", 0.06) == ["hi", "you"]
    assert lines.overdue(0.5) == ["there"]
    assert lines.overdue(0.9) == []


def test_an_answer_is_shown_whole_and_floods_beside_it_are_folded() -> None:
    """`config()` has a hundred lines; thirty of them were folded away."""
    fold = Fold(limit=5, newest=2)
    fold.add("v", "\n".join(["same"] * 3 + [f"row {number}" for number in range(100)]), 0.0, is_answer=True)
    for number in range(20):
        fold.add("p", f"flood {number}", 0.0)
    shown = [text for _, text in fold.take(0.0)]
    assert shown == ["same"] * 3 + [f"row {number}" for number in range(100)] + [f"flood {n}" for n in range(5)]
    assert fold.is_waiting
