"""Editing one setting in a config.toml that somebody wrote by hand."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.lines import key_lines, with_value
from marmalade_sc.settings.table import written


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.integers(-(2**62), 2**62) | st.booleans())
def test_what_is_written_reads_back_as_itself(value: str | int | bool) -> None:
    assert tomllib.loads(f"x = {written(value)}")["x"] == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_read_back_as_themselves(value: float) -> None:
    assert tomllib.loads(f"x = {written(value)}")["x"] == value


def test_comments_and_order_stay() -> None:
    before = "# mine\n[audio]\nrate = 44100  # the card's\nperiod = 64\n\n[tempo]\nbpm = 90\n"
    after = with_value(before, "audio.rate", 48000)
    assert after == before.replace("44100", "48000")


def test_a_hash_inside_the_value_is_no_comment() -> None:
    assert with_value("a.b = 'x # y' # z\n", "a.b", "new") == 'a.b = "new"  # z\n'


@pytest.mark.parametrize(
    "before", ["", "# only this", "[tempo]\nbpm = 3.0", "[audio]\nperiod = 4\n", "[audio]", "\n\n"]
)
def test_a_key_that_is_not_there_is_added_to_its_table(before: str) -> None:
    after = with_value(before, "audio.rate", 48000)
    assert tomllib.loads(after)["audio"]["rate"] == 48000
    old = tomllib.loads(before)
    for table, values in old.items():
        for name, value in values.items():
            assert tomllib.loads(after)[table][name] == value


def test_taking_a_key_out_leaves_the_rest() -> None:
    assert with_value("[a]\nb = 1\nc = 2\n", "a.b", None) == "[a]\nc = 2\n"
    assert with_value("[a]\nc = 2\n", "a.b", None) == "[a]\nc = 2\n"
    assert with_value("[a]\n  b = '#1'  # loud\nc = 2", "a.b", None) == "[a]\n# loud\nc = 2"


@pytest.mark.parametrize("before", ["a = {b = 1}\n", "[a]\nb = '''\nx\n'''\n"])
def test_what_cannot_be_edited_safely_is_left_to_a_person(before: str) -> None:
    with pytest.raises(SettingsError, match="by hand"):
        with_value(before, "a.b", 2)


def test_keys_are_found_in_every_way_of_writing_them() -> None:
    lines = key_lines('x.y = 1\n[ a . "b" ]\n\tc = 2\n"d" = 3\n')
    assert {key: (line.number, line.column) for key, line in lines.items()} == {
        "x.y": (1, 1),
        "a.b.c": (3, 2),
        "a.b.d": (4, 1),
    }
