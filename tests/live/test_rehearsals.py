"""Generators checked and rendered without a player: each in its real sandbox, its notes through a real scsynth."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.cli.main import run
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.generators.orchestra import orchestra_text
from marmalade_sc.generators.sounds import Sounds
from marmalade_sc.generators.templates import templates
from marmalade_sc.player.base.processes import ProcessId
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.sdk.offline import Part, Scene, perform
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from tests.live.players import family
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "generators"
GOLDEN = ROOT / "tests" / "generators" / "golden" / "piece.txt"
PIECE = ("drums", "chords", "bass")
HEAD = """#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.language import s
jam = Jam()
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A player directory, never started: its synthdefs are built once."""
    return tmp_path_factory.mktemp("spieler é")


def said(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str | Path) -> tuple[int, str, str]:
    capsys.readouterr()
    status = run(["--dir", str(home), *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def checked(capsys: pytest.CaptureFixture[str], home: Path, *arguments: str | Path) -> tuple[int, dict[str, Any]]:
    status, out, err = said(capsys, home, "generator", "check", "--json", *arguments)
    assert out, err
    return status, json.loads(out)


def written(folder: Path, name: str, program: str, manifest: str = "") -> Path:
    """A generator of this program."""
    made = folder / name
    made.mkdir()
    (made / "generator.toml").write_text(f'name = "{name}"\n{manifest}')
    (made / "play").write_text(program)
    (made / "play").chmod(0o755)
    return made


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_good_one_passes_with_its_figures(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, found = checked(capsys, home, EXAMPLES / "drums")
    assert (status, found["faults"], found["denials"], found["refused"]) == (0, [], [], {})
    assert found["mode"] == "virtual time" and found["exit"] == "played to the end"
    assert set(found["events"]) == {"kick", "snare", "hihat"} and found["tags"]["Context"] == [5, "beat"]
    assert -20 < found["peaks"]["strip"] <= -6.0 and found["frames"] == 640 and found["cpu_s"] > 0
    status, out, _ = said(
        capsys, home, "generator", "check", EXAMPLES / "drums", "--cycles", "2", "--control", "width=1"
    )
    assert status == 0 and "events" in out and "tag       Context set" in out and "played to the end" in out


def test_it_plays_in_its_sandbox_what_it_plays_outside(home: Path, tmp_path: Path) -> None:
    """Frame by frame, over a socket, in four sandboxes: note for note what the SDK's own virtual clock gives."""
    names = (*PIECE, "arp")
    places = Places.find(home)
    _, definitions = orchestra_for(places, load(places.config))
    catalogue = tmp_path / "orchestra.json"
    catalogue.write_text(orchestra_text(definitions.rows, Sounds()), encoding="utf-8")
    expected = perform([Part(EXAMPLES / name) for name in names], Scene(catalogue, 6, 3))
    wanted = sorted(
        (round(note.cycle * 2 * UNITS_PER_SECOND), path.split(":")[1], note.instrument.name)
        for path, note in expected.notes
    )
    arguments = [each for name in names for each in ("--generator", str(EXAMPLES / name))]
    out, events = tmp_path / "out.wav", tmp_path / "events.jsonl"
    options = ["--cycles", "6", "--seed", "3", "--events", str(events), "--quiet"]
    assert run(["--dir", str(home), "render", *arguments, *options, "-o", str(out)]) == 0
    assert sorted((row["timetag"], row["track"], row["synth"]) for row in rows(events)) == wanted


