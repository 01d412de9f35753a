"""A request passes whole or not at all: T1 to T3 and what the original's signatures left open."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import PeerError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.records import LEFT, Record, Signed, signed
from marmalade_sc.peers.refusals import REFUSALS
from marmalade_sc.peers.replay import WINDOW, Sequences
from marmalade_sc.peers.requests import LIFETIME_MS, SKEW_MS, Asker, Desk, JamName
from tests.peers import makers
from tests.peers.makers import JAM, NOW

pytestmark = pytest.mark.faults
ALICE, BOB, EVE = makers.player(1), makers.player(2), makers.player(3)


def asker(who: Identity = ALICE, jam: JamName = JAM, now: int = NOW) -> Asker:
    return Asker(who, jam, "https://192.0.2.1:2468", lambda: now)


def desk(now: int = NOW, who: Identity = BOB) -> Desk:
    return Desk(who.public, JAM, lambda: now)


def a_play(instance: str = "i1") -> Signed[Record]:
    return signed(ALICE, makers.play(ALICE, instance))


def reason(data: bytes, at: Desk, method: str = "") -> str:
    with pytest.raises(PeerError) as found:
        at.check(data, method)
    assert found.value.reason in REFUSALS
    return found.value.reason


def test_each_method_passes_with_its_own_record_only() -> None:
    records: dict[str, Signed[Record]] = {
        "play": a_play(),
        "stop": signed(ALICE, makers.stop(ALICE)),
        "control": signed(ALICE, makers.control(ALICE)),
        "presence": signed(ALICE, makers.presence(ALICE)),
        "leave": signed(ALICE, makers.presence(ALICE, state=LEFT)),
    }
    for (method, record), other in itertools.product(records.items(), records):
        data = asker().make(other, BOB.public, record)
        if method == other:
            assert desk().check(data, method).record == record
        else:
            assert reason(data, desk()) == "malformed"


VALID = asker().make("play", BOB.public, a_play())


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_no_mutated_request_passes(data: st.DataObject) -> None:
    """T1: whatever is changed on the way, nothing happens here. bench/protocol.py does it 10,000 times and more."""
    place = data.draw(st.integers(0, len(VALID) - 1))
    kind = data.draw(st.sampled_from(["bit", "byte", "cut", "insert", "swap", "repeat"]))
    changed = bytearray(VALID)
    if kind == "bit":
        changed[place] ^= 1 << data.draw(st.integers(0, 7))
    elif kind == "byte":
        changed[place] = data.draw(st.integers(0, 255))
    elif kind == "cut":
        del changed[place : place + data.draw(st.integers(1, 64))]
    elif kind == "insert":
        changed[place:place] = data.draw(st.binary(min_size=1, max_size=8))
    elif kind == "swap":
        other = data.draw(st.integers(0, len(VALID) - 1))
        changed[place], changed[other] = changed[other], changed[place]
    else:
        changed[place:place] = changed[place : place + 8]
    if bytes(changed) == VALID:
        return
    at = desk()
    reason(bytes(changed), at)
    assert at.check(VALID), "and nothing has changed: what was refused has taken no sequence"


def test_not_a_bit_of_a_request_may_be_another() -> None:
    """T1, each of some thousand bits once; nor may a byte be missing."""
    at = desk()
    for place in range(8 * len(VALID)):
        changed = bytearray(VALID)
        changed[place // 8] ^= 1 << place % 8
        reason(bytes(changed), at)
    for place in range(len(VALID)):
        reason(VALID[:place] + VALID[place + 1 :], at)
    assert at.check(VALID)


def test_a_request_is_heard_once() -> None:
    """T2: whoever records it and sends it again gets nothing."""
    at = desk()
    at.check(VALID)
    assert [reason(VALID, at) for _ in range(1000)] == ["replay"] * 1000


def test_a_request_of_another_life_is_not_heard() -> None:
    """T2: after a restart the sequences are forgotten, so what is older than it is refused."""
    at = desk(NOW + 40_000)
    assert reason(VALID, at) == "clock"
    assert at.check(asker(now=NOW + 40_001).make("play", BOB.public, a_play()))


def test_a_request_to_one_player_is_nothing_to_another() -> None:
    assert reason(VALID, desk(who=EVE)) == "audience"


@pytest.mark.parametrize("jam", [JamName("home", bytes(16)), JamName("other", JAM.id), JamName("", JAM.id)])
def test_a_request_for_another_jam_is_refused(jam: JamName) -> None:
    """T3; and a jam's name alone is no jam: the original took plays for a jam that was not there."""
    assert reason(asker(jam=jam).make("play", BOB.public, a_play()), desk()) == "jam"


