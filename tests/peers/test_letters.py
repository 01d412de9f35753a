"""Where UDP does not get through players meet, gossip and compare clocks over HTTP."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import nanoseconds_to_units
from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.letters import LARGEST_POST, Letters, packed_letters, read_letters
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.records import Record, Signed, signed
from marmalade_sc.peers.server import Server
from marmalade_sc.peers.station import Station, Surroundings
from tests.peers import makers
from tests.peers.houses import SmallHouse, eventually_async, free_port, wall_ms
from tests.peers.makers import JAM

ANN, BOB = makers.player(1).public.raw, makers.player(2).public.raw


@given(st.lists(st.binary(min_size=1, max_size=1440), max_size=30))
def test_letters_are_read_as_they_were_packed(letters: list[bytes]) -> None:
    assert list(read_letters(packed_letters(letters))) == letters


@given(st.binary(max_size=400))
def test_garbage_is_letters_or_refused(data: bytes) -> None:
    with contextlib.suppress(PeerError):
        assert packed_letters(read_letters(data)) == data


@pytest.mark.parametrize("data", [bytes(2), b"\0\5abc", b"\0", packed_letters([b"a"] * 65), bytes(LARGEST_POST + 1)])
def test_what_is_cut_empty_or_too_much_is_refused(data: bytes) -> None:
    with pytest.raises(PeerError):
        read_letters(data)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_where_udp_answers_nothing_goes_by_http() -> None:
    clock = Clock()
    letters = Letters(clock)
    for _ in range(100):
        clock.now += 0.1
        letters.heard(ANN)
        letters.put(ANN, b"letter")
        assert letters.due() == []


def test_who_does_not_answer_is_written_to_and_less_often_where_that_is_in_vain() -> None:
    clock = Clock()
    letters, posts = Letters(clock), []
    for _ in range(600):
        clock.now += 0.1
        letters.put(ANN, b"letter")
        for key, found in letters.due():
            assert key == ANN and set(found) == {b"letter"}
            posts.append(clock.now)
            letters.carried(key, worked=False)
    assert 3.0 < posts[0] < 3.5
    assert 5 <= len(posts) <= 14, "it is asked again each eight seconds"
    letters.carried(ANN, worked=True)
    letters.heard(ANN)
    letters.put(ANN, b"letter")
    assert letters.due() == [], "once UDP gets through letters go there alone"


def test_who_calls_gets_what_waits_for_it_and_nobody_else_s() -> None:
    clock = Clock()
    letters = Letters(clock)
    letters.heard(ANN, by_http=True)
    letters.put(ANN, b"for ann")
    letters.put(BOB, b"for bob")
    assert letters.due() == [], "who calls fetches its letters"
    assert letters.collected([ANN, ANN]) == [b"for ann"]
    assert letters.collected([ANN]) == []


def test_ten_thousand_players_that_were_made_up_take_bounded_room() -> None:
    letters = Letters(Clock())
    for number in range(10_000):
        letters.put(number.to_bytes(32, "big"), b"letter")
    assert len(letters._boxes) <= 4096


class Deaf(SmallHouse):
    """A player whose UDP port is never opened: nothing comes in there, nothing goes out."""

    def __init__(self, own: Identity, folder, is_reached: bool = True) -> None:  # type: ignore[no-untyped-def]
        super().__init__(own, folder)
        self.news: list[Signed[Record]] = []
        self.client = Client()
        self.at = Endpoint(False, "127.0.0.1", free_port())
        self.is_reached = is_reached
        around = Surroundings(
            lambda: nanoseconds_to_units(time.monotonic_ns()),
            time.monotonic,
            wall_ms,
            self.news.append,
            lambda member, state: None,
            lambda key: True,
            self.client.letters,
        )
        self.station = Station(own, JAM, self.at, [self.at.url], around)

    async def letters(self, data: bytes, host: str) -> bytes:
        return self.station.letters(data, host)


@contextlib.asynccontextmanager
async def up(*players: Deaf) -> AsyncIterator[None]:
    servers = [Server(each, time.monotonic, wall_ms, print) for each in players]
    for server, each in zip(servers, players, strict=True):
        if each.is_reached:
            await server.start(each.at.host, each.at.port, None)
    tasks = [asyncio.create_task(each.station.run()) for each in players]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server, each in zip(servers, players, strict=True):
            await each.client.close()
            await server.close()


@pytest.mark.parametrize("is_reached", [True, False])
async def test_players_meet_and_hear_of_plays_without_udp(tmp_path, is_reached: bool) -> None:  # type: ignore[no-untyped-def]
    """Also where nobody gets through to one of them: it calls, and is answered in the same breath."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    ann, bob = Deaf(makers.player(1), tmp_path / "a"), Deaf(makers.player(2), tmp_path / "b", is_reached)
    async with up(ann, bob):
        bob.station.node.meet(ann.own.public.raw, ann.at.url)
        await eventually_async(lambda: ann.station.node.members.get(BOB) and bob.station.proven(ANN) == ann.at)
        now = wall_ms()
        ticket = replace(makers.play(ann.own), made=now, expires=now + 60_000)
        ann.station.node.publish(signed(ann.own, ticket))
        await eventually_async(lambda: any(each.message == ticket for each in bob.news))
        offset = bob.station.offset(ANN)
        assert offset is not None and abs(offset.offset_s) <= offset.asymmetry_s + offset.uncertainty_s + 0.001
