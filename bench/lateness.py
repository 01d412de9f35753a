"""The bar that the network is never heard: lead of local notes while another player is slow, floods, or is cut off.

A player of ours has met another one, in two namespaces, and plays 16ths on four tracks. Then, each time with a player
that was started anew: nothing happens; the other stands still while thirty requests crawl; garbage, datagrams sealed by
an insider and bad requests come as fast as they go; the link is cut each two seconds while something is said to all.
The lead that 99 % of all notes had may be 20 % less than with nothing, and none may be late.

Needs root (namespaces) and iproute2.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from common import end_when_asked, row, until
from grid import Seat, Way, link

from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.datagrams import Envelopes
from marmalade_sc.peers.invites import read_invite
from marmalade_sc.peers.requests import JamName
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places

PATTERN = "\n".join(f'd{n} >> s("hh*16").set(amp=.05)' for n in range(1, 5))
PORT = 2468


def flood(invite_text: str) -> None:
    """Send whatever does harm, as fast as it goes, until killed; what was sent is printed each second."""
    invite = read_invite(invite_text)
    host = invite.address.rpartition(":")[0].rpartition("/")[2]
    envelopes = Envelopes(Identity.draw(), JamName(invite.jam, invite.jam_id))
    good = envelopes.close(invite.key, bytes(600))
    bad = [os.urandom(600), envelopes.mark + os.urandom(900), good]
    counts = {"datagrams": 0, "requests": 0}

    def requests() -> None:
        while True:
            with contextlib.suppress(OSError), socket.create_connection((host, PORT), timeout=2) as to:
                to.sendall(b"POST /play HTTP/1.1\r\nHost: 1.1.1.1\r\nContent-Length: 400\r\n\r\n" + bytes(400))
                to.recv(1000)
                counts["requests"] += 1

    for _ in range(8):
        threading.Thread(target=requests, daemon=True).start()
    with socket.socket(type=socket.SOCK_DGRAM) as to:
        told = time.monotonic()
        while True:
            for each in bad:
                with contextlib.suppress(OSError):
                    to.sendto(each, (host, PORT))
            counts["datagrams"] += len(bad)
            if time.monotonic() - told > 1:
                told = time.monotonic()
                print(json.dumps(counts), flush=True)


@contextlib.contextmanager
def nothing(one: Seat, two: Seat, invite: str) -> Iterator[None]:
    """The other is there."""
    yield


@contextlib.contextmanager
def slow(one: Seat, two: Seat, invite: str) -> Iterator[None]:
    """The other's process stands still, and requests crawl."""
    status = running.status(two.places)
    assert status is not None
    pid = next(int(str(each["pid"])) for each in status.processes if each["name"] == "peers")
    crawl = (
        "import socket, time, sys\n"
        "all = [socket.create_connection((sys.argv[1], 2468)) for _ in range(30)]\n"
        "while True:\n"
        "    for each in all:\n"
        "        try:\n            each.send(b'G')\n"
        "        except OSError:\n            pass\n"
        "    time.sleep(.3)\n"
    )
    command = ["ip", "netns", "exec", two.space, sys.executable, "-c", crawl, one.address]
    process = subprocess.Popen(command)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
        process.kill()
        process.wait()


@contextlib.contextmanager
def flooding(one: Seat, two: Seat, invite: str) -> Iterator[None]:
    """Everything at once."""
    command = ["ip", "netns", "exec", two.space, sys.executable, __file__, "--flood", invite]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield
    finally:
        process.kill()
        said, _ = process.communicate()
        last = said.strip().splitlines()[-1:] or ["{}"]
        row("lateness.flood", **json.loads(last[0]))


@contextlib.contextmanager
def cut(one: Seat, two: Seat, invite: str) -> Iterator[None]:
    """The link goes and comes, and plays are asked for all the time."""
    is_over = threading.Event()

    def link_goes() -> None:
        while not is_over.wait(2):
            for state in ("down", "up"):
                subprocess.run(["ip", "-n", two.space, "link", "set", "t0", state], check=False)
                is_over.wait(2)

    def plays() -> None:
        number = 0
        while not is_over.wait(1):
            number += 1
            with contextlib.suppress(Exception):
                one.ask("chat", text=f"can you hear me, {number}")

    threads = [threading.Thread(target=each) for each in (link_goes, plays)]
    for each in threads:
        each.start()
    try:
        yield
    finally:
        is_over.set()
        for each in threads:
            each.join()


def measure(kind: Callable[..., contextlib.AbstractContextManager[None]], seconds: float) -> dict[str, float]:
    """Leads of all notes of a player that was started anew, the last `seconds` of them disturbed."""
    with tempfile.TemporaryDirectory(prefix="ml-") as folder, link(Way()) as rows, contextlib.ExitStack() as stack:
        one, two = (Seat(*each, Places.find(Path(folder) / each[0])) for each in rows)
        for seat in (one, two):
            stack.callback(running.stop, seat.places)
        one.start()
        invite = str(one.ask("invite")["value"])
        join = [sys.executable, "-m", "marmalade_sc", "--dir", str(two.places.root), "join", invite]
        subprocess.run(join, check=True, stdout=subprocess.DEVNULL)
        two.start()
        assert until(lambda: one.other() is not None and two.other() is not None, 60), "they have not met"
        time.sleep(5)
        one.ask("evaluate", code=PATTERN)
        time.sleep(2)
        with kind(one, two, invite):
            time.sleep(seconds)
            engine = one.ask("status")["engine"]
        lead = engine["lead_ms"]
        return {
            "notes": int(engine["sent"]),
            "late": int(engine["late_played"]) + int(engine["late_dropped"]),
            "lead_p50_ms": lead["p50"],
            "lead_p99_ms": lead["p99"],
            "least_lead_ms": lead["min"],
            "xruns": int(engine["xruns"]),
        }


def main() -> None:
    """All four."""
    end_when_asked()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--flood", help="flood whoever gave this invite, for the other bars")
    options = parser.parse_args()
    if options.flood:
        flood(options.flood)
        return
    alone = None
    for kind in (nothing, slow, flooding, cut):
        found = measure(kind, options.seconds)
        alone = alone or found
        is_met = found["lead_p99_ms"] >= 0.8 * alone["lead_p99_ms"] and found["late"] <= alone["late"]
        row(f"lateness, the other: {kind.__name__}", **found, met=is_met)


if __name__ == "__main__":
    main()
