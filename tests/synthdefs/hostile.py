"""Compiled synthdefs that nobody should load, built unit by unit; and some that are allowed and still mean harm."""

import math
import struct
from collections.abc import Callable
from dataclasses import replace

from marmalade_sc.synthdefs.scgf import Graph, Unit, write

__all__ = ["HOSTILE", "NASTY", "graph", "plain"]

AUDIO, CONTROL, SCALAR = 2, 1, 0


class _Builder:
    """Units one behind the other; `out` and `buf` are its controls."""

    def __init__(self, *controls: str) -> None:
        self.constants: list[float] = []
        self.controls = ("out", "buf", *controls)
        self.units = [Unit("Control", CONTROL, 0, (), (CONTROL,) * len(self.controls))]

    def number(self, value: float) -> tuple[int, int]:
        self.constants.append(value)
        return (-1, len(self.constants) - 1)

    def control(self, name: str) -> tuple[int, int]:
        return (0, self.controls.index(name))

    def add(
        self, name: str, rate: int, *inputs: float | tuple[int, int], outputs: int = 1, special: int = 0
    ) -> tuple[int, int]:
        wires = tuple(each if isinstance(each, tuple) else self.number(float(each)) for each in inputs)
        self.units.append(Unit(name, rate, special, wires, (rate,) * outputs))
        return (len(self.units) - 1, 0)

    def done(self, name: str = "evil") -> Graph:
        parameters = tuple((each, place) for place, each in enumerate(self.controls))
        return Graph(name, tuple(self.constants), (0.0,) * len(self.controls), parameters, tuple(self.units))


def graph(build: Callable[[_Builder], tuple[int, int] | None], name: str = "evil") -> Graph:
    """A synthdef whose sound `build` makes; the output is added behind it."""
    builder = _Builder()
    sound = build(builder) or builder.add("SinOsc", AUDIO, 440, 0)
    builder.add("Out", AUDIO, builder.control("out"), sound, outputs=0)
    return builder.done(name)


def plain(name: str = "tone") -> Graph:
    """One that may be played."""
    return graph(lambda b: b.add("SinOsc", AUDIO, 440, 0), name)


def _with(name: str, rate: int, *inputs: float, outputs: int = 1, special: int = 0) -> bytes:
    def build(b: _Builder) -> None:
        b.add(name, rate, *inputs, outputs=outputs, special=special)

    return write([graph(build)])


def _filter(name: str, *inputs: float) -> bytes:
    return write([graph(lambda b: b.add(name, AUDIO, b.add("WhiteNoise", AUDIO), *inputs))])


def _out(name: str = "Out", bus: float = 0.0, rate: int = AUDIO) -> bytes:
    def build(b: _Builder) -> tuple[int, int]:
        sound = b.add("SinOsc", rate, 440, 0)
        b.add(name, rate, bus, sound, outputs=0)
        return b.add("SinOsc", AUDIO, 440, 0)

    return write([graph(build)])


def _computed_bus() -> bytes:
    b = _Builder()
    bus = b.add("BinaryOpUGen", CONTROL, b.control("out"), 2, special=0)
    b.add("Out", AUDIO, bus, b.add("SinOsc", AUDIO, 440, 0), outputs=0)
    return write([b.done()])


def _buffer(name: str, *inputs: float, outputs: int = 1) -> bytes:
    return _with(name, AUDIO, *inputs, outputs=outputs)


def _envelope(stages: float, done: float = 0.0, more: tuple[float, ...] = (1.0, 0.1, 1.0, 0.0)) -> bytes:
    return _with("EnvGen", AUDIO, 1, 1, 0, 1, done, 0, stages, -99, -99, *more)


def _no_output() -> bytes:
    b = _Builder()
    b.add("SinOsc", AUDIO, 440, 0)
    return write([b.done()])


def _changed(change: Callable[[Graph], Graph]) -> bytes:
    return write([change(plain())])


def _cut(length: int) -> bytes:
    return write([plain()])[:length]


def _huge_count(place: int) -> bytes:
    data = bytearray(write([plain()]))
    data[place : place + 4] = struct.pack(">i", 0x7FFFFFFF)
    return bytes(data)


