"""Generators without a player: how much faster than it sounds they are rehearsed, and rendered; new versions in one.

    python bench/rehearsals.py [BARS]

`rehearsal` plays three examples in their sandboxes in step, `render` the same with its sound, by the command. Both are
of seconds of music a second, starts and probes of the sandbox included. `succession` lets twenty versions follow each
other in a player at 240 bpm: how long until a version that was packed is ready and its bar is told (that bar lies at
least 0.45 s ahead), and whether a note was late.
"""

import hashlib
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common import engine, percentile, player, row, until
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.generators.archive import File, Tree
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.player.rendering.casting import Wish, cast, part_of
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.player.rendering.rehearsals import Sounding, rehearsed
from marmalade_sc.player.rendering.render import START, end_of
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places

NAMES = ("drums", "chords", "bass")


def main(bars: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        places = Places.find(folder)
        settings = load(places.config)
        _, definitions = orchestra_for(places, settings)
        roles = cast([part_of(name, places, settings) for name in NAMES], Wish(NAMES, {}, 1))
        timeline = Timeline.steady(120, START)
        end = end_of(timeline.timetag, Fraction(bars), None)
        seconds = (end - START) / UNITS_PER_SECOND
        begun = time.perf_counter()
        with rehearsed(roles, places, Sounding.of(definitions, settings), timeline, end) as found:
            took = time.perf_counter() - begun
            accounts = found.take.accounts.values()
            row(
                "rehearsal",
                bars=bars,
                seconds=took,
                times=seconds / took,
                longest_frame_ms=1000 * max(each.longest_s for each in accounts),
                cpu_share=sum(each.cpu_s for each in accounts) / seconds,
            )
        digests = set()
        for turn in range(2):
            out = Path(folder) / f"piece{turn}.wav"
            given = [each for name in NAMES for each in ("-g", name)]
            command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", folder, "render", *given]
            begun = time.perf_counter()
            subprocess.run([*command, "--seed", "1", "--cycles", str(bars), "--quiet", "-o", out], check=True)
            took = time.perf_counter() - begun
            digests.add(hashlib.sha256(out.read_bytes()).hexdigest())
        row("render", bars=bars, seconds=took, times=seconds / took, is_alike=len(digests) == 1, met=len(digests) == 1)


def succession(rounds: int = 20) -> None:
    """Versions that follow each other while they play."""
    program = "#!/usr/bin/env python3\nfrom marmalade_sc.sdk.jam import Jam\nfrom marmalade_sc.sdk.language import s\n"
    program += 'jam = Jam()\njam.x >> s("hh*16")\n# VERSION\njam.run()\n'
    with player(tempo__bpm="240") as places:
        shelf, identity = shelf_of(places, load(places.config)), identity_at(places.key)

        def pack(version: int) -> None:
            text = program.replace("VERSION", str(version)).encode()
            shelf.add(Tree.of({"generator.toml": File(b'name = "x"\n'), "play": File(text, True)}), identity)

        pack(0)
        path = request(places.control_socket, "run", generator="x")["instance"]
        until(lambda: request(places.control_socket, "instance", name=path)["state"] == "playing", 20.0)
        until(lambda: int(str(engine(places).get("sent", 0))) > 50, 20.0)
        before = int(str(engine(places)["late_dropped"]))
        told: list[float] = []
        for version in range(1, rounds + 1):
            pack(version)

            def change() -> bool:
                begun = time.perf_counter()
                answer = request(places.control_socket, "reload", name=path)
                if answer.get("error"):  # the version before is still about to go
                    return False
                told.append(time.perf_counter() - begun)
                return True

            if not until(change, 30.0, 0.05):
                sys.exit("it could not be changed")
        late = int(str(engine(places)["late_dropped"])) - before
        row(
            "succession",
            rounds=rounds,
            told_p50_ms=round(1000 * percentile(told, 0.5)),
            told_worst_ms=round(1000 * max(told)),
            late=late,
            met=late == 0,
        )


if __name__ == "__main__":
    succession()
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 64)
