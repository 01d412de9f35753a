"""Generators from their archives to the sound of a real player."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.errors import SynthDefError
from marmalade_sc.generators.archive import File, Tree, read_folder
from marmalade_sc.generators.sounds import standing
from marmalade_sc.generators.templates import begin, templates
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jam import keys
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.base.processes import children_of
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.player.supervision import running
from marmalade_sc.sdk.osc import NoteTemplate
from marmalade_sc.settings.load import load
from marmalade_sc.synthdefs.strangers import admit
from tests.generators.test_sounds import pcm
from tests.live.players import LivePlayer, playing
from tests.player.deadline import eventually
from tests.synthdefs.hostile import HOSTILE, NASTY

pytestmark = pytest.mark.live

#: What the programs of these tests have in common: a client of a few lines.
CLIENT = r"""#!/usr/bin/env python3
import os, socket, struct, sys, time
connection = socket.socket(socket.AF_UNIX)
connection.connect(os.environ["MARMALADE_SOCKET"])
file = connection.makefile("rb")
def answer():
    line = file.readline()
    kind, rest = line[:1], line[1:-2]
    if kind == b"$":
        return None if rest == b"-1" else file.read(int(rest) + 2)[:-2]
    if kind == b"*":
        return [answer() for _ in range(int(rest))] if rest != b"-1" else None
    return line
def ask(*words):
    parts = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    connection.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))
    return answer()
def now():
    seconds, rest = ask("TIME")
    return int(seconds) * 1000 + int(rest) / 1000
EVENTS, TAGS, PATH = (os.environ["MARMALADE_" + name] for name in ("EVENTS", "TAGS", "INSTANCE"))
def note(synth, at, **controls):
    return ask("XADD", EVENTS, "*", "synth", synth, "at", at, *(x for pair in controls.items() for x in pair))
def string(text):
    data = text.encode()
    return data + b"\0" * (4 - len(data) % 4)
def frame(seq, messages, kind=0, body=None, track="g"):
    when = int((now() + 200) * (1 << 32) / 1000)
    if body is None:
        inside = b"#bundle\0" + struct.pack(">Q", when) + b"".join(struct.pack(">i", len(m)) + m for m in messages)
        body = struct.pack(">I", len(inside)) + inside
    section = struct.pack(">BxHIQI", kind, len(track), 0, when, len(body)) + track.encode() + body
    return ask("XADD", EVENTS, "*", "v", 1, "seq", seq, "tl_rev", 0, "first", when, "last", when + 1, "data", section)
