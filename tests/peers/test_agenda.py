"""A schedule travels in few bytes, and what is none is refused."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.agenda import Agenda, read_agenda
from marmalade_sc.peers.registers import LARGEST_VALUE
from marmalade_sc.sdk.schedule import Schedule

pytestmark = pytest.mark.faults
LINES = "intro 8 -> verse\nverse 16 -> drop:2, bridge [players > 2]\nbridge 8 -> drop\ndrop 16 {energy=high} -> verse"


def agenda(lines: str = LINES, context: str = "drop") -> Agenda:
    return Agenda(Schedule.parse(lines), True, 7, context, 3, 1 << 63)


def test_it_is_read_as_it_was_written_in_a_third_of_a_datagram() -> None:
    data = agenda().to_bytes()
    assert read_agenda(data) == agenda()
    assert len(data) < 300


def test_forty_contexts_fit_and_what_does_not_is_said() -> None:
    lines = [f"part{n} {4 + n % 5} -> part{(n + 1) % 40}" for n in range(40)]
    found = read_agenda(agenda("\n".join(lines), "part7").to_bytes())
    assert len(found.schedule.nodes) == 40
    with pytest.raises(ValueError, match="bytes"):
        agenda("\n".join(f"p{n * n * 7919 % 10007}x{n} {n % 97} -> p0x0" for n in range(400)), "p0x0").to_bytes()


@given(st.binary(max_size=LARGEST_VALUE))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(PeerError):
        read_agenda(data)


def packed(*table: object) -> bytes:
    return zlib.compress(json.dumps(table).encode())


@pytest.mark.parametrize(
    "data",
    [
        zlib.compress(bytes(1 << 22)),
        zlib.compress(b"[" * 50_000),
        packed(1, 0, "a", 0, 0, "a", []),
        packed(1, 0, "b", 0, 0, "a", [["a", 4, {}, [], 0]]),
        packed(1, 0, "a", 0, 0, "a", [["a", -4, {}, [], 0]]),
        packed(1, 0, "a", 0, 0, "a", [["a", 4, {}, [["z", 1, ""]], 0]]),
        packed(1, 0, "a", 0, 0, "a", [["a", 4, {}, [["a", 1, "__import__('os')"]], 0]]),
        packed(1, 0, "a", -1, 0, "a", [["a", 4, {}, [], 0]]),
        packed(1, 0, "a", 0, 1 << 64, "a", [["a", 4, {}, [], 0]]),
        packed(1, 0, "a", 0, 0.5, "a", [["a", 4, {}, [], 0]]),
        packed(1, 0, "a", 0, 0, "a", [["../a", 4, {}, [], 0]]),
        packed(1, 0, "a", 0, 0, "a", [["a", 4, {"Context\u001b": "x"}, [], 0]]),
        packed(1, 0, ["a"], 0, 0, "a", [["a", 4, {}, [], 0]]),
    ],
)
def test_what_cannot_be_is_refused(data: bytes) -> None:
    """A bomb, depth, names that lead nowhere or out of here."""
    with pytest.raises(PeerError):
        read_agenda(data)
