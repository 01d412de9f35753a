"""Plays generators together under a virtual clock, faster than real time and always alike: for checks and renders.

    python -m marmalade_sc.sdk.offline generators/drums generators/bass --cycles 8 --seed 1 --json

Frame k sees the state written up to frame k-2, as it does live; writes are committed at a frame's end, in the order
of the instances. What runs is the author's own code, in this process: do it in a sandbox where it is not yours.
"""

import argparse
import contextvars
import json
import os
import runpy
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, NoReturn

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import GeneratorError, MarmaladeError
from marmalade_sc.ids import check_name
from marmalade_sc.sdk.instruments import Bank, Sample
from marmalade_sc.sdk.jam import Jam, Write
from marmalade_sc.sdk.memory import Entry, Memory
from marmalade_sc.sdk.seeds import track_seed
from marmalade_sc.sdk.stage import STAGE, Stage, begin_of, frame_at, milliseconds_of
from marmalade_sc.sdk.voice import Played

__all__ = ["Part", "Performance", "Scene", "load", "perform"]

START: Final = UNITS_PER_SECOND
"""Jam time of cycle 0."""


@dataclass(frozen=True, slots=True)
class Part:
    """A generator that takes part: its folder, and what its controls are at the start."""

    folder: Path
    controls: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """What surrounds the generators.

    Attributes:
        catalogue: JSON file with what can be played, as MARMALADE_ORCHESTRA names one.
        writes: what others write: by the cycle, the key, and the fields.
    """

    catalogue: Path
    cycles: int = 8
    seed: int = 0
    bpm: Fraction | float = 120
    writes: Sequence[tuple[Fraction | int, str, Mapping[str, object]]] = ()


@dataclass(frozen=True, slots=True)
class Performance:
    """What came of it.

    Attributes:
        notes: (instance, note), in order of time.
        writes: tags and other entries, with the cycle in which they were written.
        complaints: (instance, sentence).
    """

    notes: tuple[tuple[str, Played], ...]
    writes: tuple[tuple[Fraction, Write], ...]
    complaints: tuple[tuple[str, str], ...]
    timeline: Timeline

    def rows(self) -> list[dict[str, object]]:
        """Notes as plain data."""
        return [
            {
                "cycle": str(note.cycle),
                "instance": instance,
                "voice": note.voice,
                "s": note.instrument.name,
                "controls": {name: float(f"{value:.6g}") for name, value in note.controls().items()},
            }
            for instance, note in self.notes
        ]

    def lines(self) -> list[str]:
        """Notes and writes as lines of text, in order of time."""
        rows = [
            (
                note.cycle,
                1,
                f"{instance.split(':')[1]}.{note.voice} {note.instrument.name}"
                + "".join(f" {name}={value:.5g}" for name, value in note.controls().items()),
            )
            for instance, note in self.notes
        ]
        for cycle, write in self.writes:
            value = write.fields.get("value", "...")
            rows.append((cycle, 0, f"{write.key.removeprefix('tags:')} = {value}"))
        rows.sort(key=lambda row: row[:2])
        return [f"{float(cycle):9.4f}  {text}" for cycle, _, text in rows]


class _Taken(SystemExit):
    """A generator has said all that it is: from here on it is driven."""


@dataclass(slots=True)
class _Taker:
    jam: Jam | None = None

    def run(self, jam: Jam) -> NoReturn:
        self.jam = jam
        raise _Taken


