"""Places in a text as people see them."""

from marmalade_sc.errors import Where


def test_the_caret_stands_under_its_place() -> None:
    assert Where("x", 1, 4, "abcdef", 2).caret() == "abcdef\n   ^^"


def test_of_a_long_line_only_what_is_around_the_place_is_shown() -> None:
    line, mark = Where("x", 1, 5001, "a" * 5000 + "[" + "b" * 5000).caret().split("\n")
    assert len(line) < 210
    assert line[mark.index("^")] == "["


def test_the_caret_knows_of_wide_and_combining_characters() -> None:
    assert Where("x", 1, 3, "日本z").caret() == "日本z\n    ^"
    assert Where("x", 1, 3, "e\u0301z").caret() == "e\u0301z\n ^"
    assert Where("x", 1, 1, "日本", 2).caret() == "日本\n^^^^"
