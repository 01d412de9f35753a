"""What can be played: the stated order of names, controls in their places and ranges, near names for wrong ones."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import ControlError, UnknownNameError
from marmalade_sc.sdk.instruments import Bank, Instrument, Orchestra, Sample

Row = dict[str, Any]


def row(name: str, kind: str = "voice", aliases: tuple[str, ...] = (), channels: int = 1) -> Row:
    controls = [("amp", 0.5, 0.0, 1.0), ("pan", 0.0, -1.0, 1.0), ("sustain", 0.2, 0.0, 60.0), ("freq", 220, 20, 2e4)]
    return {
        "name": name,
        "hash": "0123456789ab",
        "wall": f"{name}.0123456789ab.w",
        "exact": None,
        "kind": kind,
        "channels": channels,
        "random": False,
        "doc": "",
        "aliases": list(aliases),
        "controls": [
            {"name": n, "default": float(d), "low": float(lo), "high": float(hi)} for n, d, lo, hi in controls
        ],
    }


SAMPLE = Sample(3, 1, 0.5)


def test_a_name_means_the_own_bank_then_the_synthdef_then_an_alias_then_any_other_bank() -> None:
    rows = [row("kick", aliases=("bd",)), row("sampler1", "sampler"), row("sn")]
    own = Orchestra.from_rows(rows, [Bank("bd", (SAMPLE,), preferred=True), Bank("sn", (SAMPLE,))])
    assert own.find("bd")[1] == SAMPLE
    assert own.find("sn") == (own.voices()["sn"], None)
    plain = Orchestra.from_rows(rows, [Bank("bd", (SAMPLE,)), Bank("tabla", (SAMPLE,))])
    assert plain.find("bd")[0].name == "kick"
    assert plain.find("tabla")[0].name == "sampler1"


def test_samples_of_a_bank_are_counted_round() -> None:
    samples = tuple(Sample(n, 1 + n % 2, 1.0) for n in range(3))
    rows = [row("sampler1", "sampler"), row("sampler2", "sampler", channels=2)]
    orchestra = Orchestra.from_rows(rows, [Bank("tabla", samples)])
    assert [orchestra.find("tabla", n)[1] for n in (0, 2, 3, -1)] == [samples[n] for n in (0, 2, 0, 2)]
    assert [orchestra.find("tabla", n)[0].name for n in (0, 1)] == ["sampler1", "sampler2"]


def test_a_bank_without_its_sampler_says_what_is_missing() -> None:
    orchestra = Orchestra.from_rows([], [Bank("tabla", (SAMPLE,))])
    with pytest.raises(UnknownNameError, match="sampler1"):
        orchestra.find("tabla")


def test_an_empty_bank_does_not_hide_a_synthdef() -> None:
    orchestra = Orchestra.from_rows([row("bd")], [Bank("bd", (), preferred=True)])
    assert orchestra.find("bd")[0].name == "bd"


def test_a_name_that_does_not_exist_tells_the_nearest_and_effects_are_no_sounds() -> None:
    orchestra = Orchestra.from_rows([row("kick"), row("reverb", "effect")])
    with pytest.raises(UnknownNameError) as raised:
        orchestra.find("kik")
    assert "'kick'" in raised.value.hint
    with pytest.raises(UnknownNameError):
        orchestra.find("reverb")
    assert orchestra.names() == ("kick",)
    assert set(orchestra.effects()) == {"reverb"}


def test_controls_take_their_places_and_stay_in_their_ranges() -> None:
    instrument = Instrument.from_row(row("kick"))
    assert instrument.values({}) == [0.5, 0.0, 0.2, 220.0]
    assert instrument.values({"freq": 1e9, "pan": -7}) == [0.5, -1.0, 0.2, 20000.0]


@pytest.mark.parametrize("value", [math.nan, math.inf, "loud", None])
def test_a_control_that_is_no_number_is_refused(value: Any) -> None:
    """A NaN in a filter's state would be heard for the rest of the set."""
    with pytest.raises(ControlError, match="amp of kick"):
        Instrument.from_row(row("kick")).values({"amp": value})


def test_a_control_that_does_not_exist_tells_the_nearest() -> None:
    with pytest.raises(ControlError) as raised:
        Instrument.from_row(row("kick")).values({"frq": 3})
    assert "'freq'" in raised.value.hint


@given(st.dictionaries(st.sampled_from(["amp", "pan", "sustain", "freq"]), st.floats(allow_nan=False, width=32)))
def test_values_are_always_finite_and_in_range(controls: dict[str, float]) -> None:
    instrument = Instrument.from_row(row("kick"))
    try:
        values = instrument.values(controls)
    except ControlError:
        assert any(math.isinf(value) for value in controls.values())
        return
    for value, low, high in zip(values, instrument.lows, instrument.highs, strict=True):
        assert low <= value <= high
