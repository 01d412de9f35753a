"""Laws of the notes that wait: nothing is lost, and they come in the order of their times."""

from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.engine.held import Held
from marmalade_sc.engine.sounding import Note

TIMES = st.lists(st.integers(0, 1 << 40), max_size=50)


def note(number: int) -> Note:
    return cast(Note, number)  # what a note is does not matter here


def emptied(held: Held) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    while (when := held.first) is not None:
        found += [(when, cast(int, each)) for each in held.take()]
    return found


@given(TIMES)
def test_they_come_in_order_and_those_of_one_instant_as_they_came(times: list[int]) -> None:
    held = Held()
    for number, when in enumerate(times):
        held.put(when, note(number))
    assert held.count == len(times)
    assert emptied(held) == sorted((when, number) for number, when in enumerate(times))
    assert held.count == 0


@given(st.lists(st.integers(0, 400), max_size=20))
def test_another_tempo_moves_each_to_where_its_cycle_is(cycles: list[int]) -> None:
    older = Timeline.steady(120)
    newer = older.with_tempo(150, Fraction(0))
    held = Held()
    for number, cycle in enumerate(cycles):
        held.put(older.timetag(Fraction(cycle, 7)), note(number))
    held.remap(newer, older)
    assert {number: when for when, number in emptied(held)} == {
        number: newer.remap(older.timetag(Fraction(cycle, 7)), older) for number, cycle in enumerate(cycles)
    }


def test_there_is_nothing_to_take_of_nothing() -> None:
    held = Held()
    held.put(5, note(1))
    held.clear()
    assert (held.first, held.count) == (None, 0)
    with pytest.raises(IndexError):
        held.take()