def test_three_of_them_are_a_piece(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The same seed gives the same bytes; the sound is measured; every event is kept as text."""
    arguments = [each for name in PIECE for each in ("-g", name)]
    expect = ROOT / "docs" / "ci" / "piece.json"
    digests = []
    for turn, seed in enumerate(("1", "1", "2")):
        folder = tmp_path / str(turn)
        folder.mkdir()
        options = ["--events", folder / "events.jsonl", "--stems", folder / "stems"]
        options += ["--plot", folder / "piece.png", "--measures", folder / "measures.json"] if turn == 0 else []
        status, out, err = said(
            capsys, home, "render", *arguments, "--seed", seed, "--cycles", "16", "--tail", "2", *options,
            *(("--expect", expect) if seed == "1" else ()), "-o", folder / "piece.wav",
        )  # fmt: skip
        assert status == 0, out + err
        files = [folder / "piece.wav", folder / "events.jsonl", *sorted((folder / "stems").iterdir())]
        assert {path.name for path in files[2:]} == {f"{name}.wav" for name in PIECE}
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert (tmp_path / "0" / "piece.png").read_bytes().startswith(b"\x89PNG")
    assert set(json.loads((tmp_path / "0" / "measures.json").read_text())["stems"]) == set(PIECE)
    assert digests[0] == digests[1] and digests[0][0] != digests[2][0]
    lines = [
        f"{row['time_s']:8.4f} {row['track']} {row['synth']} "
        + " ".join(f"{name}={row['controls'][name]:.4g}" for name in ("freq", "amp", "pan") if name in row["controls"])
        for row in rows(tmp_path / "0" / "events.jsonl")
    ]
    text = "\n".join(lines) + "\n"
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_text(text)
    assert text == GOLDEN.read_text(), "the piece is another one; WRITE_GOLDEN=1 where that is meant"


def test_a_set_and_a_generator_sound_together(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By the set's own tempo, which the generator hears of."""
    (tmp_path / "set.py").write_text('clock.bpm = 150\nd1 >> s("bd*4")\n', encoding="utf-8")
    events = tmp_path / "events.jsonl"
    status, _, err = said(
        capsys, home, "render", tmp_path / "set.py", "-g", "chords", "--cycles", "2", "--events", events,
        "-o", tmp_path / "out.wav",
    )  # fmt: skip
    assert status == 0 and "2 tracks" in err
    found = rows(events)
    assert {row["track"] for row in found} == {"d1", "chords"}
    assert {round(row["time_s"], 6) for row in found if row["track"] == "chords"} == {0.0, 1.6}
    assert len([row for row in found if row["track"] == "d1"]) == 8


def test_one_that_moves_to_another_strip_is_rendered_there(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it is live: the tag `Track`; and everybody has it, and `Composer`, from the start."""
    program = HEAD + 'jam.x >> s("bd*4")\n@jam.every(bars=1)\ndef go():\n    '
    program += 'print(jam.tags["Track"], jam.tags["Composer"])\n    '
    program += 'jam.tag("Track", "else") if jam.bar == 1 else None\njam.run()\n'
    folder = written(tmp_path, "moving", program, 'composer = "Ann"\n')
    events, stems = tmp_path / "events.jsonl", tmp_path / "stems"
    given = ("--cycles", "3", "--events", events, "--stems", stems, "-o", tmp_path / "out.wav")
    assert said(capsys, home, "render", "-g", folder, *given)[0] == 0
    tracks = [row["track"] for row in rows(events)]
    # The tag is set with a frame 150 ms before bar 1: what is made from there on is the other strip's.
    assert tracks == ["moving"] * 4 + ["else"] * 8
    assert {path.name for path in stems.iterdir()} == {"moving.wav", "else.wav"}
    status, found = checked(capsys, home, folder, "--cycles", "3")
    assert status == 0 and found["output"] == ["moving Ann", "moving Ann", "else Ann"]


def test_one_that_does_not_know_the_sdk_is_played_in_real_time(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    events, out = tmp_path / "events.jsonl", tmp_path / "out.wav"
    given = ("render", "-g", "clicks", "-g", "chords", "--cycles", "3", "--bpm", "240", "--events", events, "-o", out)
    status, _, err = said(capsys, home, *given)
    assert status == 2 and "clicks was not written with the SDK" in err and "--real-time" in err and not out.exists()
    status, _, err = said(capsys, home, *given, "--real-time")
    assert status == 0, err
    found = rows(events)
    clicks = [Fraction(row["timetag"] * 4, UNITS_PER_SECOND) for row in found if row["track"] == "clicks"]
    assert clicks and {float(round(each, 4)) for each in clicks} <= {float(n) for n in range(12)}
    assert any(row["track"] == "chords" for row in found)
    status, checkup = checked(capsys, home, "clicks", "--cycles", "2", "--bpm", "240")
    assert (status, checkup["mode"], checkup["events"].keys()) == (0, "real time", {"rim"}), checkup
    assert "Bar" in checkup["tags"]


IN_REAL_TIME = {"plain": "python3", "sh": "redis-cli", "node": "node"}
"""Templates without the SDK, and what they run with."""


@pytest.mark.parametrize("template", templates())
def test_what_new_begins_passes_the_check(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], template: str
) -> None:
    """The first thing that an author sees. Where Node is not installed, all that can be said is that it is told."""
    folder = tmp_path / f"my-{template}"
    assert said(capsys, home, "generator", "new", folder, "--template", template)[0] == 0
    program = IN_REAL_TIME.get(template, "python3")
    length = ("--cycles", "3", "--bpm", "160") if template in IN_REAL_TIME else ()
    status, found = checked(capsys, home, folder, *length)
    if shutil.which(program) is None:
        assert status == 1 and f"It needs {program}, which is not installed." in found["remarks"]
        return
    assert (status, found["faults"]) == (0, []), found
    assert found["mode"] == ("real time" if template in IN_REAL_TIME else "virtual time")
    assert not [each for each in found["remarks"] if "manifest" in each or "clips" in each]
    if template == "meta":
        assert found["writes"] == {"schedule:main": 1} and "Section" in found["tags"]
    else:
        assert sum(found["events"].values()) >= 4 and found["peaks"]["strip"] > -30


def test_one_in_c_is_built_and_checked(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where there is no compiler, its source is only looked at: setup does not install one."""
    folder = tmp_path / "tock"
    shutil.copytree(EXAMPLES / "tock", folder)
    source = (folder / "tock.c").read_text()
    assert all(word in source for word in ("MARMALADE_SOCKET", "MARMALADE_EVENTS", "MARMALADE_TAGS", "state:bars"))
    compiler = shutil.which("cc")
    if compiler is None:
        return
    built = subprocess.run(
        [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", "play", "tock.c"], cwd=folder, timeout=120, check=False
    )
    assert built.returncode == 0
    status, found = checked(capsys, home, folder, "--cycles", "3", "--bpm", "240")
    assert (status, found["faults"], found["mode"]) == (0, [], "real time"), found
    assert found["events"].keys() == {"clave"} and "Bar" in found["tags"]


def test_a_sample_of_its_own_sounds_in_its_strip(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, found = checked(capsys, home, EXAMPLES / "slicer", "--cycles", "4")
    assert (status, found["events"], found["refused"]) == (0, {"sampler1": 32}, {})
    assert -20 < found["peaks"]["strip"] < -6


BROKEN = {
    "raises": (HEAD + "jam.run_(1\n", "play, line 5: SyntaxError"),
    "fails-later": (
        HEAD + "@jam.every(bars=1)\ndef turn():\n    1 / 0\njam.run()\n",
        "play, line 7: ZeroDivisionError",
    ),
    "silent": (HEAD + "jam.run()\n", "It plays nothing, and tells nothing"),
    "leaves": (HEAD + "print('bye')\nraise SystemExit(3)\n", "it ended with status 3 before it plays. It said: bye"),
    "unknown": (HEAD + 'jam.x >> s("kicck")\njam.run()\n', "Did you mean 'kick'?"),
    "greedy": (
        HEAD + 'jam.write("tags:ann:drums:1:Context", {"value": 1})\njam.x >> s("bd")\njam.run()\n',
        "It was refused: 'tags:ann:drums:1:Context' is not its own",
    ),
    "thief": (HEAD + 'print(open("/etc/passwd").read())\njam.run()\n', "FileNotFoundError"),
    "caller": (
        HEAD + 'import socket\nsocket.create_connection(("127.0.0.1", 57110))\njam.run()\n',
        "Address family not supported",
    ),
    "shell": ("#!/bin/sh\nnonsense --now\n", "play, line 2: nonsense: not found"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_told_in_a_sentence(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Sandboxed all the while: what may not be read or reached is not, and that is what is told."""
    program, words = BROKEN[name]
    status, found = checked(capsys, home, written(tmp_path, name, program), "--cycles", "2")
    assert status == 1 and len(found["faults"]) == 1 and words in found["faults"][0], found
    assert found["kept_from"] == (["the system call socket (filter)"] if name == "caller" else [])


LIAR = """#!/usr/bin/env python3
import json, os, socket, sys, time
jam = socket.socket(socket.AF_UNIX)
jam.connect(os.environ["MARMALADE_SOCKET"])
jam.sendall(b"marmalade lockstep 1\\n")
lines = jam.makefile("rb")
for line in lines:
    frame = json.loads(line)["frame"]
    answer = {"frame": frame, "frames": [], "writes": [], "complaints": []}
"""
LIARS = {
    "no json": "    jam.sendall(b'?\\n')\n",
    "another frame": "    answer['frame'] += 1\n    jam.sendall(json.dumps(answer).encode() + b'\\n')\n",
    "a forged frame": "    answer['frames'] = [{'v': '1'}]\n    jam.sendall(json.dumps(answer).encode() + b'\\n')\n",
    "depth": "    jam.sendall(b'[' * 100000 + b'\\n')\n",
    "too long": "    while True: jam.sendall(b'x' * 65536)\n",
    "many writes": "    answer['writes'] = [['k', {}]] * 9999\n    jam.sendall(json.dumps(answer).encode() + b'\\n')\n",
    "goes": "    sys.exit(4)\n",
}


@pytest.mark.parametrize("lie", LIARS)
def test_what_answers_nonsense_is_a_fault_and_no_more(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lie: str
) -> None:
    """A stranger's program may speak for itself, without our SDK: nothing of it is believed."""
    folder = written(tmp_path, "liar", LIAR + LIARS[lie])
    status, found = checked(capsys, home, folder, "--cycles", "1")
    assert status == 1 and "It broke down" in found["faults"][0], found
    out = tmp_path / "out.wav"
    status, _, err = said(capsys, home, "render", "-g", folder, "-g", "drums", "--cycles", "1", "-o", out)
    assert status == 2 and "liar: " in err and not out.exists()


def test_a_strangers_archive_is_played_when_it_may_run(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a check nor a render is a way around trust."""
    folder = written(tmp_path, "foreign", HEAD + 'jam.x >> s("bd*4").set(amp=.3)\njam.run()\n')
    assert said(capsys, home, "generator", "pack", folder)[0] == 0
    (archive,) = (home / "generators").glob("*:foreign.tgz")
    archive.rename(archive.with_name("aaaaaaaa:foreign.tgz"))
    for given in (("generator", "check", "foreign"), ("render", "-g", "foreign", "-o", tmp_path / "out.wav")):
        status, _, err = said(capsys, home, *given)
        assert status == 2 and "marmalade generator accept aaaaaaaa:foreign" in err
    assert said(capsys, home, "generator", "accept", "foreign")[0] == 0
    status, found = checked(capsys, home, "aaaaaaaa:foreign", "--cycles", "2")
    assert (status, found["events"]) == (0, {"kick": 8})


def test_who_is_meant_must_be_clear(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.wav"
    for arguments, words in (
        (("-g", "drumz"), "There is no generator"),
        ((), "nothing to render"),
        (("-g", "drums", "-g", "bass", "--control", "cutoff=1"), "GENERATOR.NAME=NUMBER"),
        (("-g", "drums", "--control", "bass.cutoff=1"), "No generator 'bass' takes part"),
        (("-g", "drums", "--control", "drums.cutoff=1"), "no control 'cutoff'"),
    ):
        status, _, err = said(capsys, home, "render", *arguments, "--cycles", "1", "-o", out)
        assert status == 2 and words in err, err
    assert not out.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_is_killed_leaves_nothing_behind(
    home: Path, tmp_path_factory: pytest.TempPathFactory, number: signal.Signals
) -> None:
    """Sandboxes, gateways and Redis servers of a check end with it, however it ends."""
    folder = tmp_path_factory.mktemp("t")
    command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(home), "generator", "check", "clicks"]
    process = subprocess.Popen(
        [*command, "--cycles", "500"],
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:

        def names() -> set[str]:
            found = set()
            for each in family(process.pid):
                with contextlib.suppress(OSError):
                    found.add(Path(f"/proc/{each.pid}/comm").read_text().strip())
            return found

        eventually(lambda: {"bwrap", "redis-server", "play"} <= names(), 60)
        before = family(process.pid)
        process.send_signal(number)
        process.wait(60)
        eventually(lambda: not [each for each in before if ProcessId.of(each.pid) == each], 30)
        if number == signal.SIGTERM:
            assert not list(folder.iterdir())
    finally:
        process.kill()
        process.wait()