"""
STEADY = CLIENT + "\nwhile True:\n    note('kick', now() + 200, amp=.5)\n    time.sleep(.1)\n"


def add(player: LivePlayer, name: str, program: str, **files: bytes) -> None:
    shelf = shelf_of(player.places, load(player.places.config))
    manifest = f'name = "{name}"\n[controls.density]\ndefault = 0.5\nlow = 0\nhigh = 1\n'
    tree = {"generator.toml": File(manifest.encode()), "play": File(program.encode(), True)}
    tree |= {path.replace("__", "/").replace("_dot_", "."): File(data) for path, data in files.items()}
    shelf.add(Tree.of(tree), identity_at(player.places.key))


def row(player: LivePlayer, name: str) -> dict[str, Any]:
    return player.ask("instance", name=name)


def run(player: LivePlayer, name: str, **fields: Any) -> dict[str, Any]:
    answer = player.ask("run", generator=name, **fields)
    assert not answer.get("error"), answer["error"]["text"]
    return answer


@pytest.fixture
def stage(player: LivePlayer) -> Iterator[LivePlayer]:
    """The shared player; no instance outlives a test."""
    yield player
    player.ask("stop")
    eventually(lambda: all(each["state"] == "ended" for each in player.ask("instances")["instances"]))


@pytest.mark.parametrize("template", [each for each in templates() if each not in ("meta", "node")])
def test_each_template_sounds_as_it_comes(stage: LivePlayer, tmp_path: Path, template: str) -> None:
    """`generator new`, `pack`, `run`: the first thing that an author does must be heard."""
    begin(tmp_path / f"my{template}", template)
    shelf = shelf_of(stage.places, load(stage.places.config))
    shelf.add(read_folder(tmp_path / f"my{template}"), identity_at(stage.places.key))
    run(stage, f"my{template}", track=f"my{template}")
    stage.wait_for_notes(f"my{template}", 12)
    found = row(stage, f"my{template}")
    assert (found["state"], found["denials"], found["lines"]) == ("playing", [], [])
    assert eventually(lambda: stage.peak_db(f"my{template}") > -40)


def test_of_a_thousand_requests_one_runs_it(stage: LivePlayer) -> None:
    add(stage, "once", STEADY)
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: run(stage, "once", instance="only"), range(1000)))
    assert sum(bool(answer["started"]) for answer in answers) == 1
    assert len([each for each in stage.ask("instances")["instances"] if each["instance"] == "only"]) == 1
    stage.ask("stop", name="only")
    eventually(lambda: row(stage, "only")["state"] == "ended")
    assert run(stage, "once", instance="only")["started"] is False, "not even when it has ended"


def test_an_example_is_at_hand_by_its_name(stage: LivePlayer) -> None:
    track = stage.track()
    stage.evaluate(f'{track} >> jam["drone"]()')
    eventually(lambda: stage.peak_db(track) > -60, 30.0)
    shown = [row["id"] for row in stage.ask("generators")["generators"]]
    assert any(name.endswith(":drone") for name in shown)


def test_it_plays_like_any_track(stage: LivePlayer) -> None:
    add(stage, "steady", STEADY)
    stage.evaluate('g1 >> jam["steady"](density=.8)')
    stage.wait_for_notes("g1", 5)
    assert eventually(lambda: stage.peak_db("g1") > -40)
    found = row(stage, "g1")
    assert found["controls"] == {"density": 0.8}
    stage.evaluate('g1 >> jam["steady"](density=.2)')
    assert row(stage, "g1")["controls"] == {"density": 0.2} and row(stage, "g1")["path"] == found["path"]
    assert not stage.ask("mute", track="g1").get("error")
    assert eventually(lambda: stage.peak_db("g1") < -60)
    stage.evaluate("unmute(g1)")
    assert eventually(lambda: stage.peak_db("g1") > -40)
    stage.evaluate("hush()")
    assert eventually(lambda: row(stage, "g1")["state"] == "ended")
    stage.evaluate('jam.play("steady", track="g2", seconds=1)')
    assert eventually(lambda: row(stage, "g2")["why"] == "its time is over")


def test_it_is_told_to_end_and_has_its_bars(stage: LivePlayer) -> None:
    program = (
        CLIENT
        + """
