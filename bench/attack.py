"""Bar: hostile generators beside two tracks: the lead of 99 % of their notes within 20 % of what it is without them.

    python bench/attack.py [SECONDS]

Two players after each other, each with two tracks of 16ths: one alone, one with ten attackers at once, half a minute.
Each attacker runs through the whole path: archive, shelf, sandbox, gateway, engine.
"""

import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench.common import engine, player, row, until
from bench.generators import add, ask
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.settings.places import Places

CLIENT = r"""#!/usr/bin/env python3
import os, socket, struct, sys, time
jam = socket.socket(socket.AF_UNIX)
jam.connect(os.environ["MARMALADE_SOCKET"])
EVENTS, TAGS = os.environ["MARMALADE_EVENTS"], os.environ["MARMALADE_TAGS"]
def pack(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)
def ask(*words):
    jam.sendall(pack(*words))
    return jam.recv(1 << 16)
def now():
    lines = ask("TIME").split(b"\r\n")
    return int(lines[2]) * 1000 + int(lines[4]) // 1000
"""
ATTACKS = {
    "spin": "while True:\n    pass\n",
    "children": "for _ in range(7):\n    if not os.fork():\n        break\nwhile True:\n    pass\n",
    "memory": "kept = []\nwhile True:\n    kept.append(bytearray(8 << 20))\n    time.sleep(.02)\n",
    "requests": "data = pack('XRANGE', 'state:engine:main', '-', '+') * 50\nimport threading\n"
    "threading.Thread(target=lambda: [jam.recv(1 << 16) for _ in iter(int, 1)]).start()\n"
    "while True:\n    jam.sendall(data)\n",
    "tags": "n = 0\nwhile True:\n    n += 1\n    ask('XADD', TAGS + f't{n % 80}', '*', 'value', 'x' * 4000)\n",
    "frames": "n = 0\nwhile True:\n    n += 1\n"
    "    ask('XADD', EVENTS, '*', 'v', 1, 'seq', n, 'tl_rev', 0, 'first', 1, 'last', 2, 'data', os.urandom(55000))\n",
    "voices": "while True:\n    at = now() + 8000\n    for n in range(60):\n"
    "        ask('XADD', EVENTS, '*', 'synth', 'hihat', 'at', at + n * 8, 'sustain', 60, 'amp', 1)\n"
    "    time.sleep(.2)\n",
    "output": "while True:\n    os.write(1, b'\\x1b[2J' + b'x' * 60000)\n",
    "calls": "while True:\n    try:\n        os.chroot('/')\n    except OSError:\n        pass\n",
    "files": "n = 0\nwhile True:\n    n += 1\n    try:\n        open(f'/tmp/{n % 1900}', 'wb').write(b'x' * 65536)\n"
    "    except OSError:\n        pass\n",
}


def watched(places: Places, seconds: float) -> dict[str, Any]:
    """What the engine says of a stretch of time."""
    names = ("sent", "late_played", "late_dropped", "late_lines", "xruns", "refused", "stolen")
    before = engine(places)
    time.sleep(seconds)
    after = engine(places)
    found = {name: int(str(after[name])) - int(str(before[name])) for name in names}
    return {**found, "own_notes": own(places), "lead_ms": after.get("lead_ms"), "cpu": after.get("cpu")}


def own(places: Places) -> int:
    """Notes of our own tracks that were handed over since the start."""
    found = 0
    for section in read_event_log(places.jam("home").history):
        if isinstance(section, Bundles) and section.track in ("d1", "d2"):
            found += len(list(section.bundles()))
    return found


def play(places: Places) -> None:
    """What must stay in time."""
    answer = ask(places, "evaluate", code='d1 >> s("bd*16")\nd2 >> s("hh*16")')
    assert not answer.get("error")
    time.sleep(3)


def main(arguments: list[str]) -> None:
    """Both players, and the comparison."""
    seconds = float(arguments[0]) if arguments else 30.0
    with player(audio__driver="dummy") as places:
        play(places)
        alone = watched(places, seconds)
    row("attack", of="alone", **alone)
    with player(audio__driver="dummy") as places:
        play(places)
        for name, code in ATTACKS.items():
            add(places, f"evil-{name}", CLIENT + code)
            ask(places, "run", generator=f"evil-{name}", instance="one", track=f"evil{name}", restart="failure")
        until(lambda: any(each["starts"] for each in ask(places, "instances")["instances"]), 10.0)
        under = watched(places, seconds)
        rows = ask(places, "instances")["instances"]
        denials = ask(places, "denials")["denials"]
        try:
            answers = ask(places, "evaluate", code='d1 >> s("bd*8")').get("ok", True)
        except MarmaladeError:
            answers = False
    row("attack", of="under attack", **under)
    before, after = alone["lead_ms"]["p99"], under["lead_ms"]["p99"]
    missing = alone["own_notes"] - under["own_notes"]
    late = [each["late_played"] + each["late_dropped"] for each in (alone, under)]
    row(
        "attack",
        of="compared",
        # Late notes may be an attacker's own: of ours none is missing.
        met=after >= 0.8 * before and missing <= 2 and bool(answers),
        own_notes_missing=missing,
        lead_p99_ms=[before, after],
        late=late,
        attackers=len(rows),
        still_running=sum(each["state"] == "playing" for each in rows),
        denials_by={who: sum(each["count"] for each in denials if each["who"] == who)
                    for who in sorted({each["who"] for each in denials})},
    )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
