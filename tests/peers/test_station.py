"""Nodes on real sockets of this machine."""

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from marmalade_sc.clock.timetag import nanoseconds_to_units
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.chatter import Ping
from marmalade_sc.peers.datagrams import LARGEST_DATAGRAM, Envelopes
from marmalade_sc.peers.members import Member
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.records import PlayTicket, Record, Signed, signed
from marmalade_sc.peers.requests import JamName
from marmalade_sc.peers.station import Station, Surroundings
from marmalade_sc.peers.wire import encode
from tests.peers import makers
from tests.peers.houses import eventually_async, free_port, wall_ms
from tests.peers.makers import JAM


class Post:
    """A station, and what it has told."""

    def __init__(
        self, own: Identity, jam: JamName = JAM, friends: frozenset[bytes] = frozenset(), announced: str = ""
    ) -> None:
        self.heard: list[Signed[Record]] = []
        self.turns: list[tuple[Member, str]] = []
        self.own = own
        self.port = free_port()
        at = Endpoint(False, "127.0.0.1", self.port)
        around = Surroundings(
            lambda: nanoseconds_to_units(time.monotonic_ns()),
            time.monotonic,
            wall_ms,
            self.heard.append,
            lambda member, state: self.turns.append((member, state)),
            lambda key: True,
            is_friend=lambda key: key in friends,
        )
        self.station = Station(own, jam, at, [announced or at.url], around)

    def meet(self, other: "Post") -> None:
        self.station.node.meet(other.own.public.raw, other.station.at.url)
        self.station.kick()