import signal
print("begun", flush=True)
signal.signal(signal.SIGTERM, lambda *_: (print("told"), sys.exit(3)))
found = ask("XREAD", "BLOCK", 9000, "STREAMS", "state:ending:" + PATH, "0")
print("bars", found[0][1][0][1][1].decode(), flush=True)
time.sleep(60)
"""
    )
    add(stage, "patient", program)
    run(stage, "patient", track="patient")
    eventually(lambda: "begun" in row(stage, "patient")["lines"])
    stage.ask("stop", name="patient", bars=2)
    found = eventually(lambda: (r := row(stage, "patient")) and r["state"] == "ended" and r)
    assert found["lines"] == ["begun", "bars 2.0", "told"] and found["why"] == "it was stopped"


def test_what_fails_is_started_again_and_then_no_more(stage: LivePlayer) -> None:
    add(stage, "broken", "#!/bin/sh\necho my last words\nexit 7\n")
    run(stage, "broken")
    found = eventually(lambda: (r := row(stage, "broken")) and r["state"] == "ended" and r)
    assert (found["starts"], found["why"], found["lines"][-1]) == (4, "it ended with status 7", "my last words")
    run(stage, "broken", restart="never")
    assert eventually(lambda: (r := row(stage, "broken")) and r["state"] == "ended" and r)["starts"] == 1
    state = StateLog(str(stage.places.state_socket))
    plays, stops = state.since(keys.PLAYS), state.since(keys.STOPS)
    state.close()
    assert str(plays[-1][1]["path"]).rpartition(":")[0] == found["path"].rpartition(":")[0]
    assert "status 7" in str(stops[-1][1]["why"]) and stops[-1][1]["output"] == "my last words"


@pytest.mark.parametrize("victim", ["generators", "engine", "redis-events", "redis-state"])
def test_it_plays_on_after_a_crash(stage: LivePlayer, victim: str) -> None:
    """Another incarnation of the same instance where it had to end, never two, and no process is left behind."""
    add(stage, "steady", STEADY)
    path = run(stage, "steady", track=f"crash{victim[-3:]}")["instance"]
    track = f"crash{victim[-3:]}"
    stage.wait_for_notes(track, 5)
    before = row(stage, path)["pid"]
    stage.kill(victim)
    stage.wait_for_notes(track, 10, within_s=20)
    found = eventually(lambda: stage.ask("instances").get("instances"))
    assert [each["path"] for each in found if each["state"] != "ended"] == [path]
    assert run(stage, "steady", instance=path.rpartition(":")[2])["started"] is False
    if victim == "generators":
        assert not Path(f"/proc/{before}").exists()
        children = children_of(stage.pid("generators"))
        assert sum(b"bwrap" in Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children) == 1


def test_forged_frames_reach_nobody(stage: LivePlayer) -> None:
    """Messages, ids, tracks and values that are not its own are refused one by one; the others play on."""
    program = (
        CLIENT
        + r"""
ids = struct.pack(">iiii", 1, 0, 1, 0)
time.sleep(.5)
frame(1, [string("/quit") + string(",")])
frame(2, [string("/n_free") + string(",i") + struct.pack(">i", 1)])
frame(3, [string("/g_freeAll") + string(",i") + struct.pack(">i", 0)])
frame(4, [string("/s_new") + string(",siii") + string("marmalade.master") + struct.pack(">iii", 41, 4, 41)])
frame(5, [], 4, b'{"mute": true}', track="d9")
frame(6, [], 2, struct.pack(">f", .02), track="d9")
frame(7, [], 3, b'{"version": 1, "revision": 99, "segments": []}', track="")
frame(8, [], 4, b'{"gain_db": 24}', track="master")
frame(9, [b"/" * 5000])
ask("XADD", EVENTS, "*", "v", "9", "data", "x")
for value in ("nan", "inf", "-inf", "1e30"):
    print(note("kick", now() + 200, amp=value).decode().strip(), flush=True)
while True:
    note("kick", now() + 200, amp=1000, sustain=9)
    time.sleep(.2)
