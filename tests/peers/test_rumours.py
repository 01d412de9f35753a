"""What is passed on: everything as often as it must be, however little room there is."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.peers.chatter import ROOM
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import signed
from marmalade_sc.peers.rumours import Rumours
from tests.peers import makers


def known(count: int) -> tuple[Ledger, list[bytes], dict[bytes, bytes]]:
    """A ledger with so many plays of one player; their marks, and which bytes are whose."""
    ledger = Ledger(makers.JAM, lambda: makers.NOW)
    maker = makers.player(1)
    records = [signed(maker, makers.play(maker, f"i{number}", number + 1)) for number in range(count)]
    for record in records:
        assert ledger.add(record)
    return ledger, [each.mark for each in records], {each.data: each.mark for each in records}


@given(st.integers(1, 25), st.integers(1, 40), st.integers(100, 3000))
def test_what_has_no_room_was_not_told(count: int, members: int, room: int) -> None:
    """Else of many plays at once most were held for told, and only the comparison of digests brought them round."""
    ledger, marks, data = known(count)
    rumours = Rumours()
    for mark in marks:
        rumours.spread(mark, members)
    told: Counter[bytes] = Counter()
    while rumours:
        parts = rumours.records(ledger, room)
        assert parts and (len(parts) == 1 or sum(len(each) + 2 for each in parts) <= room)
        told.update(data[each] for each in parts)
    alone = Rumours()
    alone.spread(marks[0], members)
    often = 0
    while alone:
        often += len(alone.records(ledger, room))
    assert set(told.values()) == {often} and set(told) == set(marks)


def test_those_told_least_go_first_and_it_is_said_when_some_wait() -> None:
    ledger, marks, data = known(12)
    rumours = Rumours()
    for mark in marks:
        rumours.spread(mark, 10)
    first, second = rumours.records(ledger, ROOM), rumours.records(ledger, ROOM)
    assert rumours.wait and not set(first) & set(second)
    assert len(rumours.records(ledger, 100 * ROOM)) == 12 and not rumours.wait
    assert set(data) >= {*first, *second}


def test_what_is_gone_from_the_ledger_is_passed_on_no_more() -> None:
    ledger, marks, _ = known(1)
    rumours = Rumours()
    rumours.spread(b"nobody knows it".ljust(len(marks[0])), 10)
    assert rumours.records(ledger, ROOM) == () and not rumours