def _many(count: int) -> bytes:
    def build(b: _Builder) -> tuple[int, int]:
        sound = b.add("SinOsc", AUDIO, 440, 0)
        for _ in range(count):
            sound = b.add("LPF", AUDIO, sound, 1000)
        return sound

    return write([graph(build)])


def _controls(names: tuple[str, ...], defaults: int) -> bytes:
    one = plain()
    parameters = tuple((name, place) for place, name in enumerate(names))
    unit = replace(one.units[0], outputs=(CONTROL,) * defaults)
    return write([replace(one, parameters=parameters, defaults=(0.0,) * defaults, units=(unit, *one.units[1:]))])


_FIRST_COUNT = 4 + 4 + 2 + 1 + len("tone")
"""Where the number of constants stands in the bytes of `plain()`."""

HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello, I am a synthdef",
    "another version": b"SCgf" + struct.pack(">ih", 1, 1) + bytes(40),
    "no synthdef": write([]),
    "three synthdefs": write([plain("a"), plain("b"), plain("c")]),
    "cut in the middle": _cut(60),
    "cut at the end": write([plain()])[:-3],
    "2 thousand million constants": _huge_count(_FIRST_COUNT),
    "a unit that reads one behind it": _changed(
        lambda g: replace(g, units=(g.units[0], replace(g.units[1], inputs=((2, 0), (-1, 1))), *g.units[2:]))
    ),
    "an output that is not there": _changed(
        lambda g: replace(g, units=(g.units[0], replace(g.units[1], inputs=((0, 99), (-1, 1))), *g.units[2:]))
    ),
    "a constant that is not there": _changed(
        lambda g: replace(g, units=(g.units[0], replace(g.units[1], inputs=((-1, 99), (-1, 1))), *g.units[2:]))
    ),
    "a path as a name": _changed(lambda g: replace(g, name="../../evil")),
    "the name of one of ours": _changed(lambda g: replace(g, name="marmalade/strip")),
    "too few inputs": _with("SinOsc", AUDIO, 440),
    "too many inputs": _with("SinOsc", AUDIO, 440, 0, 1, 2),
    "too many outputs": _with("SinOsc", AUDIO, 440, 0, outputs=8),
    "no outputs": _with("SinOsc", AUDIO, 440, 0, outputs=0),
    "a rate that it does not have": _with("Rand", AUDIO, 0, 1),
    "demand rate": _with("SinOsc", 3, 440, 0),
    "a filter of a number": _with("LPF", AUDIO, 440, 1000),
    "an operator that is not there": _with("BinaryOpUGen", AUDIO, 1, 2, special=999),
    "a negative operator": _with("UnaryOpUGen", AUDIO, 1, special=-5),
    "an unknown unit": _with("EvilUGen", AUDIO, 1),
    "Free": _with("Free", CONTROL, 1, 1000),
    "Pause": _with("Pause", CONTROL, 0, 1),
    "FreeSelfWhenDone": _with("FreeSelfWhenDone", CONTROL, 0),
    "a done action that frees the group": _with("Line", CONTROL, 0, 1, 0.1, 14),
    "a done action that frees neighbours": _envelope(1, done=3),
    "a done action from a control": write(
        [graph(lambda b: (b.add("Line", CONTROL, 0, 1, 0.1, b.control("buf")), None)[1])]
    ),
    "an envelope that says more stages": _envelope(100),
    "an envelope that says fewer": _envelope(0),
    "an envelope of half a stage": _envelope(0.5),
    "Out to the master": _out(),
    "Out to a constant bus": _out(bus=16),
    "Out to a computed bus": _computed_bus(),
    "ReplaceOut": _out("ReplaceOut"),
    "XOut": _with("XOut", AUDIO, 0, 1, 0, outputs=0),
    "Out to control buses": _out(rate=CONTROL),
    "In of another's bus": _with("In", AUDIO, 20),
    "In of the inputs": _with("In", AUDIO, 2, outputs=2),
    "In of a control bus": _with("In", CONTROL, 5),
    "InFeedback": _with("InFeedback", AUDIO, 0),
    "LocalOut alone": write(
        [graph(lambda b: (b.add("LocalOut", AUDIO, b.add("SinOsc", AUDIO, 1, 0), outputs=0), None)[1])]
    ),
    "DiskOut": _with("DiskOut", AUDIO, 0, 0),
    "DiskIn": _with("DiskIn", AUDIO, 0, 0),
    "RecordBuf": _with("RecordBuf", AUDIO, 0, 0, 1, 0, 1, 1, 1, 0, 1),
    "BufWr": _with("BufWr", AUDIO, 0, 0, 0, 0),
    "a sample of its own choice": _buffer("PlayBuf", 0, 1, 1, 0, 0, 0),
    "SendReply": _with("SendReply", CONTROL, 1, 1, 1, 47, outputs=0),
    "SendTrig": _with("SendTrig", CONTROL, 1, 1, 1, outputs=0),
    "Poll": _with("Poll", CONTROL, 1, 1, 1, 0, outputs=0),
    "MouseX": _with("MouseX", CONTROL, 0, 1, 0, 0.2),
    "KeyState": _with("KeyState", CONTROL, 38, 0, 1, 0.2),
    "FFT": _with("FFT", CONTROL, 0, 0, 0.5, 0, 1, 0),
    "LocalBuf": _with("LocalBuf", SCALAR, 1, 1e9),
    "Dseq without an end": _with("Dseq", 3, math.inf, outputs=1),
    "a delay of an hour": _filter("DelayN", 3600, 1),
    "a delay of an unknown length": write(
        [graph(lambda b: b.add("DelayN", AUDIO, b.add("WhiteNoise", AUDIO), b.control("buf"), 1))]
    ),
    "forty delays of 4 s": write(
        [graph(lambda b: [b.add("CombL", AUDIO, b.add("WhiteNoise", AUDIO), 4, 1, 1) for _ in range(40)][-1])]
    ),
    "a delay of NaN": _filter("DelayN", math.nan, 1),
    "a constant that is infinite": _with("SinOsc", AUDIO, math.inf, 0),
    "another's random generator": _with("RandID", SCALAR, 7),
    "100,000 units": _many(5000),
    "500 units": _many(500),
    "no output": _no_output(),
    "one control twice": _controls(("out", "out"), 2),
    "controls that are not there": _controls(("out", "buf"), 40),
    "two hundred controls": _controls(("out", "buf", *(f"c{n}" for n in range(200))), 202),
    "a control with a strange name": _controls(("out", "b/f"), 2),
}


