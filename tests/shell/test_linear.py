"""For screen readers nothing is written twice."""

import pytest

from marmalade_sc.shell.linear import difference


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [
        ("", "d1", "d1"),
        ("d1", "d1 >", " >"),
        ("d1", "d", "\b \b"),
        ("for x:", "for x:\n    y", "\r\n  ·     y"),
        ("d1", "d2", None),
        ("a\nb", "a", None),
    ],
)
def test_only_what_is_new_is_written(before: str, after: str, written: str | None) -> None:
    assert difference(before, after) == written
