"""Floods from many addresses, and of many keys: room is bounded, and friends get through."""

import asyncio
import socket
import time
from pathlib import Path

import pytest

from marmalade_sc.identity.keys import Identity
from marmalade_sc.identity.sealing import Seal
from marmalade_sc.peers.chatter import Ping
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.datagrams import Datagram, Datagrams, Envelopes, Mail
from marmalade_sc.peers.guard import Guarded, Guards, network_of
from marmalade_sc.peers.limits import Buckets
from marmalade_sc.peers.records import VERSION, signed
from marmalade_sc.peers.wire import encode
from marmalade_sc.player.peers.rollbook import Rollbook
from tests.peers import makers
from tests.peers.houses import SmallHouse, eventually_async, serving
from tests.peers.makers import JAM
from tests.peers.test_station import Post, up

pytestmark = pytest.mark.faults
ALICE, BOB = makers.player(1), makers.player(2)
FRIEND = "192.0.2.77"


class Wire(asyncio.Transport):
    """A connection from an address, and whether it was cut."""

    def __init__(self, address: str) -> None:
        super().__init__({"peername": (address, 1)})
        self.is_cut = False

    def abort(self) -> None:
        self.is_cut = True


class Floor:
    """A server's door in virtual time."""

    def __init__(self, guards: Guards) -> None:
        self.guards = guards

    def enter(self, address: str) -> Wire:
        wire = Wire(address)
        self.guards.wrap(asyncio.Protocol).connection_made(wire)
        return wire


def everybody(count: int) -> list[str]:
    """Addresses, each in a network of its own."""
    return [f"10.{number // 250}.{number % 250}.9" for number in range(count)]


async def test_when_all_places_are_taken_friends_get_in_still() -> None:
    floor = Floor(Guards(known=lambda address: address == FRIEND))
    for address in everybody(10_000):
        floor.enter(address)
    guards = floor.guards
    assert (len(guards.open), guards.refused) == (256, 9744)
    friends = [floor.enter(FRIEND) for _ in range(32)]
    assert not any(each.is_cut for each in friends)
    assert floor.enter(FRIEND).is_cut, "even a friend has 32"
    for each in list(guards.open.values()):
        each.cut()
    assert not (guards.addresses or guards.networks or guards.open), "nothing is remembered of who came"


async def test_one_network_does_not_take_the_places_of_others() -> None:
    """Whoever has a whole network, of either kind, has less room the more it takes."""
    for crowd in ([f"203.0.113.{n % 250}" for n in range(2000)], [f"2001:db8::{n:x}" for n in range(2000)]):
        floor = Floor(Guards())
        wires = [floor.enter(address) for address in crowd]
        assert len(floor.guards.open) == 256
        others = [floor.enter(address) for address in everybody(100)]
        assert not any(each.is_cut for each in others)
        assert sum(each.is_cut for each in wires) == 2000 - 156


async def test_a_connection_that_asks_something_is_not_given_up_for_others() -> None:
    floor = Floor(Guards(most=4))
    busy = [floor.enter("203.0.113.1") for _ in range(4)]
    for each in busy:
        floor.guards.begin(each)
    assert floor.enter("198.51.100.1").is_cut
    floor.guards.end(busy[2])
    assert not floor.enter("198.51.100.1").is_cut
    assert [each.is_cut for each in busy] == [False, False, True, False]
    for left in list(floor.guards.open.values()):
        left.cut()


async def test_who_is_cut_is_told_so_once() -> None:
    """The protocol inside must hear of its end, or it is kept for ever."""
    told = []

    class Inner(asyncio.Protocol):
        def connection_lost(self, exc: Exception | None) -> None:
            told.append(exc)

    guarded = Guarded(guards := Guards(), Inner())
    guarded.connection_made(Wire("192.0.2.1"))
    guarded.cut()
    guarded.connection_lost(None)
    assert (told, guards.ended, len(guards.open)) == ([None], 1, 0)
    refused = Guarded(Guards(most=0), Inner())
    refused.connection_made(Wire("192.0.2.1"))
    refused.connection_lost(None)
    assert told == [None]


def test_addresses_of_one_network_are_told_from_others() -> None:
    assert network_of("192.0.2.1") == network_of("192.0.2.200") != network_of("192.0.3.1")
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff") != network_of("2001:db8:0:1::1")
    assert network_of("fe80::1%eth0") == network_of("fe80::2")
    assert network_of("") == ""


def test_what_is_remembered_of_a_hundred_thousand_addresses_is_bounded() -> None:
    buckets = Buckets(50, 200)
    for number in range(100_000):
        buckets.take(f"2001:db8::{number:x}", number / 1000)
    assert len(buckets) == 4096


def flood(players: list[Identity], seconds: int, is_valid: bool) -> tuple[list[Mail], Datagrams]:
    """Datagrams of insiders at as many addresses, each sending all that it may; and one of a friend each 50 ms."""
    now = 0.0
    heard: list[Mail] = []
    datagrams = Datagrams(
        Envelopes(BOB, JAM),
        heard.append,
        lambda: 0,
        lambda: now,
        friends=lambda: frozenset({FRIEND}),
    )
    body, friend = encode(Ping(1, 0, (), (), ())), Envelopes(ALICE, JAM)
    letters = [Envelopes(each, JAM).close(BOB.public.raw, body) for each in players]
    if not is_valid:  # of players that there are, from elsewhere, with signatures that are nobody's
        letters = [Envelopes(ALICE, JAM).close(BOB.public.raw, body)]
    for step in range(20 * seconds):
        now = step / 20
        for number in range(len(players)):
            for _ in range(20):
                datagrams.hear(letters[number % len(letters)], f"10.0.{number}.1", 1)
        datagrams.hear(friend.close(BOB.public.raw, body), FRIEND, 1)
    return heard, datagrams