"""
    )
    add(stage, "forger", program)
    stage.evaluate('d9 >> s("bd*4")')
    stage.wait_for_notes("d9", 4)
    refused = stage.engine()["refused"]
    run(stage, "forger", track="g")
    stage.wait_for_notes("g", 10)
    stage.wait_for_notes("d9", 8)
    eventually(lambda: stage.engine()["refused"] >= refused + 7)
    assert [line for line in row(stage, "forger")["lines"] if "cannot be" in line]
    assert stage.peak_db("g") <= 0.0
    assert eventually(lambda: stage.peak_db("d9") > -40)
    assert stage.engine()["restarts"] == 0 or stage.pid("scsynth")


@pytest.mark.parametrize("name", NASTY)
def test_nasty_synthdefs_are_held(stage: LivePlayer, name: str) -> None:
    """NaN, infinities, +60 dB, denormals, DC, runaway: they may sound ugly, and only in their own strip."""
    definition, _ = standing(admit(NASTY[name]))
    wire, controls = f"{definition['name']}.{definition['hash']}", definition["controls"]
    assert isinstance(controls, list)
    prefix = NoteTemplate.prefix(wire, len(controls) + 1)
    program = CLIENT + (
        f"\nprefix = {prefix!r}\nvalues = {[0.0] * (len(controls) + 1)!r}\nfor seq in range(1, 10**6):\n"
        "    frame(seq, [prefix + struct.pack('>iiii', seq, 0, 0, 0) + struct.pack(f'>{len(values)}f', *values)])\n"
        "    time.sleep(.1)\n"
    )
    # Each of them has a control `buf`, so its notes are refused unless it has a sample of its own.
    add(stage, f"nasty-{name}", program, synthdefs__evil_dot_scsyndef=NASTY[name], samples__a_dot_wav=pcm(480))
    scsynth = stage.pid("scsynth")
    stage.evaluate('d9 >> s("bd*4")')
    run(stage, f"nasty-{name}", track=f"nasty{name}")
    stage.wait_for_notes(f"nasty{name}", 8)
    stage.wait_for_notes("d9", 8)
    assert stage.pid("scsynth") == scsynth
    assert stage.peak_db("d9") > -40 and stage.peak_db(f"nasty{name}") <= 0.0
    stage.ask("stop", name=f"nasty{name}")
    eventually(lambda: row(stage, f"nasty{name}")["state"] == "ended")
    assert eventually(lambda: stage.peak_db(f"nasty{name}") < -60)


def test_a_generator_with_a_hostile_synthdef_does_not_start(stage: LivePlayer) -> None:
    for number, (name, data) in enumerate(list(HOSTILE.items())[::9]):
        with pytest.raises(SynthDefError):
            admit(data)
        add(stage, f"hostile{number}", STEADY, synthdefs__evil_dot_scsyndef=data)
        answer = stage.ask("run", generator=f"hostile{number}")
        assert answer["error"]["code"] == "synthdef", name


def test_what_it_says_is_kept_and_what_it_may_not_is_told(stage: LivePlayer) -> None:
    program = (
        CLIENT
        + """
print("h\\x1b[31mello", flush=True)
ask("FLUSHALL")
ask("XADD", "tags:aaaaaaaa:b:c:d", "*", "v", 1)
time.sleep(60)
"""
    )
    add(stage, "talker", program)
    run(stage, "talker")
    found = eventually(lambda: (r := row(stage, "talker")) and len(r["denials"]) == 2 and r["lines"] and r)
    assert found["lines"] == ["h [31mello"]
    assert "FLUSHALL" in found["denials"][0] and "not its own" in found["denials"][1]


def test_one_that_ignores_being_told_is_killed_with_its_children(stage: LivePlayer) -> None:
    program = "#!/bin/sh\ntrap '' TERM\nsleep 1000 & sleep 1000 &\nwhile :; do sleep 1; done\n"
    add(stage, "stubborn", program)
    run(stage, "stubborn")
    pid = eventually(lambda: row(stage, "stubborn").get("pid"))
    stage.ask("stop", name="stubborn")
    eventually(lambda: row(stage, "stubborn")["state"] == "ended")
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)


def test_a_player_that_is_killed_leaves_no_process_and_starts_none_twice(tmp_path: Path) -> None:
    """kill -9 of the supervisor in the middle of a set."""
    with playing(tmp_path / "spieler") as player:
        add(player, "steady", STEADY)
        run(player, "steady", instance="only", track="g")
        run(player, "steady", instance="afar", track="a", requester="somebody")
        player.wait_for_notes("g", 5, 40.0)
        player.wait_for_notes("a", 5, 40.0)
        before = player.processes()
        assert len(before) > 12, "the sandbox and its program are among them"
        status = running.status(player.places)
        assert status is not None
        os.kill(status.supervisor.pid, signal.SIGKILL)
        eventually(lambda: not any(each.lives for each in before))
        player.start()

        def playing_again() -> list[str]:
            return sorted(row["instance"] for row in player.ask("instances").get("instances", []))

        # What others had asked for goes on with them; what the user had begun waits for the user's word.
        eventually(lambda: playing_again() == ["afar"], 60.0)
        assert run(player, "steady", instance="only")["started"] is False
        run(player, "steady", instance="next", track="h")
        player.wait_for_notes("h", 5, 40.0)
        assert player.ask("restore").get("value") == "generators play again"
        eventually(lambda: playing_again() == ["afar", "next", "only"], 60.0)
