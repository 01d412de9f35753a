"""Who plays what, as players tell each other."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.peers.registers import LARGEST_VALUE
from marmalade_sc.player.peers.roster import players_text
from marmalade_sc.player.shared.playbill import read_bill, written_bill

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", fullmatch=True)


@given(st.lists(NAMES, max_size=60))
def test_a_list_is_read_as_it_was_written_and_always_fits(names: list[str]) -> None:
    data = written_bill(names)
    assert len(data) <= LARGEST_VALUE
    found = read_bill(data)
    assert set(found) <= set(names) and list(found) == sorted(found)
    if len(set(names)) <= 5:
        assert set(found) == set(names)


@given(st.binary(max_size=100))
def test_what_a_stranger_says_is_names_or_nothing(data: bytes) -> None:
    assert all(name.isprintable() and len(name) <= 64 for name in read_bill(data))


def test_names_that_a_terminal_would_obey_are_none() -> None:
    assert read_bill(b'["d1", "\\u001b[2J"]') == ()
    assert read_bill(b"[" * 600) == () and read_bill(b'{"a": 1}') == ()


def test_the_table_says_who_is_there_and_what_they_play() -> None:
    rows = [
        {"id": "ann", "is_own": True, "state": "here", "plays": ["d1"]},
        {"id": "bob", "state": "here", "trust": "sandbox", "address": "https://192.0.2.1:2468", "offset_ms": 0.5,
         "uncertainty_ms": 1.25, "plays": ["acid", "b1"]},
    ]  # fmt: skip
    first, second = players_text(rows).splitlines()
    assert first.split() == ["ann", "here", "you", "d1"]
    assert "+0.50 +- 1.25 ms" in second and second.endswith("acid b1") and "sandbox" in second
