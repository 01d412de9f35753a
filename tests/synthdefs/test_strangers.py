"""Synthdefs of strangers: what ours are passes, what may do harm does not, and nothing raises anything else."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import SynthDefError
from marmalade_sc.settings.places import bundled
from marmalade_sc.synthdefs.allowed import allowed
from marmalade_sc.synthdefs.foundry import Foundry
from marmalade_sc.synthdefs.scgf import read, write
from marmalade_sc.synthdefs.strangers import admit

from .hostile import HOSTILE, NASTY, plain

OUTPUTS = {"Pan2": 2, "Balance2": 2, "Rotate2": 2, "BiPanB2": 3, "Hilbert": 2, "Out": 0, "OffsetOut": 0, "LocalOut": 0}


def test_there_are_at_least_thirty_hostile_synthdefs() -> None:
    assert len(HOSTILE) >= 30


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_synthdef_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(SynthDefError) as caught:
        admit(HOSTILE[name])
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("name", NASTY)
def test_what_only_sounds_bad_passes(name: str) -> None:
    """tests/live/test_strangers.py plays them."""
    assert admit(NASTY[name]).graphs[0].name.startswith(f"{name}.")


def test_all_voices_that_come_with_us_pass(tmp_path: Path) -> None:
    foundry = Foundry([bundled("synthdefs")], tmp_path, is_polling=True)
    voices = [each for each in foundry.scan() if each.kind != "effect"]
    assert len(voices) > 20
    for voice in voices:
        admitted = admit(foundry.cache.data_path(voice).read_bytes())
        assert [graph.name.rsplit(".", 1)[1] for graph in admitted.graphs] == ["w", "x"]
    foundry.close()


def test_names_are_made_of_the_content_and_so_cannot_be_taken() -> None:
    one, other, again = admit(write([plain("bass")])), admit(NASTY["loud"]), admit(write([plain("bass")]))
    assert one.hash != other.hash and one == again
    assert one.graphs[0].name == f"bass.{one.hash}.w"
    assert read(one.data) == one.graphs, "what is loaded was written by us"


def test_the_table_is_what_supriya_says() -> None:
    import supriya.ugens as ugens
    from supriya import CalculationRate

    rates = {CalculationRate.SCALAR: 0, CalculationRate.CONTROL: 1, CalculationRate.AUDIO: 2}
    for name, form in allowed().items():
        kind: Any = getattr(ugens, name)
        keys = [key for key in kind._ordered_keys if key not in kind._unexpanded_keys]
        assert form.inputs == len(keys) and form.has_more == bool(kind._unexpanded_keys), name
        known = {rates[rate] for rate in kind._valid_calculation_rates}
        assert form.rates == known or not known, name
        assert form.outputs in (None, OUTPUTS.get(name, 1)), name


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_a_changed_byte_is_refused_or_still_within_the_rules(data: st.DataObject) -> None:
    whole = bytearray(write([plain("bass")]))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        admitted = admit(bytes(whole))
    except SynthDefError:
        return
    assert admit(admitted.data).hash == admitted.hash


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_no_bytes_raise_anything_but_a_synthdef_error(data: bytes) -> None:
    for each in (data, b"SCgf\0\0\0\x02\0\x01" + data):
        try:
            admit(each)
        except SynthDefError:
            continue
