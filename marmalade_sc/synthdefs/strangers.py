"""Compiled synthdefs of strangers: read, checked unit by unit, and written anew; their bytes never reach scsynth. Pure.

A malformed synthdef kills scsynth, and a valid one may free other people's nodes, read their buses or write files. So
only what is in `allowed` passes, in its form; buses and buffers come from controls that we set; done actions end the
synth itself or nothing. What it costs is measured by a trial render, what it sounds like is held by its strip.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from marmalade_sc.errors import SynthDefError
from marmalade_sc.synthdefs.allowed import Form, allowed
from marmalade_sc.synthdefs.scgf import Graph, Unit, read, write

__all__ = ["Bounds", "Stranger", "admit"]

_CONSTANT: Final = -1
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,31}(\.[0-9a-f]{12})?(\.[wx])?")
_CONTROL: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_AUDIO: Final = 2
_DEMAND: Final = 3
#: Where a unit has its done action; it must be a constant, and one of 0 (nothing) and 2 (ends this synth).
_DONE_ACTION: Final = {"EnvGen": 4, "Line": 3, "Linen": 4, "PlayBuf": 5, "XLine": 3}
_DONE_ALLOWED: Final = frozenset({0.0, 2.0})
#: Inputs that set how much memory a unit takes when it is made: constants, or made of the sample rate, in seconds.
_MEMORY: Final = {
    **dict.fromkeys(("AllpassC", "AllpassL", "AllpassN", "CombC", "CombL", "CombN", "DelayC", "DelayL", "DelayN"), 1),
    "Pluck": 2,
    "PitchShift": 1,
    "Limiter": 2,
    "Normalizer": 2,
    "TDelay": 1,
}
_BUS: Final = {"Out": 0, "OffsetOut": 0}
_BUFFER: Final = dict.fromkeys(
    ("BufChannels", "BufDur", "BufFrames", "BufRateScale", "BufRd", "BufSampleRate", "BufSamples", "PlayBuf"), 0
)
_UNARY: Final = 54
_BINARY: Final = 52
"""The last operators that scsynth 3.13 knows; beyond them it reads behind its table."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a stranger's synthdef may be.

    Attributes:
        data: bytes of a file.
        graphs: synthdefs in a file; ours have two, one for each mode.
        units, inputs: of one synthdef in all.
        wide: inputs or outputs of one unit.
        controls: named controls.
        memory_s: length of one delay line in seconds, and of all of a synthdef.
    """

    data: int = 1 << 16
    graphs: int = 2
    units: int = 400
    inputs: int = 4000
    wide: int = 64
    controls: int = 64
    memory_s: tuple[float, float] = (4.0, 10.0)


@dataclass(frozen=True, slots=True)
class Stranger:
    """A synthdef that passed: its graphs and the bytes that we wrote of them, under a name made of their hash."""

    graphs: tuple[Graph, ...]
    data: bytes
    hash: str


def admit(data: bytes, bounds: Bounds = Bounds()) -> Stranger:  # noqa: B008  a frozen value
    """The synthdefs of an SCgf file, if every unit is one that may be played.

    Raises:
        SynthDefError: it is damaged, too large, or does what a stranger's synthdef may not; the message says what.
    """
    if len(data) > bounds.data:
        raise SynthDefError(
            f"A compiled synthdef of {len(data)} bytes is too large", hint=f"{bounds.data} are allowed."
        )
    try:
        graphs = read(data)
    except (ValueError, UnicodeDecodeError) as error:
        raise SynthDefError(f"A compiled synthdef cannot be read: {error}") from None
    if not 1 <= len(graphs) <= bounds.graphs:
        raise SynthDefError(f"A file with {len(graphs)} synthdefs", hint=f"It has one to {bounds.graphs}.")
    for graph in graphs:
        _check(graph, bounds)
    digest = hashlib.sha256(write([replace(graph, name="") for graph in graphs])).hexdigest()[:12]
    named = tuple(
        replace(graph, name=f"{graph.name.split('.')[0]}.{digest}.{suffix}")
        for graph, suffix in zip(graphs, _suffixes(graphs), strict=True)
    )
    return Stranger(named, write(named), digest)


def _suffixes(graphs: Sequence[Graph]) -> Iterable[str]:
    return ("w",) if len(graphs) == 1 else ("w", "x")


def _check(graph: Graph, bounds: Bounds) -> None:
    if not _NAME.fullmatch(graph.name):
        raise SynthDefError(f"{graph.name!r:.60} cannot name a synthdef", hint="Use a-z, 0-9 and _, a letter first.")
    where = f"The synthdef {graph.name}"
    if len(graph.units) > bounds.units or sum(len(unit.inputs) for unit in graph.units) > bounds.inputs:
        raise SynthDefError(f"{where} has {len(graph.units)} UGens", hint=f"It may have {bounds.units}.")
    if not all(math.isfinite(value) for value in (*graph.constants, *graph.defaults)):
        raise SynthDefError(f"{where} has a constant or default that is no finite number")
    _check_controls(graph, where, bounds)
    memory_s = 0.0
    has_local = False
    for unit in graph.units:
        form = allowed().get(unit.name)
        if form is None:
            raise SynthDefError(
                f"{where} uses {unit.name!r:.40}, which a stranger's synthdef may not", hint="See docs/generators.md."
            )
        _check_form(graph, unit, form, where, bounds)
        _check_buses(graph, unit, where)
        memory_s += _memory_s(graph, unit, where, bounds)
        if unit.name == "LocalOut" and not has_local:
            raise SynthDefError(f"{where} has LocalOut without LocalIn")
        if unit.name == "LocalIn" and has_local:
            raise SynthDefError(f"{where} has LocalIn twice")
        has_local = has_local or unit.name == "LocalIn"
    if memory_s > bounds.memory_s[1]:
        raise SynthDefError(
            f"{where} has {memory_s:.1f} s of delay lines", hint=f"It may have {bounds.memory_s[1]:g} s."
        )
    if not any(unit.name in _BUS for unit in graph.units):
        raise SynthDefError(f"{where} has no output", hint="It ends in Out or OffsetOut on its control `out`.")


def _check_controls(graph: Graph, where: str, bounds: Bounds) -> None:
    if len(graph.parameters) > bounds.controls or len(graph.defaults) > bounds.controls:
        raise SynthDefError(f"{where} has too many controls", hint=f"It may have {bounds.controls}.")
    names = [name for name, _ in graph.parameters]
    if len(set(names)) != len(names) or not all(_CONTROL.fullmatch(name) for name in names):
        raise SynthDefError(f"{where} has controls with strange names or one name twice")
    places = sorted(index for _, index in graph.parameters)
    if places != list(range(len(graph.defaults))):
        raise SynthDefError(f"{where} has controls that are not one value each")
    controls = [unit for unit in graph.units if unit.name == "Control"]
    if len(controls) > 1 or any(unit.special or len(unit.outputs) != len(graph.defaults) for unit in controls):
        raise SynthDefError(f"{where} has controls that do not belong to its parameters")


def _check_form(graph: Graph, unit: Unit, form: Form, where: str, bounds: Bounds) -> None:
    what = f"{where}: its {unit.name}"
    if unit.rate not in form.rates:
        raise SynthDefError(f"{what} runs at a rate that it does not have")
    if len(unit.inputs) < form.inputs or (len(unit.inputs) > form.inputs and not form.has_more):
        raise SynthDefError(f"{what} has {len(unit.inputs)} inputs instead of {form.inputs}")
    if form.outputs is not None and len(unit.outputs) != form.outputs:
        raise SynthDefError(f"{what} has {len(unit.outputs)} outputs instead of {form.outputs}")
    if max(len(unit.inputs), len(unit.outputs) if unit.name != "Control" else 0) > bounds.wide:
        raise SynthDefError(f"{what} has more than {bounds.wide} inputs or outputs")
    if any(rate != unit.rate for rate in unit.outputs):
        raise SynthDefError(f"{what} has outputs at another rate than its own")
    rates = [_rate_of(graph, source, output) for source, output in unit.inputs]
    if unit.rate == _AUDIO and form.is_filter and rates and rates[0] != _AUDIO:
        raise SynthDefError(f"{what} filters what is not sound", hint="Its first input must be at audio rate.")
    if unit.rate == _AUDIO and unit.name in ("Out", "OffsetOut", "LocalOut"):
        skipped = 0 if unit.name == "LocalOut" else 1
        if any(rate != _AUDIO for rate in rates[skipped:]):
            raise SynthDefError(f"{what} puts out what is not sound")
    if unit.name in ("UnaryOpUGen", "BinaryOpUGen"):
        last = _UNARY if unit.name == "UnaryOpUGen" else _BINARY
        if not 0 <= unit.special <= last or unit.rate < max(rates, default=0):
            raise SynthDefError(f"{what} is an operator that does not exist, or slower than what it takes")
    elif unit.name in ("Sum3", "Sum4", "MulAdd") and unit.rate < max(rates, default=0):
        raise SynthDefError(f"{what} is slower than what it takes")
    elif unit.special and unit.name != "Control":
        raise SynthDefError(f"{what} has a special index")
    place = _DONE_ACTION.get(unit.name)
    if place is not None and graph.constant_inputs(unit)[place] not in _DONE_ALLOWED:
        raise SynthDefError(f"{what} has a done action that may reach other nodes", hint="Use 0 or 2.")
    if unit.name == "EnvGen":
        _check_envelope(graph, unit, what)
    if unit.name == "Klank" and (len(unit.inputs) - 4) % 3:
        raise SynthDefError(f"{what} has a list of partials that is cut")


def _check_envelope(graph: Graph, unit: Unit, what: str) -> None:
    """EnvGen reads as many stages as its fourth constant says, wherever its inputs end."""
    values = graph.constant_inputs(unit)
    stages = values[6] if len(values) > 8 else None
    if stages is None or stages != int(stages) or stages < 1 or len(values) != 9 + 4 * int(stages):
        raise SynthDefError(f"{what} says another number of stages than it has")


def _rate_of(graph: Graph, source: int, output: int) -> int:
    return 0 if source == _CONSTANT else graph.units[source].outputs[output]


def _control_of(graph: Graph, wire: tuple[int, int]) -> str:
    """The name of the control that a wire comes straight from, or ""."""
    source, output = wire
    if source == _CONSTANT or graph.units[source].name != "Control":
        return ""
    return next((name for name, index in graph.parameters if index == output), "")


def _check_buses(graph: Graph, unit: Unit, where: str) -> None:
    place = _BUS.get(unit.name)
    if place is not None and _control_of(graph, unit.inputs[place]) != "out":
        raise SynthDefError(f"{where} plays into a bus of its own choice", hint="Its bus is the control `out`.")
    if unit.name in _BUS and (unit.rate != _AUDIO or len(unit.inputs) > 3):
        raise SynthDefError(f"{where} plays into more than two channels, or into control buses")
    if unit.name == "In":
        values = graph.constant_inputs(unit)
        if unit.rate != 1 or values[0] != 0.0 or len(unit.outputs) != 1:
            raise SynthDefError(f"{where} reads a bus", hint="Only control bus 0, the block counter, may be read.")
    place = _BUFFER.get(unit.name)
    if place is not None and _control_of(graph, unit.inputs[place]) != "buf":
        raise SynthDefError(f"{where} uses a buffer of its own choice", hint="Its buffer is the control `buf`.")
    if unit.name == "RandID" and _control_of(graph, unit.inputs[0]) != "random_id":
        raise SynthDefError(f"{where} takes another's random generator", hint="It is the control `random_id`.")


def _memory_s(graph: Graph, unit: Unit, where: str, bounds: Bounds) -> float:
    place = _MEMORY.get(unit.name)
    if place is None or unit.name == "TDelay":
        return 0.0
    length_s = _constant_of(graph, unit.inputs[place])
    if length_s is None or not 0.0 <= length_s <= bounds.memory_s[0]:
        raise SynthDefError(
            f"{where}: its {unit.name} asks for memory that is not known, or too much",
            hint=f"Its longest time must be a constant of at most {bounds.memory_s[0]:g} s.",
        )
    return length_s


def _constant_of(graph: Graph, wire: tuple[int, int]) -> float | None:
    """A constant, or the sum of one and ControlDur, which our framework writes for its own delay line."""
    source, index = wire
    if source == _CONSTANT:
        return graph.constants[index]
    unit = graph.units[source]
    if unit.name == "BinaryOpUGen" and unit.special == 0:
        for one, other in (unit.inputs, unit.inputs[::-1]):
            if one[0] == _CONSTANT and other[0] != _CONSTANT and graph.units[other[0]].name == "ControlDur":
                return graph.constants[one[1]] + 0.01
    return None
