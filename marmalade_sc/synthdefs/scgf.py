"""Compiled synthdefs (SCgf, version 2) as values: read, rewrite, write. Pure; no supriya.

Supriya sorts a synthdef's controls by name and places seeding UGens where its graph sort likes them. The layout
that the engine relies on (controls by index, seeding first) is therefore made here, on the compiled form.
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

__all__ = ["CONTROL_UGENS", "Graph", "Unit", "first_units", "read", "renamed", "seeded", "with_parameters", "write"]

#: UGens that put a synth's controls into the graph.
CONTROL_UGENS = frozenset({"Control", "AudioControl", "LagControl", "TrigControl"})
_MAGIC = int.from_bytes(b"SCgf", "big")
_CONSTANT = -1
_SCALAR_RATE = 0


@dataclass(frozen=True, slots=True)
class Unit:
    """One UGen. `inputs` are (unit index, output index), or (-1, constant index)."""

    name: str
    rate: int
    special: int
    inputs: tuple[tuple[int, int], ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """One synthdef. `defaults` are by control index; `parameters` are (name, first control index)."""

    name: str
    constants: tuple[float, ...]
    defaults: tuple[float, ...]
    parameters: tuple[tuple[str, int], ...]
    units: tuple[Unit, ...]

    def constant_inputs(self, unit: Unit) -> tuple[float | None, ...]:
        """The value of each input that is a constant, None for the others."""
        return tuple(self.constants[index] if source == _CONSTANT else None for source, index in unit.inputs)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, form: str) -> tuple[int | float, ...]:
        size = struct.calcsize(form)
        if self.at + size > len(self.data):
            raise ValueError(f"SCgf ends at byte {len(self.data)}, wanted {self.at + size}")
        values = struct.unpack_from(form, self.data, self.at)
        self.at += size
        return values

    def integer(self, form: str) -> int:
        return int(self.take(form)[0])

    def count(self, form: str, item_bytes: int) -> int:
        """A count of items of at least `item_bytes`: checked against what is left, so it cannot ask for memory."""
        number = self.integer(form)
        if number < 0 or number * item_bytes > len(self.data) - self.at:
            raise ValueError(f"SCgf claims {number} items at byte {self.at}, more than its {len(self.data)} bytes hold")
        return number

    def floats(self, number: int) -> tuple[float, ...]:
        return tuple(float(value) for value in self.take(f">{number}f"))

    def text(self) -> str:
        length = self.integer(">B")
        raw = self.data[self.at : self.at + length]
        if len(raw) != length:
            raise ValueError(f"SCgf ends inside a name at byte {self.at}")
        self.at += length
        return raw.decode("ascii")


def read(data: bytes) -> tuple[Graph, ...]:
    """The synthdefs of one SCgf file.

    Raises:
        ValueError: when it is not SCgf version 2, is cut, has variants, or refers to what does not exist.
    """
    reader = _Reader(data)
    if reader.integer(">i") != _MAGIC:
        raise ValueError("not SCgf: it must begin with the letters SCgf")
    version = reader.integer(">i")
    if version != 2:
        raise ValueError(f"SCgf version {version} is not read here; only version 2 is")
    return tuple(_read_graph(reader) for _ in range(reader.count(">h", 1)))


def _read_graph(reader: _Reader) -> Graph:
    name = reader.text()
    constants = reader.floats(reader.count(">i", 4))
    defaults = reader.floats(reader.count(">i", 4))
    parameters = tuple((reader.text(), reader.integer(">i")) for _ in range(reader.count(">i", 5)))
    units = tuple(_read_unit(reader) for _ in range(reader.count(">i", 12)))
    if reader.integer(">h"):
        raise ValueError(f"synthdef {name} has variants; they are not read here")
    for index, unit in enumerate(units):
        for source, output in unit.inputs:
            limit = len(constants) if source == _CONSTANT else len(units[source].outputs) if 0 <= source < index else 0
            if source < _CONSTANT or not 0 <= output < limit:
                raise ValueError(f"synthdef {name}: {unit.name} (unit {index}) reads what does not come before it")
    return Graph(name, constants, defaults, parameters, units)


def _read_unit(reader: _Reader) -> Unit:
    name = reader.text()
    rate = reader.integer(">b")
    inputs, outputs = reader.count(">i", 8), reader.count(">i", 1)
    special = reader.integer(">h")
    wires = tuple((reader.integer(">i"), reader.integer(">i")) for _ in range(inputs))
    return Unit(name, rate, special, wires, tuple(reader.integer(">b") for _ in range(outputs)))


def write(graphs: Sequence[Graph]) -> bytes:
    """The bytes of one SCgf file with these synthdefs, in this order."""
    parts = [b"SCgf", struct.pack(">ih", 2, len(graphs))]
    for graph in graphs:
        parts.append(_text(graph.name))
        parts.append(struct.pack(f">i{len(graph.constants)}f", len(graph.constants), *graph.constants))
        parts.append(struct.pack(f">i{len(graph.defaults)}f", len(graph.defaults), *graph.defaults))
        parts.append(struct.pack(">i", len(graph.parameters)))
        parts.extend(_text(name) + struct.pack(">i", index) for name, index in graph.parameters)
        parts.append(struct.pack(">i", len(graph.units)))
        parts.extend(_write_unit(unit) for unit in graph.units)
        parts.append(struct.pack(">h", 0))
    return b"".join(parts)


def _write_unit(unit: Unit) -> bytes:
    head = struct.pack(">biih", unit.rate, len(unit.inputs), len(unit.outputs), unit.special)
    wires = b"".join(struct.pack(">ii", source, output) for source, output in unit.inputs)
    return _text(unit.name) + head + wires + bytes(unit.outputs)


def _text(value: str) -> bytes:
    raw = value.encode("ascii")
    if len(raw) > 255:
        raise ValueError(f"name {value[:20]}... has {len(raw)} bytes; SCgf holds 255")
    return bytes([len(raw)]) + raw


def renamed(graph: Graph, name: str) -> Graph:
    """The same synthdef under another name."""
    return replace(graph, name=name)


def with_parameters(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The same synthdef with its parameters renamed (old to new), in the order of their control indices."""
    ordered = sorted(graph.parameters, key=lambda parameter: parameter[1])
    return replace(graph, parameters=tuple((names[name], index) for name, index in ordered))


