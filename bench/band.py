"""The end of the peers' issue: three players in three network namespaces play together, one is killed and comes back.

Each has its own jam, Redis and scsynth; between them is a bridge. Ann shares a pattern from her shell, Bob a generator
that sets chords, Cleo one that follows them. All three are recorded and their event logs compared: the same notes, on
the same grid. As all run on one machine, its monotonic clock says how far apart the same notes really were.

Needs root (namespaces) and iproute2.
"""

import argparse
import contextlib
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import soundfile
from common import end_when_asked, percentile, row, until

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.measures.loudness import Loudness
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.settings.places import Places

PATTERN = 'b1 >> bass("0 3 [5 7] 0", scale="minor").set(amp=.4)'
NAMES = ("ann", "bob", "cleo")
JAM = "band"
_LONG_S = 60.0
_NEAR_S = 0.15
"""Notes of two players that are further apart than this are two notes."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One player's place: its namespace, address and directory."""

    name: str
    space: str
    address: str
    places: Places

    def start(self) -> None:
        """Start the player in its namespace and wait until it is up."""
        options = {"peers.listen": self.address, "peers.port": "2468", "peers.trust": "sandbox"}
        sets = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
        marmalade = [sys.executable, "-m", "marmalade_sc", "--dir", str(self.places.root), *sets, "jam", "start", JAM]
        subprocess.run(["ip", "netns", "exec", self.space, *marmalade], check=False, stdout=subprocess.DEVNULL)
        # On a machine with other work the first start, which compiles all synthdefs, takes longer than it waits.
        assert until(lambda: (found := running.status(self.places)) is not None and found.is_up, 180), self.name

    def ask(self, do: str, /, **fields: Any) -> Mapping[str, Any]:
        """A command that must work."""
        answer = request(self.places.control_socket, do, timeout_s=60.0, **fields)
        assert not answer.get("error"), (self.name, do, answer["error"])
        return answer

    def others(self) -> list[Mapping[str, Any]]:
        """Players that are here, with a clock that is known."""
        rows = self.ask("players")["players"]
        return [each for each in rows if each["state"] == "here" and not each.get("is_own") and "offset_ms" in each]

    def evaluate(self, code: str) -> str:
        """Type a block."""
        return str(self.ask("evaluate", code=code).get("value", ""))

    def playing(self) -> set[str]:
        """Generators whose instances play here, by name."""
        rows = self.ask("instances")["instances"]
        return {str(each["generator"]).partition(":")[2] for each in rows if each["state"] == "playing"}

    def notes(self) -> dict[str, list[float]]:
        """Monotonic seconds at which notes were due, by track."""
        origin = int(str(self.ask("status")["engine"]["origin"]))
        found: dict[str, list[float]] = {}
        for section in read_event_log(self.places.jam(JAM).history):
            if isinstance(section, Bundles):
                found.setdefault(section.track, []).append((section.first - origin) / UNITS_PER_SECOND)
        return {track: sorted(times) for track, times in found.items()}


@contextlib.contextmanager
def spaces() -> Iterator[list[tuple[str, str]]]:
    """Three namespaces with an address each, on one bridge in a fourth."""
    tag = f"{os.getpid() % 100_000}"
    hub = f"mb{tag}h"
    made = [hub]

    def ip(*words: str) -> None:
        subprocess.run(["ip", *words], check=True)

    try:
        ip("netns", "add", hub)
        ip("-n", hub, "link", "add", "br0", "type", "bridge")
        ip("-n", hub, "link", "set", "br0", "up")
        rows = []
        for number in range(1, 4):
            space, address = f"mb{tag}n{number}", f"10.77.0.{number}"
            ip("netns", "add", space)
            made.append(space)
            ip("-n", hub, "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", space)
            ip("-n", hub, "link", "set", f"v{number}", "master", "br0", "up")
            ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")
            ip("-n", space, "link", "set", "lo", "up")
            rows.append((space, address))
        yield rows
    finally:
        for space in made:
            subprocess.run(["ip", "netns", "del", space], check=False)


def met(seats: list[Seat]) -> bool:
    """Whether everybody sees everybody else."""
    return all(len(seat.others()) == len(seats) - 1 for seat in seats)


def apart_ms(ours: list[float], theirs: list[float]) -> list[float]:
    """How far the notes of one player are from the nearest of another's, where there is one."""
    other = numpy.asarray(theirs)
    if not len(other):
        return []
    found = []
    for time_s in ours:
        distance = float(abs(other - time_s).min())
        if distance <= _NEAR_S:
            found.append(distance * 1000)
    return found


