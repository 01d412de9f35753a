"""What stands in the job Redis is read as anybody's; tests/live use a real one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.jobs.record import clean, read_record, readable

FIELDS = st.sampled_from(
    ["job", "state", "made_ms", "ended_ms", "error", "endings", "running", "tries:parse", "progress:parse", "outcome:x"]
)


@given(st.dictionaries(FIELDS.map(str.encode), st.binary(max_size=20) | st.just(b"open")))
def test_whatever_stands_there_is_a_record_or_an_error_that_is_expected(row: dict[bytes, bytes]) -> None:
    with contextlib.suppress(ValueError, KeyError):
        found = read_record("a", row)
        assert found.state == "open"
        assert readable(found.error) == found.error


def test_a_record_has_what_its_hash_says() -> None:
    row = {
        b"job": b"{}",
        b"state": b"dead",
        b"made_ms": b"5",
        b"ended_ms": b"9",
        b"error": b"no\x1b[2J",
        b"endings": b"1",
    }
    row |= {b"tries:render": b"3", b"progress:render": b"0.5", b"outcome:parse": b"{}", b"running": b"render"}
    found = read_record("a", row)
    assert (found.state, found.made_ms, found.ended_ms, found.endings, found.running) == ("dead", 5, 9, 1, "render")
    assert (found.tries, found.progress, found.outcomes) == ({"render": 3}, {"render": 0.5}, {"parse": "{}"})
    assert found.error == "no [2J"
    assert not found.is_open


@pytest.mark.parametrize(("value", "shown"), [(3, 3), ("a\x1bb", "a b"), ([1, "\x07"], ["1", " "]), (None, "None")])
def test_what_a_worker_says_of_itself_moves_no_cursor(value: object, shown: object) -> None:
    assert clean(value) == shown