def first_units(graph: Graph, is_first: Callable[[Unit], bool]) -> Graph:
    """The same synthdef with the units for which `is_first` holds moved to the head, each order kept.

    Raises:
        ValueError: when a moved unit reads one that stays behind it.
    """
    order = [i for i, unit in enumerate(graph.units) if is_first(unit)]
    moved = set(order)
    order += [i for i in range(len(graph.units)) if i not in moved]
    place = {old: new for new, old in enumerate(order)} | {_CONSTANT: _CONSTANT}
    units = []
    for new, old in enumerate(order):
        unit = graph.units[old]
        if any(place[source] >= new for source, _ in unit.inputs):
            raise ValueError(f"{unit.name} cannot move before what it reads")
        units.append(replace(unit, inputs=tuple((place[source], output) for source, output in unit.inputs)))
    return replace(graph, units=tuple(units))


def seeded(graph: Graph, generator_control: int, seed_control: int) -> Graph:
    """The synthdef with RandID and RandSeed directly behind its only Control unit, before all others.

    scsynth runs the constructors of all units in the order of the graph before the first sample, so every random
    unit, whatever it draws when it is made, draws from the generator and seed given by the two controls.

    Raises:
        ValueError: when the synthdef has no Control unit, or more than one control unit.
    """
    if [unit.name for unit in graph.units if unit.name in CONTROL_UGENS] != ["Control"]:
        raise ValueError(f"synthdef {graph.name}: seeding needs exactly one Control unit")
    graph = first_units(graph, lambda unit: unit.name in CONTROL_UGENS)
    constants = graph.constants if 1.0 in graph.constants else (*graph.constants, 1.0)
    one = (_CONSTANT, constants.index(1.0))
    seeding = (
        Unit("RandID", _SCALAR_RATE, 0, ((0, generator_control),), (_SCALAR_RATE,)),
        Unit("RandSeed", _SCALAR_RATE, 0, (one, (0, seed_control)), (_SCALAR_RATE,)),
    )
    shift = len(seeding)
    others = tuple(
        replace(unit, inputs=tuple((s + shift if s > 0 else s, output) for s, output in unit.inputs))
        for unit in graph.units[1:]
    )
    return replace(graph, constants=constants, units=(graph.units[0], *seeding, *others))
