"""The bar of the shared grid: how far apart bars of two players begin that live in two network namespaces.

On an undelayed link p99 <= 1 ms; over 50 +- 20 ms each way, emulated by a userspace switch, p99 <= 3 ms after 60 s of
probes. For comparison the same where UDP is blocked and all goes over HTTP. Both namespaces share one machine and so
one monotonic clock, which says how far apart the bars really are; the players do not know that. Beside it: what each
says of the other's clock, its true error, and whether it lay inside.

The switch is a process that holds a TUN device in each namespace: what comes out of one goes into the other, later.
Needs root (namespaces), iproute2 and /dev/net/tun.
"""

import argparse
import contextlib
import ctypes
import fcntl
import heapq
import itertools
import multiprocessing
import os
import random
import select
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from common import end_when_asked, percentile, row, until

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places

_CLONE_NEWNET = 0x40000000
_TUNSETIFF = 0x400454CA
_IFF_TUN_NO_PI = 0x0001 | 0x1000
_EACH_S = 0.25


@dataclass(frozen=True, slots=True)
class Way:
    """A link, each way: seconds, the share that is lost, and whether UDP gets through at all."""

    delay_s: float = 0.0
    jitter_s: float = 0.0
    loss: float = 0.0
    udp: bool = True


def tun(space: str) -> int:
    """A TUN device `t0` inside a namespace; its descriptor. Opened after entering: the namespace is taken then."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{space}", os.O_RDONLY)
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.setns(there, _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH", b"t0", _IFF_TUN_NO_PI))
    finally:
        libc.setns(home, _CLONE_NEWNET)
        os.close(home)
        os.close(there)
    return device


def switch(spaces: Sequence[str], way: Way, ready: Any) -> None:
    """Carry packets between two namespaces, until killed. Delays are uniform in `delay_s` +- `jitter_s`."""
    dice = random.Random(7)
    devices = [tun(space) for space in spaces]
    ready.set()
    waiting: list[tuple[float, int, int, bytes]] = []
    count = itertools.count()
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            _, _, to, packet = heapq.heappop(waiting)
            with contextlib.suppress(OSError):
                os.write(devices[to], packet)
        timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else 1.0
        for device in select.select(devices, [], [], timeout)[0]:
            with contextlib.suppress(BlockingIOError):
                while packet := os.read(device, 65_536):
                    is_udp = packet[0] >> 4 == 4 and packet[9] == 17
                    if dice.random() >= way.loss and (way.udp or not is_udp):
                        delay_s = max(0.0, dice.uniform(way.delay_s - way.jitter_s, way.delay_s + way.jitter_s))
                        to = 1 - devices.index(device)
                        heapq.heappush(waiting, (time.monotonic() + delay_s, next(count), to, packet))


@contextlib.contextmanager
def link(way: Way) -> Iterator[list[tuple[str, str]]]:
    """Two namespaces with an address each: a veth pair where nothing is delayed, else the switch."""
    tag = f"{os.getpid() % 100_000}"
    spaces = [f"mg{tag}a", f"mg{tag}b"]

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    process = None
    try:
        for space in spaces:
            ip("netns", "add", space)
            ip("-n", space, "link", "set", "lo", "up")
        if way == Way():
            ip("-n", spaces[0], "link", "add", "t0", "type", "veth", "peer", "name", "t0", "netns", spaces[1])
        else:
            ready = multiprocessing.Event()
            process = multiprocessing.Process(target=switch, args=(spaces, way, ready), daemon=True)
            process.start()
            assert ready.wait(10), "the switch does not start"
        rows = []
        for number, space in enumerate(spaces, 1):
            ip("-n", space, "addr", "add", f"10.78.0.{number}/24", "dev", "t0")
            ip("-n", space, "link", "set", "t0", "up")
            rows.append((space, f"10.78.0.{number}"))
        yield rows
    finally:
        if process is not None:
            process.kill()
            process.join()
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], check=False)


@dataclass(frozen=True, slots=True)
class Seat:
    """A player in its namespace."""

    space: str
    address: str
    places: Places

    def start(self) -> None:
        """Start it and wait until it is up."""
        sets = ["--set", f"peers.listen={self.address}", "--set", "peers.trust=sandbox", "--set", "audio.driver=dummy"]
        command = [sys.executable, "-m", "marmalade_sc", "--dir", str(self.places.root), *sets, "player", "start"]
        subprocess.run(["ip", "netns", "exec", self.space, *command], check=True, stdout=subprocess.DEVNULL)

    def ask(self, do: str, /, **fields: Any) -> Mapping[str, Any]:
        """A command that must work."""
        answer = request(self.places.control_socket, do, timeout_s=60.0, **fields)
        assert not answer.get("error"), (do, answer["error"])
        return answer

    def other(self) -> Mapping[str, Any] | None:
        """The other player, once its clock is known."""
        rows = [each for each in self.ask("players")["players"] if not each["is_own"] and "offset_ms" in each]
        return rows[0] if rows else None

    def bar_s(self) -> tuple[float, float]:
        """Monotonic seconds at which a bar begins, and its length."""
        status = self.ask("status")
        timeline = Timeline.from_json(status["timeline"])
        cycle = Fraction(floor(timeline.cycle(time.monotonic_ns() * UNITS_PER_SECOND // 10**9 + status["origin"])) + 1)
        return (timeline.timetag(cycle) - status["origin"]) / UNITS_PER_SECOND, float(timeline.cycle_s(cycle))

    @property
    def origin_s(self) -> float:
        """Jam time less the monotonic clock: the difference of two players' is the true offset."""
        return int(self.ask("status")["origin"]) / UNITS_PER_SECOND


