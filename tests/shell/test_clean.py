"""Nothing that comes from elsewhere may move the cursor, change colours or ring."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.shell.clean import clean


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\ttext\né 🎹", "plain\ttext\né 🎹"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]8;;file:///x\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r\x1b\\a", "a"),
        ("a\x1b[2J\x1b[Hb", "ab"),
        ("\x9b31mred", ""),
        ("a\x07\x08b\rc", "abc"),
        ("line\r\nend", "line\nend"),
        ("\u202eabc\u2066", "abc"),
        ("\x1b", ""),
        ("\x1b]never ends", ""),
    ],
)
def test_sequences_and_controls_go_and_text_stays(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(st.text(st.characters(codec="utf-8")))
def test_no_control_character_is_left_but_line_ends_and_tabs(text: str) -> None:
    safe = clean(text)
    assert not [c for c in safe if (ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0]
    assert clean(safe) == safe


def test_a_flood_is_cut() -> None:
    assert len(clean("x" * 10**6)) < 20_100
