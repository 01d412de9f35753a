"""Which notes begin in a stretch: each in exactly one, however the stretches are cut."""

from fractions import Fraction

from hypothesis import example, given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.live.lane import Ready
from marmalade_sc.live.onsets import onsets
from marmalade_sc.sdk.emission import stretches_of
from tests.live_package.stage import orchestra

_INSTRUMENT = orchestra().find("bd")[0]
_TIMELINE = Timeline.steady("120", 0, Fraction(4))
_HAIR = Fraction(1, 10**11)
"""Of a cycle: less than floats are asked for."""

offsets = st.fractions(0, Fraction(999, 1000), max_denominator=1000)
cuts = st.builds(
    lambda number, offset, hairs: max(Fraction(0), number + offset + hairs * _HAIR),
    st.integers(0, 2),
    offsets,
    st.integers(-300, 300),
)


def ready(offset: Fraction) -> Ready:
    return Ready(offset, float(offset), b"", b"", _INSTRUMENT, False, 1.0, ())


@given(st.lists(offsets, max_size=8), st.lists(cuts, min_size=2, max_size=6))
@example([Fraction(1, 2)], [Fraction(0), Fraction(1, 2) - _HAIR, Fraction(1, 2), Fraction(1)])
def test_each_note_begins_in_one_stretch_however_they_are_cut(at: list[Fraction], borders: list[Fraction]) -> None:
    """A note of the old pattern would sound on the very beat on which the new one lands, or a note twice."""
    borders = sorted(borders)
    notes = [ready(offset) for offset in sorted(at)]
    for begin, end in zip(borders, borders[1:], strict=False):
        expected = [
            (_TIMELINE.timetag(number + each.offset), each)
            for number in range(4)
            for each in notes
            if begin <= number + each.offset < end
        ]
        stretches = stretches_of(begin, end, _TIMELINE)
        assert [pair for each in stretches for pair in onsets(notes, each, _TIMELINE.timetag)] == expected
