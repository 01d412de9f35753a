"""Errors are shown where the performer sees the line."""

from marmalade_sc.shell.talk import error_lines

FAILURE = {
    "message": "this '[' is never closed",
    "hint": "add ']'",
    "traceback": "",
    "where": {"source": "block 3.17", "line": 2, "column": 4, "text": 's("bd [")', "length": 1},
}


def test_the_line_is_the_one_on_the_screen() -> None:
    ((style, text),) = error_lines(FAILURE, "block 3.17", True, lambda line: 40 + line)
    assert style == "class:error"
    assert text == "this '[' is never closed\nline 42, column 4:\ns(\"bd [\")\n   ^\nadd ']'"


def test_a_file_is_named_and_a_name_that_we_made_up_is_not() -> None:
    where = {**FAILURE["where"], "source": "set.py"}  # type: ignore[dict-item]
    assert "set.py, line 2" in error_lines({**FAILURE, "where": where}, "set.py", False)[0][1]
    assert "an earlier block, line 2" in error_lines(FAILURE, "block 4.17", True)[0][1]
    assert "block 3.17" not in error_lines(FAILURE, "block 3.17", True)[0][1]


def test_whatever_a_player_says_can_be_shown() -> None:
    assert error_lines({}, "x", True) == [("class:error", "")]
    nonsense = {"message": 3, "where": {"line": "x", "column": -1, "text": "ab", "length": None}, "traceback": "t"}
    assert len(error_lines(nonsense, "x", True)) == 2
