"""A player that was written from docs/protocol.md alone makes the same bytes as ours."""

import json
from pathlib import Path

import pytest

from tests.peers.foreign import Foreigner, Invite, listed, raw_key, signed_bytes

GOLDEN = json.loads((Path(__file__).parent / "golden" / "vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", GOLDEN["messages"], ids=[each["purpose"] for each in GOLDEN["messages"]])
def test_somebody_elses_player_makes_the_golden_bytes(row: dict[str, object]) -> None:
    """What the page says is enough: purposes, lengths, order and signatures."""
    fields = [bytes.fromhex(each) for each in dict(row["fields"]).values()]  # type: ignore[call-overload]
    assert signed_bytes(str(row["purpose"]), fields).hex() == row["signed_bytes"]
    wire = bytes.fromhex(str(row["wire"]))
    assert wire[1:-64] == listed(fields)
    alice = Foreigner(Invite.__new__(Invite), bytes.fromhex(GOLDEN["private"]["alice"]))
    assert alice.key == raw_key(GOLDEN["public"]["alice"])
    assert alice.sign(wire[0], str(row["purpose"]), fields) == wire
