"""Notes in plain words become frames like any other, and mistakes become sentences."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.generators.notes import Notes
from marmalade_sc.sdk.frames import Bundles, Frame
from marmalade_sc.sdk.instruments import Instrument
from marmalade_sc.sdk.osc import read_bundle
from marmalade_sc.testing.catalogue import catalogue_row

NOW = 1000 * UNITS_PER_SECOND
TIMELINE = Timeline.steady(120, NOW)
KICK = Instrument.from_row(catalogue_row("kick"))


def notes() -> Notes:
    return Notes("g1", lambda: {"kick": KICK}, {"rain": (0, 1, 2.0)}, lambda: TIMELINE, lambda: NOW)


def frame(words: str, made: Notes | None = None) -> Frame:
    fields = (made or notes())([word.encode() for word in words.split()])
    return Frame.read(dict(zip(fields[::2], fields[1::2], strict=True)))


def test_a_note_says_its_bar_or_its_time() -> None:
    for words, cycle in (("bar 12.25", Fraction(49, 4)), ("bar 49/4", Fraction(49, 4)), ("bar 2", Fraction(2))):
        (section,) = frame(f"synth kick {words} amp .8").sections
        assert isinstance(section, Bundles) and section.track == "g1"
        assert read_bundle(next(section.bundles()))[0] == TIMELINE.timetag(cycle)
    assert frame("synth kick at 1000250.5").first == round(1000.2505 * UNITS_PER_SECOND)


def test_each_note_has_a_number_of_its_own() -> None:
    made = notes()
    assert len({frame("synth kick bar 1", made).seq for _ in range(100)}) == 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("synth kik bar 1", "did you mean 'kick'"),
        ("synth kick", "A note says when"),
        ("synth kick bar x", "A note says when"),
        ("synth kick bar 1/0", "A note says when"),
        ("synth kick bar 1 amp loud", "cannot be 'loud'"),
        ("synth kick bar 1 amp nan", "cannot be 'nan'"),
        ("synth kick bar 1 amplitude 1", "no control"),
        ("synth kick bar", "names and values"),
        ("bar 1", "no sound"),
        ("synth rain bar 1", "no sound"),
    ],
)
def test_a_mistake_is_told(words: str, said: str) -> None:
    with pytest.raises(MarmaladeError, match=said):
        frame(words)


@given(st.lists(st.binary(max_size=20), max_size=8))
def test_no_fields_raise_anything_else(fields: list[bytes]) -> None:
    for given_ in (fields, [b"synth", b"kick", b"bar", *fields], [b"synth", b"kick", b"at", *fields]):
        try:
            notes()(given_)
        except MarmaladeError:
            continue
