"""Renders scores with a real `scsynth -N`: what a test needs to hear a synthdef, sample by sample.

Events stand at exact samples: times are made for scsynth's own block grid (the rule of the reference, 0 samples
off over an hour).
"""

import shutil
import struct
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
import soundfile

from marmalade_sc.synthdefs.compile import BLOCK_COUNTER_BUS, Built
from marmalade_sc.synthdefs.metadata import Definition

BLOCK = 64
Samples = numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float64]]
Argument = int | float | str | bytes | list[float]


def message(address: str, *arguments: Argument) -> bytes:
    """One OSC message; a list becomes an OSC array of floats."""
    tags, body = ",", b""
    for argument in arguments:
        if isinstance(argument, bytes):
            tags += "b"
            body += struct.pack(">i", len(argument)) + argument + b"\0" * (-len(argument) % 4)
        elif isinstance(argument, str):
            tags += "s"
            body += _text(argument)
        elif isinstance(argument, int):
            tags += "i"
            body += struct.pack(">i", argument)
        elif isinstance(argument, float):
            tags += "f"
            body += struct.pack(">f", argument)
        else:
            tags += "[" + "f" * len(argument) + "]"
            body += struct.pack(f">{len(argument)}f", *argument)
    return _text(address) + _text(tags) + body


def _text(text: str) -> bytes:
    raw = text.encode() + b"\0"
    return raw + b"\0" * (-len(raw) % 4)


def timetag(sample: int, rate: int) -> int:
    """The NRT timetag that scsynth places exactly on `sample`."""
    increment = int(BLOCK / (rate * 2.0**-32))
    return (sample // BLOCK) * increment + int((sample % BLOCK + 0.1) * 2**32 / rate)


@dataclass(frozen=True, slots=True)
class Note:
    """A synth at a sample. `exact` makes it `margin` samples early and lets the voice delay itself into place."""

    sample: int
    controls: dict[str, float]
    exact: bool = False
    margin: int = 960
    random_id: int = 1
    random_seed: int = 1
    group: int = 0


def block_counter() -> bytes:
    """A compiled synthdef that counts the server's blocks on the control bus that exact voices read."""
    from supriya.ugens import Out, Phasor, SynthDefBuilder

    with SynthDefBuilder() as builder:
        Out.kr(  # type: ignore[attr-defined]  # made while supriya is imported
            bus=BLOCK_COUNTER_BUS,
            source=[Phasor.kr(rate=1, start=0, stop=2**24)],  # type: ignore[attr-defined]
        )
    return builder.build(name="block_counter").compile()


def arguments(definition: Definition, note: Note) -> list[float]:
    """All control values of a note by index, as the dispatcher sends them."""
    values = {control.name: control.default for control in definition.controls} | note.controls
    at = {"at_block": 0.0, "at_offset": 0.0}
    if note.exact:
        at = {"at_block": float(note.sample // BLOCK), "at_offset": float(note.sample % BLOCK)}
    values |= {"out": 0.0, **at, "random_id": float(note.random_id), "random_seed": float(note.random_seed)}
    values |= {"gate": 1.0}
    names = [control.name for control in definition.controls] + list(definition.internal)
    return [float(values[name]) for name in names]


def render(
    folder: Path,
    built: Sequence[Built],
    notes: Sequence[tuple[Built, Note]],
    seconds: float,
    *,
    rate: int = 48000,
    first: Sequence[bytes] = (),
    extra: Sequence[tuple[int, bytes]] = (),
    generators: int = 4096,
) -> Samples:
    """What scsynth plays, as floats of shape (samples, 2), from sample 0 on.

    `first` are messages at sample 0 (buffers), `extra` further ones at (sample, message); the block counter always
    runs at the head of the root group.
    """
    assert shutil.which("scsynth"), "scsynth is not installed: apt install supercollider-server"
    start = [message("/d_recv", one.data) for one in built]
    start += [message("/d_recv", block_counter()), message("/s_new", "block_counter", 900, 0, 0), *first]
    entries = [(0, item) for item in start] + list(extra)
    for identity, (one, note) in enumerate(notes):
        wire = one.definition.exact if note.exact else one.definition.wall
        assert wire is not None
        due = note.sample - (note.margin if note.exact else 0)
        values = arguments(one.definition, note)
        entries.append((due, message("/s_new", wire, 1000 + identity, 1, note.group, 0, values)))
    entries.append((int(seconds * rate), message("/c_set", 100, 0.0)))
    score = folder / "score.osc"
    with score.open("wb") as file:
        for sample, item in sorted(entries, key=lambda entry: entry[0]):
            time = 0 if sample <= 0 else timetag(sample, rate)
            bundle = b"#bundle\0" + struct.pack(">Q", time) + struct.pack(">i", len(item)) + item
            file.write(struct.pack(">i", len(bundle)) + bundle)
    output = folder / "out.wav"
    command = ["scsynth", "-N", str(score), "_", str(output), str(rate), "WAV", "float", "-o", "2", "-i", "0"]
    command += ["-D", "0", "-m", "262144", "-n", "16384", "-w", "512", "-r", str(generators)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0 and "ERROR" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert "FAILURE" not in done.stdout, done.stdout
    audio, _ = soundfile.read(output, always_2d=True, dtype="float64")
    samples: Samples = audio
    return samples
