"""Bars of the protocol outside loopback: plays and archives over TLS 1.3 between two network namespaces.

A signed play acknowledged by 8 processes of the other namespace p99 <= 50 ms, as on loopback. An archive, verified and
written: >= 50 % of `curl | tee | sha256sum` over the same link, in the same run. Whoever pins another key is refused
each time, and in what went over the link, all of which is captured, stands no name and no byte of the archive.

Needs root (namespaces, raw sockets) and iproute2.
"""

import argparse
import asyncio
import contextlib
import datetime
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from common import end_when_asked, percentile, row
from grid import Way, link
from protocol import JAM, MIB, House, ticket, told, wall_ms

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.identity.sealing import server_context
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.reach import Endpoint
from marmalade_sc.peers.requests import Asker
from marmalade_sc.peers.server import Server
from marmalade_sc.player.base.lifeline import settle

_PROCESSES = 8
_CLEAR = (b"density", b"marmalade peers", b"GET /generator", b"POST /play")
"""What stands in each request, and would be read by whoever listens if it were not encrypted."""
_CAPTURE = (
    "import socket, sys\n"
    "link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))\n"
    "link.bind(('t0', 0))\n"
    "link.setsockopt(socket.SOL_SOCKET, 33, 1 << 28)\n"  # SO_RCVBUFFORCE
    "print('listening', flush=True)\n"
    "with open(sys.argv[1], 'wb') as file:\n"
    "    while True:\n"
    "        file.write(link.recv(1 << 17))\n"
    "        file.flush()\n"
)


@contextlib.contextmanager
def inside(space: str, *words: str) -> Iterator["subprocess.Popen[str]"]:
    """A process of this Python in a namespace; it ends with the block."""
    command = ["ip", "netns", "exec", space, sys.executable, *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def first_line(process: "subprocess.Popen[str]") -> str:
    """What it says first. It must say something."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "it ended without a word"
    return line


async def serve(address: str, archive: str) -> None:
    """One player over TLS, until its input ends."""
    own = Identity.draw()
    sha256 = hashlib.sha256(Path(archive).read_bytes()).hexdigest()
    server = Server(House(own, Path(archive), sha256), time.monotonic, wall_ms, print)
    port = await server.start(address, 0, server_context(own, datetime.datetime.now(datetime.UTC)))
    settle()
    print(json.dumps({"host": address, "port": port, "key": str(own.public)}), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await server.close()


async def ask(rows: Sequence[Mapping[str, Any]], folder: Path, size: int, sha256: str, rounds: int) -> None:
    """The other namespace's side of it."""
    where = [(Endpoint(True, each["host"], each["port"]), PublicKey.parse(each["key"])) for each in rows]
    begin = time.perf_counter()
    client = Client()
    await client.players(*where[0])
    first_ms = (time.perf_counter() - begin) * 1000
    times = await told(where, 4 * rounds)
    p99 = percentile(times, 0.99)
    row(
        "a play acknowledged by 8 processes over TLS between namespaces",
        plays=len(times),
        handshake_and_answer_ms=round(first_ms, 1),
        p50_ms=round(percentile(times, 0.5), 1),
        p99_ms=round(p99, 1),
        met=p99 <= 50,
    )
    to, key = where[0]
    what, ours, floor = f"generator/{key.player}:drums?sha256={sha256}", [], []
    for number in range(rounds):
        part, target = folder / f"part{number}", folder / "curl"
        begin = time.perf_counter()
        await client.fetch(to, key, what, sha256, size, part, lambda path: None)
        ours.append(time.perf_counter() - begin)
        part.unlink()
        begin = time.perf_counter()
        pipe = f"curl -sk '{to.url}/{what}' | tee {target} | sha256sum"
        done = await asyncio.create_subprocess_shell(pipe, stdout=subprocess.PIPE)
        said, _ = await done.communicate()
        floor.append(time.perf_counter() - begin)
        assert said.decode().startswith(sha256)
    mine, theirs = (size / MIB / percentile(each, 0.5) for each in (ours, floor))
    row(
        "an archive over TLS between namespaces",
        mib=size // MIB,
        mib_per_s=round(mine),
        curl_mib_per_s=round(theirs),
        ratio=round(mine / theirs, 2),
        met=mine >= 0.5 * theirs,
    )
    await client.close()
    refused = 0
    for number in range(100):
        stranger, own, fresh = Identity.draw(), Identity.draw(), Client()
        try:
            await fresh.ask(to, stranger.public, "play", Asker(own, JAM, "", wall_ms), ticket(own, f"w{number}"))
        except PeerError:
            refused += 1
        await fresh.close()
    row("another key than the pinned one", tried=100, refused=refused, met=refused == 100)


def run(size_mib: int, rounds: int) -> None:
    """Let 8 play in one namespace and ask them from the other, while all that goes over the link is written down."""
    with (
        tempfile.TemporaryDirectory(prefix="marmalade-bench-") as name,
        link(Way()) as spaces,
        contextlib.ExitStack() as stack,
    ):
        (near, _), (far, address) = spaces
        folder = Path(name)
        data = os.urandom(size_mib * MIB)
        archive, capture = folder / "archive", folder / "capture"
        archive.write_bytes(data)
        served = [
            stack.enter_context(inside(far, __file__, "--serve", address, "--archive", str(archive)))
            for _ in range(_PROCESSES)
        ]
        rows = [json.loads(first_line(each)) for each in served]
        first_line(stack.enter_context(inside(near, "-c", _CAPTURE, str(capture))))
        asked = {"rows": rows, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "rounds": rounds}
        command = ["ip", "netns", "exec", near, sys.executable, __file__, "--ask", json.dumps(asked), "--in", name]
        subprocess.run(command, check=True)
        seen = capture.read_bytes()
        found = [each.decode() for each in _CLEAR if each in seen]
        bytes_of_it = any(data[at : at + 16] in seen for at in range(0, len(data), len(data) // 64))
        row(
            "what was heard on the link",
            mib=round(len(seen) / MIB),
            in_clear=found,
            of_the_archive=bytes_of_it,
            met=len(seen) > len(data) and not found and not bytes_of_it,
        )


def main() -> None:
    """Run the bars."""
    end_when_asked()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--serve", help="be one player at that address, for the other side")
    parser.add_argument("--archive", default="")
    parser.add_argument("--ask", help="be the other side")
    parser.add_argument("--in", dest="folder", default="")
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve, options.archive))
    elif options.ask:
        told_to = json.loads(options.ask)
        asyncio.run(ask(told_to["rows"], Path(options.folder), told_to["size"], told_to["sha256"], told_to["rounds"]))
    else:
        run(options.mib, options.rounds)


if __name__ == "__main__":
    main()
