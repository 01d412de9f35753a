"""The kernel's filter before a socket: which datagrams pass, and that a flood loses no friend's while nobody reads."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import pytest

from marmalade_sc.peers.chatter import Ping
from marmalade_sc.peers.datagrams import Datagrams, Envelopes, Mail
from marmalade_sc.peers.sieve import TICK_S, Sieve, attach, program
from marmalade_sc.peers.wire import encode
from tests.peers import makers
from tests.peers.houses import eventually_async
from tests.peers.makers import JAM

pytestmark = pytest.mark.faults
ALICE, BOB = makers.player(1), makers.player(2)
MARK = bytes(range(8))
FRIEND = "127.0.0.2"


@contextlib.contextmanager
def pair(home: str, out_at: str) -> Iterator[tuple[socket.socket, socket.socket]]:
    """A socket that listens, and one at an address."""
    family = socket.AF_INET6 if ":" in home else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as ours, socket.socket(family, socket.SOCK_DGRAM) as out:
        ours.setblocking(False)
        ours.bind((home, 0))
        out.bind((out_at, 0))
        out.connect(ours.getsockname())
        yield ours, out


def count(ours: socket.socket) -> int:
    """How many have come; on loopback they are there when they are sent."""
    found = 0
    with contextlib.suppress(BlockingIOError):
        while ours.recv(2048):
            found += 1
    return found


@pytest.mark.parametrize(("home", "at"), [("127.0.0.1", FRIEND), ("::1", "::1")])
def test_the_kernel_lets_through_what_it_should(home: str, at: str) -> None:
    others = frozenset(f"10.0.{n}.1" for n in range(200)) | {f"2001:db8::{n:x}" for n in range(60)} | {"no address"}
    closed = 1 / 2**32
    cases = {
        "all where nothing is too much": (program(MARK, (), (), 1.0), 100, 100),
        "nobody where the share is nothing": (program(MARK, others, others, closed), 0, 0),
        "a friend all the same": (program(MARK, others | {at}, others, closed), 100, 100),
        "of a loud friend 1/32": (program(MARK, {at}, {at}, 1.0), 0, 30),
        "a share of others": (program(MARK, others, (), 0.5), 10, 90),
    }
    with pair(home, at) as (ours, out):
        for name, (steps, least, most) in cases.items():
            assert attach(ours, steps), "this kernel has filters"
            for _ in range(100):
                out.send(MARK + b"a message")
            assert least <= count(ours) <= most, name
            for other in (b"", MARK[:7], MARK[:-1] + b"\0", bytes(8) + MARK):
                out.send(other)
            assert count(ours) == 0, "what has no mark is never read"


def test_more_addresses_than_a_filter_has_room_for_are_bounded() -> None:
    hosts = frozenset(f"10.{n // 250}.{n % 250}.1" for n in range(5000)) | {f"2001:db8::{n:x}" for n in range(5000)}
    with pair("127.0.0.1", FRIEND) as (ours, _):
        assert attach(ours, program(MARK, hosts, hosts, 0.5))


def test_a_flood_makes_it_fine_and_quiet_opens_it() -> None:
    sieve = Sieve(MARK)
    for tick in range(1, 20):
        for _ in range(int(5000 * sieve.share)):
            sieve.passed(is_friend=False)
        sieve.look(tick * TICK_S)
        assert sieve.share == pytest.approx(2000 / 20_000, rel=0.01)
    for tick in range(20, 26):
        for _ in range(2000):
            sieve.passed(is_friend=True)
        sieve.look(tick * TICK_S)
    assert sieve.is_open, "it opens by steps; friends are not counted, however many they are"


def test_a_buffer_that_fills_is_enough_where_nobody_lets_us_read() -> None:
    """Nor does it open at once after a pause in which nothing was read."""
    sieve = Sieve(MARK)
    sieve.look(1.0)
    assert not sieve.is_due(1.01, fill=0.1)
    assert sieve.is_due(1.01, fill=0.5)
    sieve.look(1.01, fill=0.5)
    assert sieve.share == 1 / 8
    assert not sieve.is_due(1.02, fill=0.5), "what is in the buffer came before the filter"
    sieve.look(9.0)
    assert sieve.share == 1 / 4


def test_who_sends_too_much_is_held_back_alone_and_for_a_while() -> None:
    sieve = Sieve(MARK)
    for _ in range(5000):
        sieve.overdrawn("192.0.2.1")
    for number in range(5000):
        sieve.overdrawn(f"10.0.{number // 250}.{number % 250}")
    sieve.look(TICK_S)
    assert list(sieve.loud) == ["192.0.2.1"] and sieve.share == 1
    sieve.look(2 * TICK_S)
    assert sieve.loud
    sieve.look(TICK_S + 3)
    assert sieve.is_open


async def test_a_friend_s_are_all_there_after_a_while_in_which_nobody_could_read() -> None:
    """Two hundred insiders send 40,000 a second, and for 0.1 s nobody reads: their share fits the buffer."""
    heard: list[Mail] = []
    now = 0.0
    datagrams = Datagrams(
        Envelopes(BOB, JAM),
        heard.append,
        lambda: 0,
        lambda: now,
        friends=lambda: frozenset({FRIEND}),
        buffer_bytes=208 << 10,  # what Linux gives where nobody has said otherwise
    )
    port = datagrams.open("127.0.0.1", 0)
    body = encode(Ping(1, 0, (), (), ()))
    letters = [Envelopes(makers.player(100 + n), JAM).close(BOB.public.raw, body) for n in range(200)]
    friend = Envelopes(ALICE, JAM).close(BOB.public.raw, body)
    with contextlib.ExitStack() as stack:
        stack.callback(datagrams.close)
        outs = [stack.enter_context(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(201)]
        for number, each in enumerate(outs):
            each.bind((f"127.4.{number}.1" if number < 200 else FRIEND, 0))
            each.connect(("127.0.0.1", port))

        def flood() -> None:
            for out, letter in zip(outs, letters, strict=False):
                out.send(letter)

        def friends() -> int:
            return sum(each.sender == ALICE.public.raw for each in heard)

        for count in range(1, 101):  # half a second; each round is read to its end before the next
            flood()
            outs[-1].send(friend)
            await eventually_async(lambda until=count: friends() == until)
            now += 0.005
        assert not datagrams.is_open, "it is held back"
        for _ in range(20):  # nothing is read meanwhile
            flood()
            outs[-1].send(friend)
        await eventually_async(lambda: friends() == 120)

        def is_open_later() -> bool:
            nonlocal now
            now += 0.05
            return datagrams.is_open

        await eventually_async(is_open_later)


async def test_who_is_held_back_is_heard_again_though_a_look_comes_a_little_early() -> None:
    """The loop's timer and the clock of the looks need not agree: a look that was not due must not be the last one."""
    now = 0.0
    datagrams = Datagrams(
        Envelopes(BOB, JAM), lambda mail: None, lambda: 0, lambda: now, friends=lambda: frozenset({FRIEND})
    )
    port = datagrams.open("127.0.0.1", 0)
    letter = Envelopes(makers.player(100), JAM).close(BOB.public.raw, encode(Ping(1, 0, (), (), ())))
    with contextlib.closing(datagrams), socket.socket(type=socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", port))

        def is_held_back() -> bool:
            nonlocal now
            now += TICK_S / 50
            for _ in range(200):
                out.send(letter)
            return not datagrams.is_open

        await eventually_async(is_held_back)
        await asyncio.sleep(3 * TICK_S)  # looks of the timer, of which none is due: this clock stands still

        def is_open_again() -> bool:
            nonlocal now
            now += TICK_S
            return datagrams.is_open

        await eventually_async(is_open_again)