def entry_point(folder: Path) -> Path:
    """The first executable file of a folder, by name. Raises GeneratorError where there is none, or it is no Python."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file() and os.access(path, os.X_OK))
    except OSError as error:
        raise GeneratorError(f"{folder} cannot be read: {error.strerror}") from error
    if not files:
        raise GeneratorError(f"{folder.name} has no executable file", hint="Say: chmod +x on what starts it.")
    with files[0].open("rb") as file:
        first = file.readline(200)
    if b"python" not in first:
        raise GeneratorError(
            f"{folder.name}/{files[0].name} is not written with the SDK",
            hint="It lives by the clock on the wall; run it in a player.",
        )
    return files[0]


def load(folder: Path, stage: Stage) -> Jam:
    """Run a generator up to `jam.run()`.

    Raises:
        GeneratorError: it is none, fails, or never comes to `jam.run()`.
    """
    path = entry_point(folder)
    taker = _Taker()
    stage.driver = taker

    def begin() -> None:
        STAGE.set(stage)
        sys.path.insert(0, str(folder))
        try:
            runpy.run_path(str(path), run_name="__main__")
        except _Taken:
            pass
        finally:
            sys.path.remove(str(folder))

    try:
        contextvars.copy_context().run(begin)
    except MarmaladeError:
        raise
    except (Exception, SystemExit) as error:
        raise GeneratorError(f"{folder.name} fails: {type(error).__name__}: {error}") from error
    if taker.jam is None:
        raise GeneratorError(f"{folder.name} ends at once", hint="Its last line is: jam.run()")
    return taker.jam


def perform(parts: Sequence[Part], scene: Scene) -> Performance:
    """Play generators together.

    Raises:
        GeneratorError: one is none, or fails at its start.
        JamError: the catalogue cannot be read.
    """
    jams: dict[str, Jam] = {}
    for each in parts:
        name = check_name(each.folder.resolve().name, "generator")
        number = 1 + sum(1 for path in jams if path.split(":")[1] == name)
        path = f"local:{name}:{number}"
        seed = track_seed(scene.seed, f"{name}:{number}") & 0x7FFFFFFF
        controls = {**_defaults(each.folder), **each.controls}
        stage = Stage(path, name, seed, controls, scene.catalogue, _Taker(), banks=_banks(each.folder))
        jams[path] = load(each.folder, stage)
    timeline = Timeline.steady(scene.bpm, START)
    memory = Memory()
    notes: list[tuple[str, Played]] = []
    writes: list[tuple[Fraction, Write]] = []
    coming = sorted(scene.writes, key=lambda row: Fraction(row[0]))
    count = 0
    end = timeline.timetag(Fraction(scene.cycles))
    frame = frame_at(START)
    while begin_of(frame) < end:
        outputs = [(path, jam.step(frame, timeline, memory)) for path, jam in sorted(jams.items())]
        at_ms = milliseconds_of(frame)
        cycle = timeline.cycle(begin_of(frame))
        while coming and timeline.timetag(Fraction(coming[0][0])) < begin_of(frame + 1):
            _, key, fields = coming.pop(0)
            count += 1
            memory.add(key, Entry((at_ms, count), fields))
        for path, output in outputs:
            notes += [(path, note) for note in output.notes if note.cycle < scene.cycles]
            for write in output.writes:
                count += 1
                memory.add(write.key, Entry((write.at_ms, count), write.fields))
                writes.append((cycle, write))
        frame += 1
    notes.sort(key=lambda row: row[1].cycle)
    complaints = tuple((path, text) for path, jam in jams.items() for text in jam.complaints)
    return Performance(tuple(notes), tuple(writes), complaints, timeline)


def _banks(folder: Path) -> list[Bank]:
    """The samples that a generator brings, numbered as a player does it."""
    import wave

    banks = []
    for number, path in enumerate(sorted((folder / "samples").glob("*.wav"))):
        try:
            with wave.open(str(path), "rb") as file:
                channels, length_s = file.getnchannels(), file.getnframes() / file.getframerate()
        except (OSError, wave.Error, EOFError, ZeroDivisionError) as error:
            raise GeneratorError(f"{folder.name}/samples/{path.name} cannot be read: {error}") from error
        banks.append(Bank(path.stem, (Sample(number, channels, length_s),), preferred=True))
    return banks


def _defaults(folder: Path) -> dict[str, float]:
    """The controls that a manifest tells of."""
    import tomllib

    try:
        table = tomllib.loads((folder / "generator.toml").read_text(encoding="utf-8"))
        return {name: float(row["default"]) for name, row in table.get("controls", {}).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise GeneratorError(f"{folder.name}/generator.toml cannot be read: {error}") from error


def main(arguments: Sequence[str]) -> int:
    """Play, and print what came of it; the exit status: 1 where somebody complained."""
    parser = argparse.ArgumentParser(
        prog="python -m marmalade_sc.sdk.offline", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("folder", nargs="+", type=Path)
    parser.add_argument("--cycles", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bpm", type=float, default=120.0)
    parser.add_argument("--orchestra", type=Path, default=Path(os.environ.get("MARMALADE_ORCHESTRA", "orchestra.json")))
    parser.add_argument("--json", action="store_true", help="one object instead of lines")
    given = parser.parse_args(arguments)
    scene = Scene(given.orchestra, given.cycles, given.seed, given.bpm)
    found = perform([Part(folder) for folder in given.folder], scene)
    if given.json:
        tags = [
            {"cycle": str(cycle), "key": write.key, "at_ms": write.at_ms, "fields": dict(write.fields)}
            for cycle, write in found.writes
        ]
        print(json.dumps({"events": found.rows(), "tags": tags, "complaints": found.complaints}))
    else:
        print("\n".join(found.lines()))
    return 1 if found.complaints else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except MarmaladeError as error:
        sys.exit(str(error))