def test_a_request_with_anothers_record_is_refused() -> None:
    """Eve cannot have Bob believe that she said what Alice has said."""
    assert reason(asker(EVE).make("play", BOB.public, a_play()), desk()) == "malformed"


def test_a_request_signed_for_a_method_is_not_heard_as_another() -> None:
    assert reason(VALID, desk(), "stop") == "malformed"


@pytest.mark.parametrize("late_ms", [LIFETIME_MS + SKEW_MS + 1, 86_400_000])
def test_a_request_expires_and_the_answer_says_what_time_it_is(late_ms: int) -> None:
    times = iter([NOW, NOW + late_ms])
    at = Desk(BOB.public, JAM, lambda: next(times))
    with pytest.raises(PeerError) as found:
        at.check(VALID)
    assert (found.value.reason, found.value.now_ms) == ("clock", NOW + late_ms)


@pytest.mark.parametrize("ahead_ms", [-3_600_000, -288_000, 288_000, 3_600_000])
def test_players_whose_clocks_differ_by_an_hour_understand_each_other(ahead_ms: int) -> None:
    """F8: one whose clock is wrong plays along; the answer tells it what to sign with."""
    at, wrong = desk(), asker(now=NOW + ahead_ms)
    with pytest.raises(PeerError) as found:
        at.check(wrong.make("presence", BOB.public, signed(ALICE, makers.presence(ALICE))))
    assert found.value.reason == "clock"
    wrong.learn_clock(BOB.public, found.value.now_ms)
    assert at.check(wrong.make("presence", BOB.public, signed(ALICE, makers.presence(ALICE))))


@given(st.permutations(range(40)))
def test_requests_that_overtake_each_other_are_each_heard_once(order: list[int]) -> None:
    sequences = Sequences()
    for each in order:
        sequences.take(b"a" * 32, 5000 + each, NOW, NOW)
    for each in order:
        with pytest.raises(PeerError):
            sequences.take(b"a" * 32, 5000 + each, NOW, NOW)


def test_sequences_have_bounded_room_and_forget_only_what_has_expired() -> None:
    sequences = Sequences(most=10)
    for each in range(10):
        sequences.take(bytes([each]) * 32, 1, NOW + 1000, NOW)
    with pytest.raises(PeerError, match="no room"):
        sequences.take(b"x" * 32, 1, NOW + 1000, NOW + 1000)
    sequences.take(b"x" * 32, 1, NOW + 5000, NOW + 1001)
    assert len(sequences) == 10
    with pytest.raises(PeerError):
        sequences.take(b"x" * 32, 1 + 0, NOW, NOW)
    sequences.take(b"x" * 32, 10 * WINDOW, NOW + 5000, NOW + 1001)
    with pytest.raises(PeerError):
        sequences.take(b"x" * 32, 10 * WINDOW - WINDOW, NOW + 5000, NOW + 1001)


def test_an_ambiguous_join_of_names_is_not_the_same_request() -> None:
    """The original joined fields by colons: a signature for one pair of names held for another."""
    one, two = makers.play(ALICE, "b-c"), makers.play(ALICE, "c")
    assert signed(ALICE, one).data[-64:] != signed(ALICE, two).data[-64:]
    for name in ("a:b", "..", "~", "a/b", "a b", "q'; touch x; '", "*", "\x1b]52;c;x\x07", "-rf"):
        with pytest.raises(PeerError):
            signed(ALICE, makers.play(ALICE, name))
