"""Players that have seen the same records hold the same ones, whatever order they came in."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.ledger import AHEAD_MS, Ledger
from marmalade_sc.peers.records import PlayTicket, Record, RegisterWrite, Signed, open_record, signed
from tests.peers import makers
from tests.peers.makers import JAM, NOW

pytestmark = pytest.mark.faults
ALICE, BOB, EVE = makers.player(1), makers.player(2), makers.player(3)


def ledger(now: Callable[[], int] = lambda: NOW, per_maker: int = 1000, most: int = 50_000) -> Ledger:
    return Ledger(JAM, now, per_maker=per_maker, most=most)


def _writes() -> list[Signed[Record]]:
    found: list[Signed[Record]] = []
    for maker in (ALICE, BOB, EVE):
        found += [
            signed(maker, makers.presence(maker, sequence, address=f"http://h{sequence}:1")) for sequence in (1, 2)
        ]
        found += [signed(maker, makers.play(maker, "i1", sequence)) for sequence in (1, 2)]
        found += [signed(maker, makers.control(maker, sequence=3, amp=amp)) for amp in (0.1, 0.2)]
        found += [
            signed(maker, makers.register(maker, clock=clock, born=NOW + born)) for clock in (1, 2) for born in (-5, 5)
        ]
    return found


WRITES = _writes()


@settings(max_examples=300)
@given(st.permutations(range(len(WRITES))), st.lists(st.integers(0, len(WRITES) - 1)))
def test_order_and_repetition_change_nothing(order: list[int], again: list[int]) -> None:
    """F6: what a network duplicates and reorders ends the same everywhere; two signed with one sequence, too."""
    one, two = ledger(), ledger()
    for number in [*order, *again]:
        one.add(WRITES[number])
    for each in WRITES:
        two.add(each)
    assert one.digest == two.digest
    assert {each.mark for each in one} == {each.mark for each in two}


def test_digests_tell_which_bucket_differs() -> None:
    one, two = ledger(), ledger()
    for each in WRITES:
        one.add(each)
        two.add(each)
    more = signed(ALICE, makers.play(ALICE, "another"))
    two.add(more)
    assert one.differing(two.buckets) == [more.mark[0] % 16]
    assert more.mark in two.marks([more.mark[0] % 16])


def test_an_old_record_does_not_roll_an_address_back() -> None:
    """T6: the original let a replayed request move a player to where it was before."""
    held = ledger()
    old, new = (signed(ALICE, makers.presence(ALICE, sequence, address=f"http://h{sequence}:1")) for sequence in (1, 2))
    assert (held.add(old), held.add(new), held.add(old)) == (True, True, False)
    record = held.player(ALICE.public.raw)
    assert record is not None
    assert record.addresses == ("http://h2:1",)


def test_the_first_ticket_of_an_instance_stands() -> None:
    """Nobody can say later what an instance that runs has been."""
    held = ledger()
    held.add(signed(ALICE, makers.play(ALICE, "i1", 1)))
    other = replace(makers.play(ALICE, "i1", 2), sha256=bytes(32))
    assert not held.add(signed(ALICE, other))
    assert held.of(PlayTicket)[0].sha256 == makers.SHA


def test_a_clock_from_the_future_cannot_lock_a_register() -> None:
    """T20: a write that is dated ahead would win over all honest ones until its time has come."""
    held = ledger()
    poison = signed(EVE, makers.register(EVE, b"x", clock=(NOW + AHEAD_MS + 1) << 16))
    with pytest.raises(PeerError):
        held.add(poison)
    held.add(signed(EVE, makers.register(EVE, b"x", clock=(NOW + AHEAD_MS) << 16)))
    assert [each.value for each in held.of(RegisterWrite)] == [b"x"]


@pytest.mark.parametrize("change", [{"jam": "other"}, {"jam_id": bytes(16)}, {"expires": NOW - 1}])
def test_records_of_another_jam_or_time_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(PeerError):
        ledger().add(signed(ALICE, replace(makers.play(ALICE), **change)))  # type: ignore[arg-type]


def test_a_maker_has_bounded_room_and_others_keep_theirs() -> None:
    """T16: who floods has its own room full, and may still say where it is."""
    held = ledger(per_maker=10)
    held.add(signed(EVE, makers.presence(EVE)))
    for number in range(9):
        held.add(signed(EVE, makers.play(EVE, f"i{number}")))
    with pytest.raises(PeerError):
        held.add(signed(EVE, makers.play(EVE, "more")))
    assert held.add(signed(EVE, makers.presence(EVE, 2)))
    assert held.add(signed(ALICE, makers.play(ALICE)))


def test_what_has_expired_is_forgotten_and_makes_room() -> None:
    now = [NOW]
    held = ledger(lambda: now[0], per_maker=1)
    empty = held.digest
    held.add(signed(ALICE, makers.play(ALICE, "i1")))
    now[0] += 3_600_000 + 60_001
    held.expire()
    assert (len(held), held.digest) == (0, empty)


def test_a_rotation_needs_both_keys_and_happens_once() -> None:
    """T5: neither may a thief of the new key claim to follow, nor a thief of the old one choose another."""
    record = makers.rotation(ALICE, BOB)
    assert open_record(signed(ALICE, record).data)
    forged = replace(record, new=EVE.public.raw)
    with pytest.raises(PeerError, match="new key"):
        open_record(signed(ALICE, forged).data)
    held = ledger()
    held.add(signed(ALICE, record))
    again = replace(makers.rotation(ALICE, EVE), sequence=2)
    assert not held.add(signed(ALICE, again))


def test_nobody_signs_for_another() -> None:
    with pytest.raises(PeerError):
        signed(EVE, makers.play(ALICE))