def test_two_hundred_keys_at_two_hundred_addresses_cost_five_hundred_signatures_a_second() -> None:
    """T15, T16: five hundred at once, then as many a second, of 80,000 that come; the friend's are all heard."""
    heard, datagrams = flood([makers.player(100 + number) for number in range(200)], 1, True)
    friends = [each for each in heard if each.sender == ALICE.public.raw]
    assert len(friends) == 20
    assert len(heard) - len(friends) <= 500 + 500
    assert datagrams.dropped >= 79_000


def test_who_says_from_elsewhere_that_it_is_a_friend_is_nobody_s_friend() -> None:
    heard, _ = flood([makers.player(100 + number) for number in range(200)], 1, False)
    assert sum(each.host == FRIEND for each in heard) == 20
    assert sum(each.host != FRIEND for each in heard) <= 1000


def test_made_up_players_do_not_push_out_whom_we_know(tmp_path: Path) -> None:
    """T16: after a restart we look for those that we met first, and for those that we trust."""
    book = Rollbook(tmp_path)
    book.met(b"old", "http://127.0.0.1:2000")
    for number in range(1000):
        book.met(b"eve%d" % number, "http://127.0.0.1:3000")
    book.met(b"friend", "http://127.0.0.1:4000", True)
    book.met(b"old", "http://127.0.0.1:2001")
    found = Rollbook(tmp_path).friends()
    assert len(found) == 256
    assert found[b"old"] == "http://127.0.0.1:2001" and b"friend" in found
    assert {b"eve%d" % number for number in range(254)} <= set(found), "nor each other"


async def test_a_friend_is_answered_while_three_hundred_addresses_hold_and_ask(tmp_path: Path) -> None:
    """Real sockets of this machine: addresses of 127.0.0.0/8, each in a network of its own."""
    loop = asyncio.get_running_loop()
    house, client, opened = SmallHouse(BOB, tmp_path), Client(), []
    guards = Guards(most=64, reserved=8, known=lambda address: address == "127.0.0.1")
    async with serving(house, guards=guards) as (_, to):
        for number in range(300):
            made = socket.socket()
            made.setblocking(False)
            made.bind((f"127.{1 + number // 250}.{number % 250}.1", 0))
            opened.append(made)
            await loop.sock_connect(made, (to.host, to.port))
            await loop.sock_sendall(made, b"GET /players HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"\r\n" * (number % 2))
        await eventually_async(lambda: len(guards.open) + guards.refused + guards.ended >= 300)
        assert len(guards.open) <= 64
        begin = time.monotonic()
        for _ in range(20):
            assert await client.players(to, BOB.public)
        assert time.monotonic() - begin < 10, "it waits for nobody's place"
        await client.close()
        for made in opened:
            made.close()
        await eventually_async(lambda: not guards.open)
        assert not guards.addresses and not guards.networks


async def test_requests_of_all_strangers_together_have_one_share(tmp_path: Path) -> None:
    """T15 from many addresses: each asks little, together they are too many; friends are answered still."""
    house = SmallHouse(BOB, tmp_path)
    guards = Guards(known=lambda address: address == "127.0.0.1")
    async with serving(house, guards=guards) as (server, _):
        answers = [server._has_time_for(f"10.{n // 250}.{n % 250}.1") for n in range(5000)]
        assert 800 <= sum(answers) <= 1200
        assert server._has_time_for("127.0.0.1")


async def test_two_hear_each_other_through_forgeries_from_a_hundred_addresses() -> None:
    """Real sockets: an insider sends what is sealed rightly in a friend's name, from all over loopback."""
    one, two = Post(ALICE), Post(BOB, friends=frozenset({ALICE.public.raw}))
    async with up(one, two):
        one.meet(two)
        await eventually_async(lambda: len(two.station.node.members.present) == 1)
        forged = signed(ALICE, Datagram(VERSION, ALICE.public.raw, BOB.public.raw, encode(Ping(1, 0, (), (), ())))).data
        mark = Envelopes(ALICE, JAM).mark
        letter = mark + Seal(JAM.id, "datagram").close(forged[:-1] + bytes([forged[-1] ^ 1]), bytes(12), mark)
        attackers = [socket.socket(type=socket.SOCK_DGRAM) for _ in range(100)]
        for number, each in enumerate(attackers):
            each.bind((f"127.3.{number}.1", 0))
        for _ in range(200):
            for each in attackers:
                each.sendto(letter, ("127.0.0.1", two.port))
            await asyncio.sleep(0.005)
        for each in attackers:
            each.close()
        play = signed(ALICE, makers.play(ALICE))
        one.station.node.publish(play)
        one.station.kick()
        await eventually_async(lambda: any(each.mark == play.mark for each in two.heard))
        assert [state for _, state in two.turns + one.turns if state == "gone"] == []
        assert two.station.dropped > 0
