"""Every message has one form on the wire, and nothing else is read."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.identity.signing import canonical
from marmalade_sc.peers.passes import Knock, Pass, knock
from marmalade_sc.peers.records import RECORDS, Record, Request, Signed, open_record, open_signed, signed
from marmalade_sc.peers.requests import Asker, Desk
from marmalade_sc.peers.wire import ADDRESS, CONTROLS, decode, encode, fields_of, parts_of
from tests.peers import makers
from tests.peers.makers import JAM, NOW

GOLDEN = Path(__file__).parent / "golden" / "vectors.json"


def one_of_each() -> list[Signed[Record]]:
    alice, bob = makers.player(1), makers.player(2)
    return [
        signed(alice, each)
        for each in (
            makers.presence(alice),
            makers.play(alice),
            makers.stop(alice),
            makers.control(alice),
            makers.generator(alice),
            makers.register(alice),
            makers.rotation(alice, bob),
            makers.chat(alice),
            makers.membership(alice, makers.player(9)),
        )
    ]


def vectors() -> dict[str, object]:
    """Everything that a player in another language needs to check itself against."""
    alice, bob = makers.player(1), makers.player(2)
    asker = Asker(alice, JAM, "https://192.0.2.1:2468", lambda: NOW)
    request = open_signed(asker.make("play", bob.public, signed(alice, makers.play(alice))), (Request,), 4096)
    shown = Pass("https://192.0.2.1:2468", bob.public.raw, JAM.name, bytes(range(16)), NOW + 3_600_000)
    knocks = open_signed(knock(alice, shown, NOW), (Knock,), 512)
    rows = [*one_of_each(), knocks, request]
    return {
        "private": {"alice": alice.private.private_bytes_raw().hex(), "bob": bob.private.private_bytes_raw().hex()},
        "public": {"alice": str(alice.public), "bob": str(bob.public)},
        "now_ms": NOW,
        "messages": [
            {
                "purpose": each.message.PURPOSE,
                "fields": {
                    name: part.hex()
                    for (name, _), part in zip(fields_of(type(each.message)), parts_of(each.message), strict=True)
                },
                "signed_bytes": canonical(each.message.PURPOSE, *parts_of(each.message)).hex(),
                "wire": each.data.hex(),
            }
            for each in rows
        ],
    }


def test_the_golden_vectors_hold() -> None:
    """A change of these bytes shuts out every player that was not changed with them."""
    found = json.dumps(vectors(), indent=1) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(found, encoding="utf-8")
    assert json.loads(GOLDEN.read_text(encoding="utf-8")) == json.loads(found)


def test_the_golden_request_is_carried_out_by_whom_it_names() -> None:
    rows = json.loads(GOLDEN.read_text(encoding="utf-8"))
    bob = PublicKey.parse(rows["public"]["bob"])
    data = bytes.fromhex(rows["messages"][-1]["wire"])
    assert Desk(bob, JAM, lambda: NOW).check(data).request.method == "play"


@pytest.mark.parametrize("record", one_of_each(), ids=lambda each: type(each.message).__name__)
def test_what_was_written_is_read(record: Signed[Record]) -> None:
    found = open_record(record.data)
    assert found.message == record.message
    assert encode(found.message) == record.data[:-64]
    assert found.mark == record.mark


def test_each_kind_has_a_byte_and_a_purpose_of_its_own() -> None:
    kinds = [Request, Knock, *RECORDS]
    assert len({each.KIND for each in kinds}) == len({each.PURPOSE for each in kinds}) == len(kinds)


@given(st.binary(max_size=300))
def test_garbage_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(PeerError):
        open_record(data)


@given(st.sampled_from(RECORDS), st.binary(max_size=200))
def test_what_is_read_is_written_the_same(kind: type[Record], data: bytes) -> None:
    """Two byte strings that mean one message would be two names for one thing."""
    try:
        found = decode(bytes([kind.KIND]) + data, RECORDS)
    except PeerError:
        return
    assert encode(found) == bytes([kind.KIND]) + data


@pytest.mark.parametrize(
    "text",
    [
        "http://host",
        "ftp://host:1",
        "http://host:0",
        "http://host:65536",
        "http://host:80/path",
        "http://user@host:80",
        "http://host:80#x",
        "http://HOST:80",
        "http://host :80",
        "http://[::1",
        "javascript:alert(1)",
        "http://host:80\n",
        "http://host:٣",
    ],
)
def test_an_address_is_scheme_host_and_port_only(text: str) -> None:
    with pytest.raises(PeerError):
        ADDRESS.decode(text.encode())


@pytest.mark.parametrize("pairs", [(("b", 1.0), ("a", 1.0)), (("a", 1.0), ("a", 2.0)), (("", 1.0),)])
def test_controls_are_sorted_and_named(pairs: tuple[tuple[str, float], ...]) -> None:
    with pytest.raises(PeerError):
        CONTROLS.decode(CONTROLS.encode(pairs))
