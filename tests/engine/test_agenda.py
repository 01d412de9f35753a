"""What is to be done at a time: in order, moved with the tempo where it belongs to the music."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.agenda import Agenda


@given(st.lists(st.integers(0, 5)), st.integers(0, 5))
def test_what_is_due_comes_in_order_and_the_rest_stays(times: list[int], until: int) -> None:
    """A fade and the freeing behind it may fall on one instant; the other way round it clicks."""
    agenda = Agenda()
    for number, when in enumerate(times):
        agenda.put(when, lambda number=number: [bytes([number])])  # type: ignore[misc]
    taken = [(when, act()[0][0]) for when, act in agenda.take(until)]
    ordered = sorted((when, number) for number, when in enumerate(times))
    assert taken == [each for each in ordered if each[0] <= until]
    assert agenda.first == min((when for when in times if when > until), default=None)


def test_an_act_may_put_down_what_is_due_at_once() -> None:
    agenda, done = Agenda(), []

    def act() -> list[bytes]:
        done.append("first")
        agenda.put(1, lambda: [b"second"])
        return []

    agenda.put(1, act)
    assert [message for _, act in agenda.take(1) for message in act()] == [b"second"]
    assert done == ["first"]


def test_only_what_moves_goes_with_the_tempo() -> None:
    agenda = Agenda()
    older = Timeline.steady(start=0, bpm=120)
    newer = older.with_tempo(60, Fraction(0))
    agenda.put(older.timetag(Fraction(2)), lambda: [b"music"], moves=True)
    agenda.put(UNITS_PER_SECOND, lambda: [b"clock"])
    agenda.remap(newer, older)
    taken = {act()[0]: when for when, act in agenda.take(1 << 62)}
    assert taken == {b"clock": UNITS_PER_SECOND, b"music": newer.timetag(Fraction(2))}
    agenda.clear()
    assert agenda.first is None