def loudness(path: Path) -> dict[str, float]:
    """Of one recording: seconds, LUFS, peak, and how much of it is silent (below -60 dBFS in 100 ms)."""
    samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    blocks = abs(samples[: len(samples) // (rate // 10) * (rate // 10)]).max(axis=1).reshape(-1, rate // 10).max(axis=1)
    meter = Loudness(rate, samples.shape[1])
    meter.add(samples)
    return {
        "seconds": round(len(samples) / rate, 1),
        "lufs": round(meter.finish() or -math.inf, 2),
        "peak_dbfs": round(20 * math.log10(float(abs(samples).max()) or 1e-9), 2),
        "silent": round(float((blocks < 1e-3).mean()), 3),
    }


def run(seconds: float) -> None:
    """Play, and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="mb-") as name, spaces() as rows, contextlib.ExitStack() as stack:
        seats = [
            Seat(who, space, address, Places.find(Path(name) / who))
            for who, (space, address) in zip(NAMES, rows, strict=True)
        ]
        ann, bob, cleo = seats
        for seat in seats:
            stack.callback(running.stop, seat.places)
        ann.start()
        invite = str(ann.ask("invite")["value"])
        for seat in (bob, cleo):
            command = [sys.executable, "-m", "marmalade_sc", "--dir", str(seat.places.root), "join", invite]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seat.start()
        assert until(lambda: met(seats), _LONG_S), "they have not met"
        met_s = time.monotonic()
        ann.evaluate('d1 >> s("bd*4").set(amp=.5)')
        ann.evaluate(PATTERN)
        said = ann.evaluate('jam.share(b1, name="acid")')
        bob.evaluate('g1 >> jam["chords"]()')  # makes the example his own
        until(lambda: "chords" in bob.playing(), _LONG_S)
        bob.ask("share", generator="chords", instance="c1", track="chords")
        cleo.evaluate('g1 >> jam["arp"]()')
        until(lambda: "arp" in cleo.playing(), _LONG_S)
        cleo.ask("share", generator="arp", instance="a1", track="arp")
        wanted = {"chords", "arp"}
        heard = until(lambda: all(wanted <= seat.playing() for seat in seats), _LONG_S)
        heard = heard and until(lambda: all("acid" in seat.playing() for seat in (bob, cleo)), _LONG_S)
        files = [seat.places.recordings / "take.wav" for seat in seats]
        for seat in seats:
            seat.ask("record", path="take.wav")
        time.sleep(seconds / 2)
        cleo.ask("stop_recording")
        until(files[2].exists, _LONG_S)
        supervisor = running.status(cleo.places)
        assert supervisor is not None
        gone = time.monotonic()
        os.kill(supervisor.supervisor.pid, signal.SIGKILL)
        until(lambda: running.status(cleo.places) is None, _LONG_S)
        cleo.start()
        back = until(lambda: wanted | {"acid"} <= cleo.playing(), _LONG_S)
        back_s = time.monotonic() - gone
        time.sleep(seconds / 2)
        for seat in (ann, bob):
            seat.ask("stop_recording")
        until(lambda: all(path.exists() for path in files), _LONG_S)
        notes = [seat.notes() for seat in seats]
        late = {seat.name: seat.ask("status")["engine"]["late_dropped"] for seat in seats}
        for seat, path in zip(seats, files, strict=True):
            row("band.recording", player=seat.name, **loudness(path), late=late[seat.name])
        window = (met_s + 10, time.monotonic())
        for track in ("acid", "chords", "arp"):
            here = notes[0]["b1" if track == "acid" else track]
            inside = [each for each in here if window[0] <= each <= window[1]]
            for seat, theirs in zip(seats[1:], notes[1:], strict=True):
                found = apart_ms(inside, theirs.get(track, []))
                row(
                    "band.notes",
                    track=track,
                    of="ann",
                    at=seat.name,
                    notes=len(inside),
                    matched=len(found),
                    p50_ms=round(percentile(found, 0.5), 3),
                    p99_ms=round(percentile(found, 0.99), 3),
                )
        starts = [
            each["starts"]
            for seat in seats
            for each in seat.ask("instances")["instances"]
            if each["instance"] in ("c1", "a1")
        ]
        row("band", shared=said, all_heard=heard, back=back, back_s=round(back_s, 2), starts=starts, met=heard and back)


def main() -> None:
    """Play as long as the arguments say."""
    end_when_asked()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    run(parser.parse_args().seconds)


if __name__ == "__main__":
    main()
