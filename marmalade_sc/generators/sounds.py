"""What a generator brings to sound with: compiled synthdefs and wav files, checked and written anew. Pure.

A file of a stranger never reaches scsynth: its synthdefs are admitted unit by unit, get the row of controls that the
engine writes to, and are written by us; its samples are read by an own reader that knows plain PCM and floats, since a
library that knows every format has had a hole in each.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from marmalade_sc.errors import ArchiveError
from marmalade_sc.generators.archive import Tree
from marmalade_sc.synthdefs.metadata import INTERNAL
from marmalade_sc.synthdefs.scgf import Graph, Unit, write
from marmalade_sc.synthdefs.strangers import Stranger, admit

__all__ = ["Sounds", "sounds_of", "standing", "wav"]

_SYNTHDEFS: Final = "synthdefs/"
_SAMPLES: Final = "samples/"
_MOST_SYNTHDEFS: Final = 32
_MOST_SAMPLES: Final = 16
_MOST_BYTES: Final = 32 << 20
_CONTROL: Final = 1
_LARGEST: Final = 1e9
_FORMATS: Final = {(1, 16): 2, (1, 24): 3, (1, 32): 4, (3, 32): 4}


@dataclass(frozen=True, slots=True)
class Sounds:
    """See the module.

    Attributes:
        rows: of its synthdefs, as the catalogue has them.
        compiled: their bytes.
        samples: name, sound file of ours, channels, seconds; sorted by name.
    """

    rows: tuple[Mapping[str, object], ...] = ()
    compiled: tuple[bytes, ...] = ()
    samples: tuple[tuple[str, bytes, int, float], ...] = ()


def sounds_of(tree: Tree) -> Sounds:
    """The sounds in a generator's files: `synthdefs/*.scsyndef` and `samples/*.wav`.

    Raises:
        SynthDefError: a synthdef is not one that a stranger may bring.
        ArchiveError: a sample is not what it should be, or there are too many.
    """
    rows, compiled, samples = [], [], []
    total = 0
    for path, file in tree.files.items():
        if path.startswith(_SYNTHDEFS) and path.endswith(".scsyndef"):
            row, data = standing(admit(file.data))
            rows.append(row)
            compiled.append(data)
        elif path.startswith(_SAMPLES) and path.endswith(".wav"):
            data, channels, length_s = wav(file.data, path)
            total += len(data)
            samples.append((path[len(_SAMPLES) : -4], data, channels, length_s))
    if len(rows) > _MOST_SYNTHDEFS or len(samples) > _MOST_SAMPLES or total > _MOST_BYTES:
        raise ArchiveError(
            "The generator brings too many sounds",
            hint=f"{_MOST_SYNTHDEFS} synthdefs and {_MOST_SAMPLES} samples of {_MOST_BYTES >> 20} MiB are allowed.",
        )
    return Sounds(tuple(rows), tuple(compiled), tuple(samples))


def standing(stranger: Stranger) -> tuple[Mapping[str, object], bytes]:
    """A catalogue row and bytes of an admitted synthdef whose controls stand as the engine writes them.

    The author's controls come first, then the framework's six (those it lacks lead nowhere).
    """
    graphs = [_standing(graph) for graph in stranger.graphs]
    own = _own(stranger.graphs[0])
    if any(_own(graph) != own for graph in stranger.graphs):
        graphs = graphs[:1]
    name = stranger.graphs[0].name.split(".")[0]
    first = stranger.graphs[0]
    defaults = {control: first.defaults[index] for control, index in first.parameters}
    can_wait = len(graphs) > 1 and {"at_block", "at_offset"} <= {
        control for control, _ in stranger.graphs[1].parameters
    }
    row = {
        "name": name,
        "hash": stranger.hash,
        "wall": graphs[0].name,
        "exact": graphs[1].name if can_wait else None,
        "kind": "sampler" if "buf" in own else "voice",
        "channels": 2,
        "random": False,
        "doc": "",
        "aliases": [],
        "controls": [
            {"name": control, "default": defaults[control], "low": -_LARGEST, "high": _LARGEST} for control in own
        ],
    }
    return row, write(graphs)


def _own(graph: Graph) -> list[str]:
    ordered = sorted(graph.parameters, key=lambda row: row[1])
    return [name for name, _ in ordered if name not in INTERNAL]


def _standing(graph: Graph) -> Graph:
    index = dict(graph.parameters)
    names = [*_own(graph), *INTERNAL]
    place = {index[name]: new for new, name in enumerate(names) if name in index}
    units = []
    source = next(number for number, unit in enumerate(graph.units) if unit.name == "Control")
    for number, unit in enumerate(graph.units):
        if number == source:
            units.append(Unit("Control", _CONTROL, 0, (), (_CONTROL,) * len(names)))
        else:
            wires = tuple((each, place[output] if each == source else output) for each, output in unit.inputs)
            units.append(replace(unit, inputs=wires))
    missing = {"gate": 1.0}
    return Graph(
        graph.name,
        graph.constants,
        tuple(graph.defaults[index[name]] if name in index else missing.get(name, 0.0) for name in names),
        tuple((name, number) for number, name in enumerate(names)),
        tuple(units),
    )


def wav(data: bytes, name: str = "") -> tuple[bytes, int, float]:
    """A wav file of ours with the sound of a wav file, its channels and its seconds.

    Raises:
        ArchiveError: it is no wav file of 16, 24 or 32 bits or floats, with one or two channels, of at most a minute.
    """
    wrong = ArchiveError(
        f"{name or 'A sample'} is not a plain wav file",
        hint="Use PCM with 16, 24 or 32 bits or 32-bit floats, one or two channels, 8 to 192 kHz, at most 60 s.",
    )
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise wrong
    at, form, sound = 12, b"", b""
    while at + 8 <= len(data):
        kind, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        body = data[at + 8 : at + 8 + size]
        if kind == b"fmt " and not form:
            form = body
        elif kind == b"data" and not sound:
            sound = body
        at += 8 + size + size % 2
    if len(form) < 16 or not sound:
        raise wrong
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", form)
    if tag == 0xFFFE and len(form) >= 26:  # WAVE_FORMAT_EXTENSIBLE: the tag is the first of its GUID
        tag = struct.unpack_from("<H", form, 24)[0]
    width = _FORMATS.get((tag, bits))
    if width is None or channels not in (1, 2) or not 8000 <= rate <= 192_000:
        raise wrong
    frames = len(sound) // (width * channels)
    if not 0 < frames <= 60 * rate:
        raise wrong
    sound = sound[: frames * width * channels]
    if tag == 3:
        sound = _finite(sound)
    head = struct.pack("<HHIIHH", tag, channels, rate, rate * channels * width, channels * width, bits)
    body = b"fmt " + struct.pack("<I", 16) + head + b"data" + struct.pack("<I", len(sound)) + sound
    body += b"\0" * (len(sound) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body, channels, frames / rate


def _finite(sound: bytes) -> bytes:
    """Floats without NaN and infinities, within -8 to 8."""
    values = struct.unpack(f"<{len(sound) // 4}f", sound)
    if all(-8.0 <= each <= 8.0 for each in values):
        return sound
    return struct.pack(f"<{len(values)}f", *(min(8.0, max(-8.0, each)) if each == each else 0.0 for each in values))
