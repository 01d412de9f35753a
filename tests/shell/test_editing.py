"""When Enter evaluates, what a block and a line are, and how deep the next line stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.shell.editing import (
    block_at,
    dedent_column,
    enter_evaluates,
    is_complete,
    margin_after,
    statement_at,
    with_example,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        'd1 >> s("bd sn")',
        "x = 1",
        "hush()",
        "d1 >>",
        "x = = 3",
        "def f(): return 1",
        "for x in y:\n    f(x)\n",
        "a\nb",
        "d1?",
        " every ? ",
    ],
)
def test_enter_evaluates_what_is_whole_or_wrong(text: str) -> None:
    assert is_complete(text)


@pytest.mark.parametrize(
    "text", ["d1 >> s(", "for x in y:", "for x in y:\n    f(x)", '"""', "def f():\n    x = 1", "["]
)
def test_enter_goes_on_where_a_block_is_open(text: str) -> None:
    assert not is_complete(text)


TEXT = '''\
import math

def louder(level):
    if level > 1:

        return 1
    # more

    return level * 2

d1 >> s("bd")
d2 >> s(
    "hh*8"
)

text = """one

two"""
for n in range(3):
    print(n)
else:
    print("end")
'''
SET = TEXT.split("\n")


@pytest.mark.parametrize(
    ("row", "lines"),
    [
        (0, (0, 0)),
        (1, (0, 0)),
        (2, (2, 8)),
        (5, (2, 8)),
        (8, (2, 8)),
        (9, (2, 8)),
        (10, (10, 13)),
        (12, (10, 13)),
        (15, (15, 21)),
        (17, (15, 21)),
        (19, (15, 21)),
        (22, (15, 21)),
    ],
)
def test_a_block_is_the_paragraph_and_what_is_indented_belongs_to_its_head(row: int, lines: tuple[int, int]) -> None:
    found = block_at(SET, row)
    assert found is not None
    assert (found.first, found.last) == lines
    assert found.code == "\n".join(SET[lines[0] : lines[1] + 1])


def test_there_is_no_block_above_the_first() -> None:
    assert block_at(["", " ", "x"], 1) is None


def test_a_block_inside_something_indented_is_sent_without_its_margin() -> None:
    """Lines from the middle of somebody else's listing."""
    found = block_at(['    d1 >> s("bd")', '    d2 >> s("hh")'], 1)
    assert found is not None
    assert found.code == 'd1 >> s("bd")\nd2 >> s("hh")'


@pytest.mark.parametrize(("row", "lines"), [(0, (0, 0)), (10, (10, 10)), (12, (11, 13)), (5, (5, 5)), (18, (18, 21))])
def test_a_line_is_the_statement_that_stands_on_it(row: int, lines: tuple[int, int]) -> None:
    found = statement_at(SET, row)
    assert found is not None
    assert (found.first, found.last) == lines


def test_on_an_empty_line_there_is_no_statement() -> None:
    assert statement_at(SET, 4) is None


def test_a_line_that_is_wrong_is_sent_as_it_is() -> None:
    found = statement_at(["d1 >> s(", "", "d2 >> ) x"], 2)
    assert found is not None and found.code == "d2 >> ) x"


@given(st.lists(st.sampled_from(["", "x = 1", "  y", "def f():", "    return 2", '"""', "s(", "  "]), min_size=1))
def test_a_block_holds_the_line_it_was_asked_for(lines: list[str]) -> None:
    for row, line in enumerate(lines):
        for ask in (block_at, statement_at):
            found = ask(lines, row)
            if line.strip():
                assert found is not None and found.first <= row <= found.last < len(lines)


@pytest.mark.parametrize(
    ("line", "margin"),
    [
        ("x = 1", ""),
        ("for x in y:", "    "),
        ("    if x:  # why", "        "),
        ("    return 3", ""),
        ("        pass", "    "),
        ("    x = 1", "    "),
        ("# so:", ""),
        ("pass", ""),
    ],
)
def test_the_next_line_begins_where_it_belongs(line: str, margin: str) -> None:
    assert margin_after(line) == margin


@pytest.mark.parametrize(
    ("before", "count"), [("        ", 4), ("      ", 2), ("    ", 4), ("  x", 1), ("", 1), (" ", 1)]
)
def test_backspace_in_a_margin_takes_an_indent(before: str, count: int) -> None:
    assert dedent_column(before) == count


@pytest.mark.parametrize(
    ("text", "evaluates"),
    [
        ('d1 >> s("bd|")', True),
        ('d1 >>| s("bd")', True),
        ("d1 >> stack(|)", False),
        ("d1 >> s(|", False),
        ("for x in y:\n    f(x|)\n", True),
        ("for| x in y:\n    f(x)\n", False),
        ("|", True),
    ],
)
def test_enter_evaluates_a_whole_line_wherever_the_cursor_stands(text: str, evaluates: bool) -> None:
    """The closing quote and bracket have come by themselves; nobody types them again before Enter."""
    assert enter_evaluates(text.replace("|", ""), text.index("|")) is evaluates


@pytest.mark.parametrize(
    ("text", "latest", "there"),
    [
        ("|", "x()", 'd1 >> s("bd").rev()|'),
        ("rev|", "x()", 'd1 >> s("bd").rev()|'),
        ("d1.fa|de", "x()", 'd1.fade\nd1 >> s("bd").rev()|'),
        ('d1 >> s("b|d")\nhush()', "x()", 'd1 >> s("bd")\nd1 >> s("bd").rev()|\nhush()'),
        ("a\nx()|\nb", "x()", 'a\nd1 >> s("bd").rev()|\nb'),
        ('d1 >> s("bd").rev()|', 's("bd").rev()', 'd1 >> s("bd").rev()|'),
        ("fox()|", "x()", 'fox()\nd1 >> s("bd").rev()|'),
    ],
)
def test_an_example_is_put_where_it_can_be_evaluated(text: str, latest: str, there: str) -> None:
    """Pressed again it stood there twice; in the middle of a line it cut the line in two; alone it was not heard."""
    made, place = with_example(text.replace("|", ""), text.index("|"), 's("bd").rev()', latest, "rev")
    assert made[:place] + "|" + made[place:] == there


def test_other_examples_stay_as_they_are() -> None:
    assert with_example("lpf", 3, "d1.fx = lpf(900)", "", "lpf")[0] == "d1.fx = lpf(900)"
