"""Renders by a real scsynth: every onset on its sample, the same bytes each time, compensated delays, whole files."""

import hashlib
import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy
import pytest
import soundfile

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.score import sample_of
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

TICK = '''
"""One sample, as loud as it is asked to be."""
from supriya.ugens import Impulse
from marmalade_sc.synthdefs import percussive, synthdef
@synthdef()
def tick():
    return Impulse.ar(frequency=0) * percussive(0, 0.01)
'''
START = 16 * UNITS_PER_SECOND


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A player directory, never started, and a folder of synthdefs with `tick`."""
    home = tmp_path_factory.mktemp("rénder")
    (home / "defs").mkdir()
    (home / "defs" / "tick.py").write_text(TICK)
    return home


def command(home: Path, *arguments: str | Path) -> list[str]:
    return [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(home / "player"), "render", *map(str, arguments)]


def render(
    home: Path, code: str, *arguments: str | Path, output: str = "out.wav"
) -> "subprocess.CompletedProcess[str]":
    (home / "set.py").write_text(code, encoding="utf-8")
    return subprocess.run(
        command(home, home / "set.py", "-o", home / output, "--synthdefs", home / "defs", *arguments),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def rendered(home: Path, code: str, *arguments: str | Path, output: str = "out.wav") -> Path:
    done = render(home, code, *arguments, output=output)
    assert done.returncode == 0, done.stderr
    return home / output


def onsets(path: Path) -> list[int]:
    """Samples that are not zero."""
    samples, _ = soundfile.read(path, always_2d=True)
    return [int(place) for place in numpy.nonzero(numpy.abs(samples).max(axis=1) > 1e-4)[0]]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("rate", "bpm"), [(44_100, "133.7"), (48_000, "120"), (96_000, "174.3")])
def test_every_onset_of_minutes_is_on_its_sample(home: Path, rate: int, bpm: str) -> None:
    """In the stems: 0 samples off the grid that the architecture defines. An hour of it is in bench/."""
    cycles = 120
    rendered(
        home,
        'd1 >> s("tick*16")\nd2 >> s("tick(5,8,<0 2>)")',
        *("--cycles", str(cycles), "--rate", str(rate), "--bpm", bpm, "--stems", home / "stems", "--tail", "0.5"),
    )
    timeline = Timeline.steady(bpm, START)
    wanted = [sample_of(timeline.timetag(Fraction(n, 16)) - START, rate) for n in range(16 * cycles)]
    assert onsets(home / "stems" / "d1.wav") == wanted
    events = onsets(home / "stems" / "d2.wav")
    grid = {sample_of(timeline.timetag(Fraction(n, 8)) - START, rate) for n in range(8 * cycles)}
    assert len(events) == 5 * cycles
    assert set(events) <= grid


def test_ramps_and_changes_of_tempo_are_on_their_samples_too(home: Path) -> None:
    code = 'd1 >> s("tick*8")\nclock.ramp(180, bars=6)'
    rendered(home, code, "--cycles", "10", "--stems", home / "stems", "--events", home / "events.jsonl")
    timeline = Timeline.steady(120, START).with_ramp(180, Fraction(0), Fraction(6))
    wanted = [sample_of(timeline.timetag(Fraction(n, 8)) - START, 48_000) for n in range(80)]
    assert onsets(home / "stems" / "d1.wav") == wanted
    rows = [json.loads(line) for line in (home / "events.jsonl").read_text().splitlines()]
    assert [row["sample"] for row in rows] == wanted
    assert {row["synth"] for row in rows} == {"tick"}


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_the_master_s_delay_is_cut_off_to_the_sample(home: Path, rate: int) -> None:
    """The limiter looks ahead; in the file an impulse stands where it was meant to be."""
    path = rendered(home, 'd1 >> s("~ tick")', "--cycles", "3", "--rate", str(rate))
    samples, _ = soundfile.read(path, always_2d=True)
    loud = numpy.nonzero(numpy.abs(samples).max(axis=1) > 0.1)[0]
    wanted = [sample_of((2 * n + 1) * UNITS_PER_SECOND, rate) for n in range(3)]
    assert list(loud) == wanted


NOISE = 'd1 >> s("hh*8 sn").degrade()\nd2 >> bass("0 3 [5 7]*2").sometimes(lambda p: p.rev())\nd3 >> s("crash")\n'


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_the_same_seed_gives_the_same_bytes_noise_and_all_and_another_others(home: Path, kind: str) -> None:
    arguments = ("--cycles", "4", "--seed", "7")
    one = digest(rendered(home, NOISE, *arguments, "--stems", home / "a", output=f"a.{kind}"))
    second = os.times().elapsed + 1.1  # a float WAV would say in which second it was written
    eventually(lambda: os.times().elapsed > second)
    two = digest(rendered(home, NOISE, *arguments, "--stems", home / "b", output=f"b.{kind}"))
    other = digest(rendered(home, NOISE, "--cycles", "4", "--seed", "8", output=f"c.{kind}"))
    assert one == two
    assert one != other
    for name in ("d1", "d2", "d3"):
        assert digest(home / "a" / f"{name}.wav") == digest(home / "b" / f"{name}.wav")


def test_a_track_sounds_the_same_whatever_plays_beside_it(home: Path) -> None:
    """Each voice has its own random numbers: a stem may be rendered alone."""
    rendered(home, 'd1 >> s("hh*8")', "--cycles", "2", "--stems", home / "alone")
    rendered(home, 'd0 >> s("sn*16")\nd1 >> s("hh*8")', "--cycles", "2", "--stems", home / "both")
    alone, _ = soundfile.read(home / "alone" / "d1.wav")
    both, _ = soundfile.read(home / "both" / "d1.wav")
    assert numpy.array_equal(alone, both)


def test_stems_add_up_to_the_master_where_nothing_is_limited(home: Path) -> None:
    code = 'd1 >> s("bd*4")\nd2 >> s("hh*8")\nd1.gain(-12)\nd2.gain(-12)\n'
    path = rendered(home, code, "--cycles", "4", "--stems", home / "stems")
    master, _ = soundfile.read(path)
    total: Any = sum(soundfile.read(home / "stems" / f"{name}.wav")[0] for name in ("d1", "d2"))
    length = min(len(master), len(total))
    # The master takes out DC (0.5 Hz at -3 dB), which shifts a kick a little.
    assert numpy.abs(master[:length] - total[:length]).max() < 0.02


def test_samples_are_rendered_as_they_sound(home: Path) -> None:
    folder = home / "player" / "samples" / "pling"
    folder.mkdir(parents=True)
    soundfile.write(folder / "ä.wav", numpy.sin(numpy.arange(4800) / 9).astype("float32") * 0.5, 48_000)
    path = rendered(home, 'd1 >> s("pling*2")', "--cycles", "2")
    samples, _ = soundfile.read(path)
    assert numpy.abs(samples).max() > 0.1
    assert numpy.abs(samples[40_000:47_000]).max() < 1e-3


@pytest.mark.parametrize(
    ("code", "arguments", "said"),
    [
        ("x = 1", (), "plays nothing"),
        ('d1 >> s("bd [sn")', (), "^"),
        ('d1 >> s("nope")', (), "'nope'"),
        ("1/0", (), "division by zero"),
        ('d1 >> s("~")', ("--cycles", "2"), "Nothing sounds"),
        ('d1 >> s("bd")', ("--cycles", "0"), "longer than nothing"),
        ('d1 >> s("bd")', ("--cycles", "-3"), "not -3 cycles"),
        ('d1 >> s("bd")', ("--cycles", "many"), "many"),
        ('d1 >> s("bd")', ("--seconds", "100000"), "a day"),
        ("\n".join(f'd{n} >> s("bd")' for n in range(1, 33)), ("--cycles", "1", "--stems", "s"), "stems"),
        ('d1 >> s("bd")', ("-o", "/proc/no/out.wav"), "cannot be written"),
        ('d1 >> s("bd")', ("--events", "/proc/no/events"), "cannot be written"),
    ],
)
def test_what_cannot_be_rendered_is_said_and_leaves_no_file(
    home: Path, tmp_path: Path, code: str, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "set.py").write_text(code)
    done = subprocess.run(
        command(home, tmp_path / "set.py", "-o", tmp_path / "out.wav", *arguments),
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode not in (0, -signal.SIGSEGV)
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["set.py"]


def test_a_render_is_held_against_measures_of_one_before(home: Path) -> None:
    code, measures = 'd1 >> s("tick*4")', home / "measures.json"
    assert render(home, code, "--cycles", "1", "--stems", home / "stems", "--measures", measures).returncode == 0
    alike = render(home, code, "--cycles", "1", "--stems", home / "stems", "--expect", measures)
    assert alike.returncode == 0
    assert "is as" in alike.stdout
    other = render(home, 'd1 >> s("tick*3")', "--cycles", "1", "--stems", home / "stems", "--expect", measures)
    assert other.returncode == 1
    assert [line.split()[:2] for line in other.stdout.splitlines() if "onsets" in line][0] == ["mix", "onsets"]
    without = render(home, code, "--cycles", "1", "--expect", measures)
    assert without.returncode == 1
    assert without.stdout.endswith("Stems are measured where --stems DIR is given.\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_render_that_is_cancelled_leaves_no_file_and_no_process(home: Path, tmp_path: Path, number: int) -> None:
    (tmp_path / "set.py").write_text('d1 >> s("hh*64")\nd2 >> s("sn*64")')
    with subprocess.Popen(
        command(home, tmp_path / "set.py", "-o", tmp_path / "out.wav", "--cycles", "4000"),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        eventually(lambda: len(list(tmp_path.rglob("rendered.wav"))) == 1, 60.0)
        process.send_signal(number)
        assert process.wait(60) != 0
    assert [path.name for path in tmp_path.iterdir()] == ["set.py"]