def _nan(b: _Builder) -> tuple[int, int]:
    zero = b.add("DC", AUDIO, 0)
    return b.add("BinaryOpUGen", AUDIO, zero, zero, special=4)


def _loud(b: _Builder) -> tuple[int, int]:
    return b.add("BinaryOpUGen", AUDIO, b.add("WhiteNoise", AUDIO), 1000, special=2)


def _denormal(b: _Builder) -> tuple[int, int]:
    sound = b.add("Impulse", AUDIO, 0, 0)
    for _ in range(60):
        sound = b.add("Integrator", AUDIO, sound, 0.999)
    return b.add("BinaryOpUGen", AUDIO, sound, 1e-38, special=2)


def _infinite(b: _Builder) -> tuple[int, int]:
    one, zero = b.add("DC", AUDIO, 1), b.add("DC", AUDIO, 0)
    return b.add("BinaryOpUGen", AUDIO, one, zero, special=4)


def _runaway(b: _Builder) -> tuple[int, int]:
    return b.add("LPF", AUDIO, b.add("WhiteNoise", AUDIO), 1e9)


def _dc(b: _Builder) -> tuple[int, int]:
    return b.add("DC", AUDIO, 1)


#: Allowed by their form; their strip must hold them.
NASTY: dict[str, bytes] = {
    name: write([graph(build, name)])
    for name, build in {
        "nan": _nan,
        "loud": _loud,
        "denormal": _denormal,
        "infinite": _infinite,
        "runaway": _runaway,
        "dc": _dc,
    }.items()
}
