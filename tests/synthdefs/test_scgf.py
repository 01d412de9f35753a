"""SCgf is read, rewritten and written without loss."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.synthdefs import scgf

CONTROL = scgf.Unit("Control", 1, 0, (), (1, 1, 1))
NOISE = scgf.Unit("WhiteNoise", 2, 0, (), (2,))
SCALED = scgf.Unit("BinaryOpUGen", 2, 2, ((1, 0), (0, 0)), (2,))
OUT = scgf.Unit("Out", 2, 0, ((-1, 0), (2, 0)), ())
GRAPH = scgf.Graph("noise", (0.0,), (0.5, 7.0, 8.0), (("c0", 0), ("c1", 1), ("c2", 2)), (CONTROL, NOISE, SCALED, OUT))


def test_what_is_written_is_read_back() -> None:
    assert scgf.read(scgf.write([GRAPH, scgf.renamed(GRAPH, "other")])) == (GRAPH, scgf.renamed(GRAPH, "other"))


def test_writing_gives_back_the_bytes_of_supriya() -> None:
    """If our form lost anything, scsynth would play something else than supriya compiled."""
    from supriya.ugens import Out, SinOsc, SynthDefBuilder

    with SynthDefBuilder(amp=0.1, freq=440.0) as builder:
        Out.ar(bus=0, source=[SinOsc.ar(frequency=builder["freq"]) * builder["amp"]])  # type: ignore[attr-defined]
    data = builder.build(name="sine").compile()
    assert scgf.write(scgf.read(data)) == data


def test_seeding_stands_behind_the_controls_and_before_everything_else() -> None:
    seeded = scgf.seeded(GRAPH, 1, 2)
    assert [unit.name for unit in seeded.units] == [
        "Control",
        "RandID",
        "RandSeed",
        "WhiteNoise",
        "BinaryOpUGen",
        "Out",
    ]
    assert seeded.units[1].inputs == ((0, 1),)
    assert seeded.constant_inputs(seeded.units[2])[0] == 1.0
    assert seeded.units[2].inputs[1] == (0, 2)
    assert seeded.units[4].inputs == ((3, 0), (0, 0)), "wires follow the units that moved"
    assert scgf.read(scgf.write([seeded])) == (seeded,)


def test_seeding_needs_one_control_unit() -> None:
    with pytest.raises(ValueError, match="exactly one Control"):
        scgf.seeded(scgf.Graph("none", (), (), (), (NOISE,)), 0, 1)


def test_units_cannot_move_before_what_they_read() -> None:
    with pytest.raises(ValueError, match="cannot move"):
        scgf.first_units(GRAPH, lambda unit: unit.name == "Out")


def test_parameters_are_renamed_in_the_order_of_their_indices() -> None:
    shuffled = scgf.Graph("g", (), (0.0, 1.0), (("c1", 1), ("c0", 0)), (CONTROL,))
    assert scgf.with_parameters(shuffled, {"c0": "freq", "c1": "amp"}).parameters == (("freq", 0), ("amp", 1))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"nope" + bytes(20), "not SCgf"),
        (b"SCgf" + struct.pack(">ih", 1, 0), "version 1"),
        (b"SCgf" + struct.pack(">ih", 2, -1), "claims"),
        (b"SC", "ends"),
    ],
)
def test_what_is_not_scgf_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        scgf.read(data)


def test_a_unit_that_reads_ahead_is_refused() -> None:
    wrong = scgf.Graph("g", (), (), (), (scgf.Unit("Out", 2, 0, ((0, 0),), ()),))
    with pytest.raises(ValueError, match="does not come before"):
        scgf.read(scgf.write([wrong]))


@given(st.binary(max_size=200), st.integers(0, 150))
def test_damaged_bytes_raise_value_errors_only(noise: bytes, at: int) -> None:
    """Anything else would take down the process that reads a stranger's file."""
    data = scgf.write([GRAPH])
    damaged = data[:at] + noise + data[at + len(noise) :]
    with contextlib.suppress(ValueError):
        scgf.read(damaged)
