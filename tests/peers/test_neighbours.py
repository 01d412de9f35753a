"""Players of one jam on one network find each other by multicast; what others announce is a hint and no more."""

import asyncio

import pytest

from marmalade_sc.peers.neighbours import Neighbours, hint_of, properties_of
from marmalade_sc.peers.reach import Endpoint
from tests.peers import makers
from tests.peers.houses import eventually_async, free_port

MARK = bytes(range(8))
ANN, BOB, EVE = makers.player(1).public, makers.player(2).public, makers.player(3).public


def said(**change: bytes) -> dict[bytes, bytes | None]:
    rows = {name.encode(): value for name, value in properties_of(ANN, MARK, True).items()}
    return {**rows, **{name.encode(): value for name, value in change.items()}}


def test_what_is_announced_is_read() -> None:
    assert hint_of(said(), MARK, "192.168.1.7", 2468) == (ANN.raw, "https://192.168.1.7:2468")


@pytest.mark.parametrize(
    ("properties", "mark", "host", "port"),
    [
        (said(), bytes(8), "192.168.1.7", 2468),
        (said(v=b"2"), MARK, "192.168.1.7", 2468),
        (said(key=b"AAAA"), MARK, "192.168.1.7", 2468),
        (said(key=b"\xff\x00"), MARK, "192.168.1.7", 2468),
        ({}, MARK, "192.168.1.7", 2468),
        ({b"v": b"1", b"jam": MARK.hex().encode(), b"key": None}, MARK, "192.168.1.7", 2468),
        (said(), MARK, "evil.example", 2468),
        (said(), MARK, "192.168.1.7", None),
    ],
)
def test_what_is_no_player_of_this_jam_is_no_hint(
    properties: dict[bytes, bytes | None], mark: bytes, host: str, port: int | None
) -> None:
    assert hint_of(properties, mark, host, port) is None


def test_what_is_announced_does_not_tell_the_jam_s_secret() -> None:
    from marmalade_sc.peers.datagrams import Envelopes

    mark = Envelopes(makers.player(1), makers.JAM).mark
    rows = b"".join(properties_of(ANN, mark, True).values())
    assert makers.JAM.id not in rows and makers.JAM.id.hex().encode() not in rows


async def test_two_on_one_network_find_each_other_and_not_those_of_another_jam() -> None:
    """On loopback, which has multicast on every machine that tests run on."""
    found: dict[str, list[tuple[bytes, str]]] = {"ann": [], "bob": [], "eve": []}
    people = []
    for name, key, mark in (("ann", ANN, MARK), ("bob", BOB, MARK), ("eve", EVE, bytes(8))):
        at = Endpoint(False, "127.0.0.1", free_port())
        rows = found[name]
        people.append((at, Neighbours(key, at, mark, lambda k, a, rows=rows: rows.append((k, a)), "127.0.0.1")))  # type: ignore[misc]
    try:
        for _, each in people:
            await each.open()
        await eventually_async(lambda: found["ann"] and found["bob"])
        assert set(found["ann"]) == {(BOB.raw, people[1][0].url)}
        assert set(found["bob"]) == {(ANN.raw, people[0][0].url)}
        assert found["eve"] == []
    finally:
        await asyncio.gather(*(each.close() for _, each in people))
