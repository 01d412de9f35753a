"""Other versions of a generator while it plays: at a bar, with what it knew, or not at all where they are broken."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.generators.archive import read_folder
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.settings.load import load
from tests.generators.test_sounds import pcm
from tests.live.players import LivePlayer, off_grid
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

HEAD = """#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.language import s
jam = Jam()
"""
COUNTER = (
    HEAD
    + """
count = 0
@jam.every(bars=1)
def turn():
    global count
    count += 1
    jam.tag("Count", count)
    jam.tag("Dice", round(jam.random(), 6))
@jam.hand_on
def give():
    return {"count": count}
@jam.take_over
def get(kept):
    global count
    count = kept["count"]
"""
)


@pytest.fixture
def stage(player: LivePlayer) -> Iterator[LivePlayer]:
    """The shared player; no instance outlives a test."""
    yield player
    player.ask("stop")
    eventually(lambda: not [row for row in player.ask("instances")["instances"] if row["state"] != "ended"], 30)


def pack(player: LivePlayer, folder: Path, name: str, program: str, manifest: str = "", **sounds: bytes) -> None:
    """The newest version of a generator."""
    made = folder / name
    for part in (made, made / "samples"):
        part.mkdir(exist_ok=True)
    (made / "generator.toml").write_text(f'name = "{name}"\n{manifest}')
    (made / "play").write_text(program)
    (made / "play").chmod(0o755)
    for sound, data in sounds.items():
        (made / "samples" / f"{sound}.wav").write_bytes(data)
    shelf = shelf_of(player.places, load(player.places.config))
    shelf.add(read_folder(made), identity_at(player.places.key))


def run(player: LivePlayer, name: str) -> str:
    answer = player.ask("run", generator=name, track=name)
    assert not answer.get("error"), answer["error"]
    return str(answer["instance"])


def row(player: LivePlayer, path: str) -> dict[str, Any]:
    return player.ask("instance", name=path)


def reload(player: LivePlayer, name: str) -> dict[str, Any]:
    """Ask until it can be changed: a version that has just come is not yet all there is."""

    def ask() -> dict[str, Any] | None:
        answer = player.ask("reload", name=name)
        busy = answer.get("error") and "just now" in answer["error"]["text"]
        return None if busy else answer

    return eventually(ask, 30)


def settings(player: LivePlayer, key: str) -> list[tuple[int, object]]:
    """(ms, value) of all entries of a tag."""
    state = StateLog(str(player.places.state_socket), timeout_s=5.0)
    try:
        return [(int(identity.partition("-")[0]), fields.get("value")) for identity, fields in state.since(key)]
    finally:
        state.close()


def test_another_version_plays_from_a_bar_on(stage: LivePlayer, tmp_path: Path) -> None:
    """Not a note of the old one behind the bar, not one of the new before it, and none is missing."""
    name = "changing"
    pack(stage, tmp_path, name, HEAD + 'jam.a >> s("bd*4")\njam.run()\n')
    path = run(stage, name)
    stage.wait_for_notes(name, 8, 40)
    dropped = stage.engine()["late_dropped"]
    pid = row(stage, path)["pid"]
    pack(stage, tmp_path, name, HEAD + 'jam.a >> s("hh*16")\njam.run()\n')
    (changed,) = reload(stage, name)["changed"]
    assert (changed["instance"], changed["changed"]) == (path, "program")
    stage.wait_for_notes(name, 48, 40)
    found = eventually(lambda: (r := row(stage, path)) and r["pid"] not in (None, pid) and r, 30)
    assert (found["state"], found["starts"], found["denials"]) == ("playing", 2, [])
    timeline, bar = stage.timeline(), changed["bar"]
    notes = stage.notes(name)
    before = [when for when in notes if timeline.cycle(when) < bar - Fraction(1, 10**6)]
    after = [when for when in notes if when not in before]
    late = eventually(lambda: stage.engine().get("late_dropped", -1) + 1) - 1 - dropped
    for found_notes, steps in ((before, 4), (after, 16)):
        strays, missing, doubled = off_grid(found_notes, timeline, steps)
        assert (strays, doubled) == ([], 0)
        assert len(missing) <= late, "a machine that stands still drops notes; nothing else does"
    assert after[0] == timeline.timetag(Fraction(bar)) or late
    assert eventually(lambda: not Path(f"/proc/{pid}").exists(), 30)
    (nothing,) = reload(stage, name)["changed"]
    assert nothing["changed"] == "nothing"


def test_what_it_knew_is_kept_where_it_says_so(stage: LivePlayer, tmp_path: Path) -> None:
    manifest = 'keeps_state = true\ntags = ["Count"]\n'
    pack(stage, tmp_path, "counter", COUNTER + "jam.run()\n", manifest)
    path = run(stage, "counter")
    key = f"tags:{path}:Count"
    eventually(lambda: len(settings(stage, key)) > 2, 40)
    pack(stage, tmp_path, "counter", COUNTER + "# another\njam.run()\n", manifest)
    (changed,) = reload(stage, "counter")["changed"]
    count = len(settings(stage, key))
    eventually(lambda: len(settings(stage, key)) > count + 3, 40)
    values = [value for _, value in settings(stage, key)]
    assert values == list(range(1, len(values) + 1)), "bar by bar, as if nothing had been"
    dice = [value for _, value in settings(stage, f"tags:{path}:Dice")]
    assert len(set(dice)) == len(dice), "the dice go on, too"
    assert row(stage, path)["lines"] == []
    # Without the word in the manifest it begins anew.
    pack(stage, tmp_path, "counter", COUNTER + "jam.run()\n", 'tags = ["Count"]\n')
    count = len(settings(stage, key))
    reload(stage, "counter")
    eventually(lambda: 1 in [value for _, value in settings(stage, key)[count:]], 40)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (HEAD + "jam.run(\n", "play, line 5: SyntaxError"),
        (HEAD + "nonsense\njam.run()\n", "play, line 5: NameError"),
        ("#!/bin/sh\nexit 3\n", "It ended with status 3"),
        (HEAD + "print('no')\n", "no"),
    ],
)
def test_a_broken_version_changes_nothing(stage: LivePlayer, tmp_path: Path, program: str, words: str) -> None:
    name = "fine"
    pack(stage, tmp_path, name, HEAD + 'jam.a >> s("bd*4")\njam.run()\n')
    path = run(stage, name)
    stage.wait_for_notes(name, 4, 40)
    before = row(stage, path)
    pack(stage, tmp_path, name, program)
    answer = reload(stage, name)
    assert words.lower() in answer["error"]["text"].lower(), answer
    stage.wait_for_notes(name, 8, 40)
    found = row(stage, path)
    assert (found["pid"], found["starts"], found["sha256"]) == (before["pid"], 1, before["sha256"])
    pack(stage, tmp_path, name, HEAD + 'jam.a >> s("hh*8")\njam.run()\n')
    assert reload(stage, name)["changed"][0]["changed"] == "program", "a mistake is forgotten by the next save"


def test_its_sounds_change_while_its_program_runs(stage: LivePlayer, tmp_path: Path) -> None:
    name = "sounding"
    program = HEAD + 'jam.a >> s("own*8")\njam.run()\n'
    pack(stage, tmp_path, name, program, own=pcm(4800))
    path = run(stage, name)
    stage.wait_for_notes(name, 8, 40)
    before = row(stage, path)
    pack(stage, tmp_path, name, program, own=pcm(9600))
    assert reload(stage, name)["changed"] == [{"instance": path, "changed": "sounds", "bar": None}]
    stage.wait_for_notes(name, 16, 40)
    found = row(stage, path)
    assert (found["pid"], found["starts"], found["denials"]) == (before["pid"], 1, [])
    assert found["sha256"] != before["sha256"]


def test_a_shell_script_is_followed_by_another(stage: LivePlayer, tmp_path: Path) -> None:
    """Without the SDK: the gateway lets through what lies before the bar of the one, and behind it of the other."""
    name = "shell"
    program = """#!/bin/sh