def run(name: str, way: Way, settle_s: float, seconds: float, bar_ms: float) -> None:
    """Let two players meet and settle, then look four times a second."""
    with tempfile.TemporaryDirectory(prefix="mg-") as folder, link(way) as rows, contextlib.ExitStack() as stack:
        seats = [Seat(*each, Places.find(Path(folder) / each[0])) for each in rows]
        for seat in seats:
            stack.callback(running.stop, seat.places)
        one, two = seats
        one.start()
        one.ask("tempo", bpm=97.3)  # not what the other begins with: it has to follow
        invite = str(one.ask("invite")["value"])
        join = [sys.executable, "-m", "marmalade_sc", "--dir", str(two.places.root), "join", invite]
        subprocess.run(join, check=True, stdout=subprocess.DEVNULL)
        two.start()
        assert until(lambda: one.other() is not None and two.other() is not None, 60), "they have not met"
        time.sleep(settle_s)
        true_ms = (one.origin_s - two.origin_s) * 1000
        apart, errors, said, inside, beyond = [], [], [], 0, []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            (first, bar_s), (second, _) = one.bar_s(), two.bar_s()
            off = (second - first) % bar_s
            apart.append(min(off, bar_s - off) * 1000)
            found = two.other()
            if found is not None:
                error = abs(float(found["offset_ms"]) - true_ms)
                errors.append(error)
                said.append(float(found["uncertainty_ms"]))
                inside += error <= said[-1]
                beyond.append(said[-1] - float(found["round_trip_ms"]) / 2)
            time.sleep(_EACH_S)
        tempo = [float(Timeline.from_json(each.ask("status")["timeline"]).segments[-1].period_s) for each in seats]
        p99 = percentile(apart, 0.99)
        row(
            "grid phase of two players in two namespaces",
            link=name,
            looks=len(apart),
            p50_ms=round(percentile(apart, 0.5), 3),
            p99_ms=round(p99, 3),
            worst_ms=round(max(apart), 3),
            one_tempo=tempo[0] == tempo[1],
            met=p99 <= bar_ms and tempo[0] == tempo[1],
            clock_error_p99_ms=round(percentile(errors, 0.99), 3),
            inside=round(inside / max(1, len(errors)), 4),
            stated_beyond_half_of_the_way_ms=round(percentile(beyond, 0.5), 3),
        )


def main() -> None:
    """Both links."""
    end_when_asked()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settle", type=float, default=60.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", choices=["undelayed", "delayed", "blocked"])
    options = parser.parse_args()
    if options.only in (None, "undelayed"):
        run("undelayed", Way(), options.settle, options.seconds, 1.0)
    if options.only in (None, "delayed"):
        run("50 +- 20 ms each way", Way(0.05, 0.02), options.settle, options.seconds, 3.0)
    if options.only in (None, "blocked"):
        run("UDP blocked", Way(udp=False), options.settle, options.seconds, 3.0)


if __name__ == "__main__":
    main()