@contextlib.asynccontextmanager
async def up(*posts: Post) -> AsyncIterator[None]:
    for each in posts:
        await each.station.open()
    tasks = [asyncio.create_task(each.station.run()) for each in posts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for each in posts:
            each.station.close()
        await asyncio.sleep(0)


async def test_players_on_real_sockets_find_each_other_and_a_play_reaches_all() -> None:
    posts = [Post(makers.player(number)) for number in range(6)]
    async with up(*posts):
        for each in posts[1:]:
            each.meet(posts[0])
        await eventually_async(lambda: all(len(each.station.node.members.present) == 5 for each in posts))
        maker = posts[3]
        ticket = makers.play(maker.own)
        now = wall_ms()
        ticket = PlayTicket(**{**{name: getattr(ticket, name) for name in ticket.__slots__}, **_times(now)})
        maker.station.node.publish(signed(maker.own, ticket))
        maker.station.kick()
        others = [each for each in posts if each is not maker]
        await eventually_async(
            lambda: all([each.message for each in other.heard].count(ticket) == 1 for other in others)
        )


def _times(now: int) -> dict[str, object]:
    fields = makers.head(makers.player(3), made=now)
    return {name: fields[name] for name in ("version", "jam", "jam_id", "maker", "sequence", "made", "expires")}


async def test_clocks_are_compared_and_addresses_proven() -> None:
    """Both read the same clock here, so the truth is 0."""
    one, two = Post(makers.player(1)), Post(makers.player(2))
    async with up(one, two):
        one.meet(two)
        key = two.own.public.raw
        assert one.station.proven(key) is None
        await eventually_async(lambda: (one.station.offset(key) or None) and one.station.soundings.proven(key))
        offset = one.station.offset(key)
        assert offset is not None
        assert abs(offset.offset_s) <= offset.asymmetry_s + offset.uncertainty_s + 0.001
        assert one.station.proven(key) == two.station.at


async def test_who_names_another_s_address_has_no_request_sent_there() -> None:
    """T6, T14: where a player says it is counts once it has answered there, with its own key."""
    one, two = Post(makers.player(1)), Post(makers.player(2))
    eve = Post(makers.player(3), announced=two.station.at.url)
    async with up(one, two, eve):
        one.meet(two)
        eve.meet(one)
        key = eve.own.public.raw
        await eventually_async(lambda: (found := one.station.node.members.get(key)) and found.incarnation)
        await eventually_async(lambda: two.station.dropped >= 10)  # what was meant for Eve, and asked her clock
        await eventually_async(lambda: one.station.proven(two.own.public.raw) == two.station.at)
        assert one.station.proven(key) is None


async def test_of_another_jam_nothing_is_heard() -> None:
    """T3: nor can it be read: the jam's id is the secret that seals its datagrams."""
    one = Post(makers.player(1))
    two = Post(makers.player(2), JamName("home", bytes(16)))
    async with up(one, two):
        one.meet(two)
        await eventually_async(lambda: two.station.dropped >= 3)
        assert len(two.station.node.members) == 0


def test_a_datagram_shows_nothing_of_who_says_what_to_whom() -> None:
    """C9: what a listener on the network gets."""
    alice, bob = makers.player(1), makers.player(2)
    record = signed(alice, makers.play(alice))
    closed = Envelopes(alice, JAM).close(bob.public.raw, encode(Ping(1, 0, (), (), (record.data,))))
    assert len(closed) <= LARGEST_DATAGRAM
    for secret in (alice.public.raw, bob.public.raw, JAM.id, b"drums", str(alice.player).encode()):
        assert secret not in closed
    assert Envelopes(bob, JAM).open(closed).sender == alice.public.raw
    with pytest.raises(MarmaladeError):
        Envelopes(makers.player(3), JAM).open(closed)
    for place in range(len(closed)):
        changed = bytearray(closed)
        changed[place] ^= 1
        with pytest.raises(MarmaladeError):
            Envelopes(bob, JAM).open(bytes(changed))


@pytest.mark.faults
async def test_f11_a_flood_of_garbage_is_dropped_and_the_others_are_heard() -> None:
    one, two = Post(makers.player(1)), Post(makers.player(2))
    async with up(one, two):
        one.meet(two)
        await eventually_async(lambda: len(two.station.node.members.present) == 1)
        mark = Envelopes(one.own, JAM).mark
        with socket.socket(type=socket.SOCK_DGRAM) as attacker:
            attacker.bind(("127.0.0.66", 0))
            for number in range(20_000):
                data = os.urandom(number % 1400)
                attacker.sendto(mark + data if number % 2 else data, ("127.0.0.1", two.port))
                if number % 50 == 0:
                    await asyncio.sleep(0)
                if number == 10_000:  # in the middle of it
                    play = signed(one.own, makers.play(one.own))
                    one.station.node.publish(play)
                    one.station.kick()
        await eventually_async(lambda: any(each.mark == play.mark for each in two.heard))
        await eventually_async(lambda: two.station.dropped > 100)
        assert [state for _, state in two.turns + one.turns if state == "gone"] == []


@pytest.mark.faults
async def test_f15_who_comes_and_goes_on_real_sockets_leaves_nothing_behind() -> None:
    """Forty joins and leaves: who stays sees who is there, and no socket, timer or task of the others is left."""
    loop = asyncio.get_running_loop()
    stays = [Post(makers.player(number)) for number in range(2)]

    def present(post: Post) -> set[bytes]:
        return {each.key for each in post.station.node.members.present}

    async with up(*stays):
        stays[1].meet(stays[0])
        await eventually_async(lambda: all(len(present(each)) == 1 for each in stays))
        files, tasks = len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks(loop))
        for round_ in range(10):
            guests = [Post(makers.player(100 + 4 * round_ + number)) for number in range(4)]
            keys = {each.own.public.raw for each in guests}
            async with up(*guests):
                for number, each in enumerate(guests):
                    each.meet(stays[number % 2])
                await eventually_async(lambda keys=keys: all(keys <= present(each) for each in stays))
            await eventually_async(lambda keys=keys: not any(keys & present(each) for each in stays))
        assert [len(present(each)) for each in stays] == [1, 1]
        assert len(list(Path("/proc/self/fd").iterdir())) == files
        assert len(asyncio.all_tasks(loop)) == tasks
