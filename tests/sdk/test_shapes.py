"""Plain events by their shape are what `note_of` says of them, whatever came before them."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import UsageError
from marmalade_sc.sdk.instruments import Bank, Orchestra, Sample
from marmalade_sc.sdk.notes import note_of, packed_note
from marmalade_sc.testing.catalogue import CONTROLS, catalogue_row

_LONG = {**CONTROLS, "cutoff": (1000.0, 20.0, 20_000.0), "n": (0.0, 0.0, 9.0)}
_DRUM = {"amp": (0.5, 0.0, 4.0), "tune": (50.0, 20.0, 200.0)}


def orchestra() -> Orchestra:
    rows = [
        catalogue_row("bass", controls=_LONG),
        catalogue_row("kick", aliases=("bd",), controls=_DRUM),
        catalogue_row("sampler1", controls={**CONTROLS, "buf": (0, 0, 4096), "speed": (1, -8, 8)}),
        catalogue_row("room", kind="effect"),
    ]
    return Orchestra.from_rows(rows, [Bank("vox", (Sample(7, 1, 0.5), Sample(8, 1, 0.7)))])


ONE = orchestra()
NUMBERS = st.one_of(
    st.floats(-50, 30_000, width=32),
    st.integers(-3, 12),
    st.sampled_from([0.0, 1.0, 0.5, 440.0, float("nan"), float("inf"), True, "3", "a2", "x", "", None]),
)
EVENTS = st.fixed_dictionaries(
    {"s": st.sampled_from(["bass", "kick", "bd", "vox", "room", "nobody", 3])},
    optional={
        **dict.fromkeys(("amp", "cutoff", "tune", "pan", "sustain", "dur", "gain", "degree", "note", "n"), NUMBERS),
        **dict.fromkeys(("freq", "oct", "transpose", "root", "wrong"), NUMBERS),
        "scale": st.sampled_from(["minor", "a4:minor", "major", "nothing"]),
    },
)


def by_rule(event: object, length_s: float) -> Any:
    try:
        note = note_of(event, ONE, length_s)
    except UsageError as error:
        return str(error)
    return None if note is None else (note.instrument.name, note.instrument.pack.pack(*note.values))


def by_shape(event: object, length_s: float, where: Orchestra) -> Any:
    try:
        made = packed_note(event, where, length_s)
    except UsageError as error:
        return str(error)
    return None if made is None else (made[0].name, made[1])


@given(EVENTS, st.floats(0.001, 100))
@settings(max_examples=600, deadline=None)
def test_an_event_is_what_the_rule_says(event: dict[str, object], length_s: float) -> None:
    assert by_shape(event, length_s, ONE) == by_shape(event, length_s, orchestra()) == by_rule(event, length_s)
    assert by_shape(event, length_s, ONE) == by_rule(event, length_s)  # and so it stays when it is remembered


@pytest.mark.parametrize("event", [{}, {"amp": 1.0}, 3, "bd", None, {"s": "bass", "amp": [1]}, {"s": ["bass"]}])
def test_what_is_no_event_is_what_the_rule_says(event: object) -> None:
    assert by_shape(event, 1.0, ONE) == by_rule(event, 1.0)


@pytest.mark.parametrize(
    "name", ["amp", "cutoff", "pan", "sustain", "dur", "gain", "degree", "note", "n", "freq", "oct"]
)
@pytest.mark.parametrize("sound", ["bass", "kick", "vox"])
def test_what_is_equal_and_yet_another_value_is_told_apart(sound: str, name: str) -> None:
    """1, 1.0 and True are one key of a dict; what True means must not hang on what was played before."""
    for before, after in itertools.permutations([0.0, -0.0, 0, False, 1.0, 1, True, "1"], 2):
        where = orchestra()
        by_shape({"s": sound, name: before}, 1.0, where)
        assert by_shape({"s": sound, name: after}, 1.0, where) == by_rule({"s": sound, name: after}, 1.0)


def test_a_thousand_shapes_and_values_do_not_grow_without_end() -> None:
    where = orchestra()
    for number in range(5000):
        packed_note({"s": "bass", "degree": float(number), "cutoff": 100.0 + number}, where, 0.5)
        by_shape({"s": "bass", f"no{number}": 1.0}, 0.5, where)
    assert len(where.shapes) <= 1000
    assert all(len(shape.memo) <= 4000 and len(shape.frequencies) <= 1000 for shape in where.shapes.values())


def test_what_is_remembered_is_bounded_over_all_shapes() -> None:
    """A night of patterns with chance in every control: memory must not grow with the number of their shapes."""
    found = orchestra()
    shapes = [{}, {"pan": 0.1}, {"cutoff": 900.0}, {"pan": 0.1, "cutoff": 900.0}]
    for number in range(15_000):
        for shape in shapes:
            packed_note({"s": "bass", **shape, "amp": number / 30_000}, found, 0.25)
    kept = sum(len(each.memo) for each in found.shapes.values())
    assert 0 < kept <= 20_000
    assert kept == found.remembered


def test_pitches_are_bounded_over_all_shapes_as_well() -> None:
    found = orchestra()
    rest = {"pan": 0.1, "cutoff": 900.0, "amp": 0.5, "sustain": 0.2, "dur": 1.0}
    for chosen in itertools.chain.from_iterable(itertools.combinations(rest, count) for count in range(6)):
        for number in range(1_000):
            packed_note(
                {"s": "bass", **{name: rest[name] for name in chosen}, "freq": 100.0 + number / 10}, found, 0.25
            )
    assert len(found.shapes) == 32
    assert 0 < sum(len(each.frequencies) for each in found.shapes.values()) <= 20_000
