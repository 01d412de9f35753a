"""Bars of floods, on loopback: datagrams from one address and from two hundred, and garbage of all kinds.

20,000 datagrams a second with bad signatures from one address: others are heard within 50 ms, at 25 % of a core. 20,000
of 200 insiders, rightly signed, each at an address of its own: a friend is heard within 50 ms still. 10^6 fuzzed
datagrams: nothing raises, memory grows by 16 MiB at most.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from common import percentile, row

from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.chatter import Ack, Have, Ping
from marmalade_sc.peers.datagrams import Datagrams, Envelopes
from marmalade_sc.peers.requests import JamName
from marmalade_sc.peers.wire import encode
from marmalade_sc.testing.network import Network

JAM = JamName("bench", bytes(range(16)))
FRIEND = "127.0.0.2"
RATE = 20_000
ATTACKERS = 200
AT_ONCE = 200
"""Datagrams without a pause, 10 ms of the flood: half of what a socket's usual buffer of 208 KiB holds."""
MIB = 1 << 20

Letter = tuple[str, bytes]
"""From which address, and what."""


@contextlib.contextmanager
def flooded(port: int, seconds: float, letters: Sequence[Letter]) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that sends them in turn, `RATE` a second in all; it prints how many."""
    command = [sys.executable, __file__, "--flood", str(port), "--seconds", str(seconds)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    rows = [[address, base64.b64encode(data).decode()] for address, data in letters]
    process.stdin.write(json.dumps(rows).encode() + b"\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


async def flood(name: str, seconds: float, bob: Identity, letters: Sequence[Letter], most_cpu: float) -> None:
    """What a flood costs whom it is sent to, and how long a friend's datagrams take to be heard meanwhile."""
    ann = Identity.draw()
    friends: list[float] = []

    datagrams = Datagrams(
        Envelopes(bob, JAM),
        lambda mail: friends.append(time.perf_counter()) if mail.sender == ann.public.raw else None,
        time.monotonic_ns,
        time.monotonic,
        friends=lambda: frozenset({FRIEND}),
    )
    port = datagrams.open("127.0.0.1", 0)
    mine, waits, lost = Envelopes(ann, JAM), [], 0
    with flooded(port, seconds, letters) as process, socket.socket(type=socket.SOCK_DGRAM) as out:
        out.bind((FRIEND, 0))
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        begin, cpu = time.perf_counter(), time.process_time()
        while time.perf_counter() - begin < seconds:
            count, sent = len(friends), time.perf_counter()
            out.sendto(mine.close(bob.public.raw, bytes(300)), ("127.0.0.1", port))
            while len(friends) == count and time.perf_counter() - sent < 1:
                await asyncio.sleep(0.0005)
            lost += len(friends) == count
            waits.append((friends[-1] - sent) * 1000 if len(friends) > count else 1000.0)
            await asyncio.sleep(0.02)
        took, used = time.perf_counter() - begin, time.process_time() - cpu
        sent_per_s = int(await asyncio.to_thread(process.stdout.readline)) / seconds
    datagrams.close()
    cpu_at_rate = used / took * RATE / max(1, sent_per_s)
    worst = percentile(waits, 0.99)
    row(
        name,
        sent_per_s=round(sent_per_s),
        dropped=datagrams.dropped,
        cpu=round(used / took, 3),
        cpu_at_rate=round(cpu_at_rate, 3),
        friends_p50_ms=round(percentile(waits, 0.5), 2),
        friends_p99_ms=round(worst, 2),
        friends_lost=lost,
        met=worst <= 50 and cpu_at_rate <= most_cpu,
    )


async def floods(seconds: float) -> None:
    """Of one insider with bad signatures, and of many with right ones."""
    bob = Identity.draw()
    insider = Envelopes(Identity.draw(), JAM).close(bob.public.raw, bytes(300))
    forged = insider[:-1] + bytes([insider[-1] ^ 1])
    await flood("a flood of datagrams with bad signatures", seconds, bob, [("127.0.0.1", forged)], 0.25)
    ping = encode(Ping(1, 0, (), (), ()))
    many = [
        (f"127.1.{number}.1", Envelopes(Identity.draw(), JAM).close(bob.public.raw, ping))
        for number in range(ATTACKERS)
    ]
    await flood(f"a flood of {ATTACKERS} insiders at as many addresses", seconds, bob, many, 0.5)


def fuzz(count: int) -> None:
    """Garbage of all kinds into a node: bytes, cut and changed messages, also behind a right seal. None may raise."""
    dice, bob, eve = random.Random(5), Identity.draw(), Identity.draw()
    envelopes, theirs = Envelopes(bob, JAM), Envelopes(eve, JAM)
    network = Network(1, 2)
    network.start()
    network.run(5)
    node = network.players[0].node
    assert node is not None
    sender = network.players[1].identity.public.raw
    datagrams = Datagrams(
        envelopes, lambda mail: node.receive(mail.sender, mail.body), lambda: 0, lambda: 0.0, per_address=1e12
    )
    bodies = [encode(Ping(1, 0, (), (), ())), encode(Ack(1, sender, (), (), ())), encode(Have(1, 1, (bytes(8),)))]
    closed = [theirs.close(bob.public.raw, each) for each in bodies]
    before = resident_mib()
    begin = time.perf_counter()
    for number in range(count):
        kind = number % 5
        if kind == 0:
            datagrams.hear(dice.randbytes(dice.randrange(1500)), "192.0.2.1", 1)
        elif kind < 3:
            changed = bytearray(dice.choice(closed))
            changed[dice.randrange(len(changed))] ^= 1 << dice.randrange(8)
            datagrams.hear(bytes(changed[: dice.randrange(len(changed) + 1)]), "192.0.2.1", 1)
        else:  # an insider's: it is taken apart to the end
            body = bytearray(dice.choice(bodies) + dice.randbytes(dice.randrange(40)))
            body[dice.randrange(len(body))] = dice.randrange(256)
            node.receive(sender, bytes(body))
    took = time.perf_counter() - begin
    grown = resident_mib() - before
    row(
        "fuzzed datagrams", count=count, raised=0, per_s=round(count / took), grown_mib=round(grown, 1), met=grown <= 16
    )


def resident_mib() -> float:
    """Memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / MIB


def send_flood(port: int, seconds: float) -> None:
    """Send what comes on stdin, in turn; print that it begins, and at last how many went."""
    letters = []
    for address, text in json.loads(sys.stdin.buffer.readline()):
        out = socket.socket(type=socket.SOCK_DGRAM)
        out.bind((address, 0))
        letters.append((out, base64.b64decode(text)))
    print("begun", flush=True)
    count = sent = 0
    begin = time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        due = int(passed * RATE) - count
        for _ in range(min(due, AT_ONCE)):
            out, data = letters[count % len(letters)]
            with contextlib.suppress(OSError):
                out.sendto(data, ("127.0.0.1", port))
            count += 1
            sent += 1
        count += max(0, due - AT_ONCE)  # who sends stood still: what it missed is not sent in one burst
        time.sleep(0.001)
    print(sent, flush=True)


def main() -> None:
    """Run the bars."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--fuzz", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--flood", type=int, help="flood that port, for the other bars")
    options = parser.parse_args()
    if options.flood:
        send_flood(options.flood, options.seconds)
        return
    asyncio.run(floods(options.seconds))
    fuzz(options.fuzz)


if __name__ == "__main__":
    main()