jam() { redis-cli -s "$MARMALADE_SOCKET" "$@"; }
while :; do
    bar=$(jam XREAD BLOCK 2000 STREAMS state:bars '$' | sed -n '/^bar$/{n;p;}' | tail -1)
    [ -n "$bar" ] && for step in STEPS; do
        jam XADD "$MARMALADE_EVENTS" '*' synth rim bar "$((8 * bar + step))/8" amp .3 >/dev/null
    done
done
"""
    pack(stage, tmp_path, name, program.replace("STEPS", "0 2 4 6"))
    path = run(stage, name)
    stage.wait_for_notes(name, 8, 60)
    pack(stage, tmp_path, name, program.replace("STEPS", "1 3 5 7"))
    (changed,) = reload(stage, name)["changed"]
    stage.wait_for_notes(name, 24, 60)
    timeline, bar = stage.timeline(), changed["bar"]
    for when in stage.notes(name):
        cycle = Fraction(round(timeline.cycle(when) * 8), 8)
        assert (cycle * 8) % 2 == (1 if cycle >= bar else 0), float(cycle)
    assert eventually(lambda: row(stage, path)["denials"] == [], 30)


def test_the_newest_version_is_what_comes_back_after_a_crash(stage: LivePlayer, tmp_path: Path) -> None:
    """What follows while it plays is what the record of a crash names, files included."""
    name = "lasting"
    pack(stage, tmp_path, name, HEAD + 'jam.a >> s("bd*4")\njam.run()\n')
    path = run(stage, name)
    stage.wait_for_notes(name, 4, 40)
    pack(stage, tmp_path, name, HEAD + 'jam.a >> s("hh*8")\njam.run()\n')
    (changed,) = reload(stage, name)["changed"]
    eventually(lambda: stage.timeline().cycle(max(stage.notes(name))) > changed["bar"] + 1, 40)
    newest = row(stage, path)["sha256"]
    eventually(lambda: reload(stage, name)["changed"][0]["changed"] == "nothing", 30)  # the version before is gone
    stage.kill("generators")
    stage.wait_for_notes(name, 12, 40)
    found = eventually(lambda: (r := row(stage, path)) and r.get("state") == "playing" and r, 30)
    assert (found["sha256"], found["renewed"]) == (newest, 1)
    pack(stage, tmp_path, name, HEAD + 'jam.a >> s("bd*4")\njam.run()\n')
    assert reload(stage, name)["changed"][0]["changed"] == "program"
