"""The library call and the command that list what a notation plays."""

import json
from fractions import Fraction

import pytest
from click.testing import CliRunner, Result

from marmalade_sc.cli.events import events
from marmalade_sc.errors import NotationError, UsageError
from marmalade_sc.patterns.onsets import notation_onsets, plain_value


def run(*arguments: str, lines: str | bytes = "") -> Result:
    return CliRunner().invoke(events, list(arguments), input=lines)


def test_onsets_are_sorted_and_exact() -> None:
    assert notation_onsets("b a, c", 1) == [
        (Fraction(0), Fraction(1, 2), "b"),
        (Fraction(0), Fraction(1), "c"),
        (Fraction(1, 2), Fraction(1), "a"),
    ]


def test_a_period_is_repeated_to_the_end() -> None:
    for source in ("<a b c>", "a*2.5", "<a b>/2", "a/3 b", "{a b c}%4"):
        listed = notation_onsets(source, 20)
        assert [each for each in listed if each[0] < 7] == notation_onsets(source, 7)
        assert all(begin < 20 for begin, _, _ in listed)


def test_values_are_plain() -> None:
    assert [plain_value(each) for each in (1.0, 0.5, "1.0", Fraction(1, 4), {"n": 2.0})] == [
        1,
        0.5,
        "1.0",
        0.25,
        {"n": 2},
    ]


@pytest.mark.parametrize("cycles", [0, -1, 10_001])
def test_the_number_of_cycles_is_bounded(cycles: int) -> None:
    with pytest.raises(UsageError, match="1 to 10000"):
        notation_onsets("a", cycles)


def test_the_number_of_onsets_is_bounded() -> None:
    with pytest.raises(UsageError, match="more than 1000000 onsets"):
        notation_onsets("a*16384", 100)


def test_a_wrong_notation_raises() -> None:
    with pytest.raises(NotationError):
        notation_onsets("[a", 1)


def test_json_of_one_pattern() -> None:
    result = run("--notation", "bd(3,8)", "--cycles", "1", "--json")
    assert result.exit_code == 0
    assert result.output == '{"source":"bd(3,8)","onsets":[["0","1/8","bd"],["3/8","1/2","bd"],["3/4","7/8","bd"]]}\n'


@pytest.mark.parametrize(
    ("kind", "source", "onsets"),
    [
        ("string", "1 .5", [["0", "1/2", "1"], ["1/2", "1", "0.5"]]),
        ("number", "1 .5", [["0", "1/2", 1], ["1/2", "1", 0.5]]),
        ("number", "1%4", [["0", "1", 0.25]]),
        ("note", "c e'min", [["0", "1/2", 0], ["1/2", "1", 4], ["1/2", "1", 7], ["1/2", "1", 11]]),
    ],
)
def test_json_of_each_kind(kind: str, source: str, onsets: list[list[object]]) -> None:
    result = run("--notation", source, "--json", "--kind", kind)
    assert json.loads(result.output) == {"source": source, "onsets": onsets}


def test_numbers_are_printed_without_a_fraction_of_zero() -> None:
    assert '"1",2]' in run("--notation", "2", "--json", "--kind", "number").output


def test_a_stream_gives_one_line_per_line() -> None:
    result = run("--notation", "-", "--json", lines="bd sn\n[bd\n\nä\r\n")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.output.splitlines()]
    assert [row["source"] for row in rows] == ["bd sn", "[bd", "", "ä"]
    assert "never closed" in rows[1]["error"]
    assert rows[2] == {"source": "", "onsets": []}
    assert rows[3]["onsets"] == [["0", "1", "ä"]]


def test_a_stream_of_broken_bytes_is_read() -> None:
    result = run("--notation", "-", "--json", lines=b"bd\xff sn\nbd\n")
    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 2


def test_a_single_mistake_has_a_caret_and_exit_code_2() -> None:
    result = run("--notation", "bd [sn")
    assert result.exit_code == 2
    assert "bd [sn\n   ^" in result.stderr
    result = run("--notation", "bd [sn", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["source"] == "bd [sn"


def test_the_table_shows_cycles() -> None:
    result = run("--notation", "<a b>", "--cycles", "2")
    assert result.exit_code == 0
    assert [line.split() for line in result.output.splitlines()] == [
        ["<a", "b>"], ["0", "0", "-", "1", "a"], ["1", "1", "-", "2", "b"],
    ]  # fmt: skip
    assert "silence" in run("--notation", "~").output
    assert "never closed" in run("--notation", "-", lines="[a\n").output


@pytest.mark.parametrize("cycles", ["0", "10001", "x"])
def test_the_command_bounds_its_cycles(cycles: str) -> None:
    assert run("--notation", "a", "--cycles", cycles).exit_code == 2
