"""What players share: the older session keeps its tempo, and only who may write it changes anything."""

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.ledger import AHEAD_MS, Ledger
from marmalade_sc.peers.records import RegisterWrite, signed
from marmalade_sc.peers.registers import LARGEST_VALUE, Registers, policy_of
from tests.peers import makers
from tests.peers.makers import JAM, NOW

pytestmark = pytest.mark.faults


class Player:
    def __init__(
        self,
        who: Identity,
        may_write: Callable[[bytes, str], bool] = lambda key, name: True,
        here: Callable[[], Iterable[bytes]] = tuple,
    ) -> None:
        self.who = who
        self.wall = NOW
        self.ledger = Ledger(JAM, lambda: self.wall)
        dice = random.Random(who.public.raw)
        self.registers = Registers(who.public.raw, JAM, self.ledger, lambda: self.wall, dice, may_write, here)
        self._count = 0

    def write(self, value: bytes) -> RegisterWrite:
        self._count += 1
        found = self.registers.write("timeline", value, self.wall, self._count)
        self.ledger.add(signed(self.who, found))
        return found

    def hear(self, other: "Player") -> None:
        for record in other.ledger:
            if self.ledger.add(record) and isinstance(record.message, RegisterWrite):
                self.registers.heard(record.message)

    @property
    def value(self) -> bytes:
        found = self.registers.current("timeline")
        return found.value if found is not None else b""

    def vote(self, value: bytes, lasts_ms: int = 60_000) -> RegisterWrite:
        self._count += 1
        found = self.registers.write("vote-tempo", value, self.wall, self._count, lasts_ms)
        self.ledger.add(signed(self.who, found))
        return found

    @property
    def decided(self) -> bytes:
        found = self.registers.current("vote-tempo")
        return found.value if found is not None else b""


def test_of_two_sessions_that_meet_the_older_keeps_its_tempo() -> None:
    """A newcomer with a tempo of its own, however late its write, changes nothing in a jam that runs."""
    running, newcomer = Player(makers.player(1)), Player(makers.player(2))
    running.write(b"120")
    newcomer.wall += 5000
    newcomer.write(b"90")
    running.hear(newcomer)
    newcomer.hear(running)
    assert (running.value, newcomer.value) == (b"120", b"120")
    newcomer.write(b"100")
    running.hear(newcomer)
    assert running.value == b"100", "who has joined may change it"


def test_a_write_that_follows_another_wins_though_its_clock_is_behind() -> None:
    fast, slow = Player(makers.player(1)), Player(makers.player(2))
    fast.wall += 8000
    fast.write(b"1")
    slow.hear(fast)
    slow.write(b"2")
    fast.hear(slow)
    assert fast.value == slow.value == b"2"


def test_who_may_not_write_changes_nothing_and_blocks_nobody() -> None:
    """T16, T20: a stranger claims the oldest session there could be."""
    eve = makers.player(3)
    honest = Player(makers.player(1), may_write=lambda key, name: key != eve.public.raw)
    honest.write(b"120")
    stranger = Player(eve)
    stranger.wall = NOW - 86_400_000
    stranger.write(b"666")
    stranger.wall = NOW
    honest.hear(stranger)
    assert honest.value == b"120"
    honest.write(b"121")
    assert honest.value == b"121"


POISON = {
    "as late as may be": {"clock": (NOW + AHEAD_MS) << 16},
    "the last step of it": {"clock": ((NOW + AHEAD_MS) << 16) + 0xFFFF},
    "the oldest session there can be": {"born": 0, "session": bytes(16)},
    "all of it, for ever": {
        "clock": ((NOW + AHEAD_MS) << 16) + 0xFFFF,
        "born": 0,
        "session": bytes(16),
        "sequence": (1 << 63) - 1,
        "expires": (1 << 63) - 1,
        "effective": (1 << 63) - 1,
    },
}


@pytest.mark.parametrize("is_trusted", [True, False])
@pytest.mark.parametrize("kind", POISON)
def test_one_poisoned_write_never_blocks_the_honest_ones_that_follow(kind: str, is_trusted: bool) -> None:
    """T20, C8: who may write may have its value once, and the next one to write has the tempo again; whoever listens
    hears so, in whatever order, and whether it has heard the poison or not."""
    eve = makers.player(3)
    honest, other, late = (
        Player(makers.player(number), lambda key, name: is_trusted or key != eve.public.raw) for number in (1, 2, 4)
    )
    honest.write(b"120")
    other.hear(honest)
    poison = replace(makers.register(eve, b"666"), **POISON[kind])  # type: ignore[arg-type]
    for each in (honest, other):
        assert each.ledger.add(signed(eve, poison))
        each.registers.heard(poison)
        each.wall += 1
    assert honest.value == other.value
    for value, writer, reader in ((b"121", honest, other), (b"122", other, honest), (b"123", honest, other)):
        writer.write(value)
        assert writer.value == value
        reader.hear(writer)
        assert reader.value == value, "a write later all agree on the honest value"
    late.wall += 1
    late.hear(other)
    assert late.value == b"123"
    late.write(b"124")
    honest.hear(late)
    assert honest.value == b"124"


@settings(max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("why"), st.integers(0, 2), st.integers(0, 2), st.integers(-2000, 2000))))
def test_players_that_have_heard_each_other_agree(steps: list[tuple[str, int, int, int]]) -> None:
    """Whatever is written, in which order it is heard, and however the clocks go."""
    players = [Player(makers.player(number)) for number in (1, 2, 3)]
    for count, (kind, one, two, jump) in enumerate(steps):
        if kind == "w":
            players[one].write(b"%d" % count)
        elif kind == "h":
            players[one].hear(players[two])
        else:
            players[one].wall += jump
    for _ in range(2):
        for one_player in players:
            for other in players:
                one_player.hear(other)
    assert len({each.value for each in players}) == 1


def test_a_value_that_fits_no_datagram_is_refused() -> None:
    player = Player(makers.player(1))
    player.write(bytes(LARGEST_VALUE))
    with pytest.raises(ValueError, match="640"):
        player.write(bytes(LARGEST_VALUE + 1))


def voters(count: int, strangers: frozenset[int] = frozenset()) -> list[Player]:
    """Players that are all here; the first takes no writes of those whose numbers are `strangers`."""
    who = [makers.player(number + 1) for number in range(count)]
    keys = [each.public.raw for each in who]
    out = {keys[number] for number in strangers}
    return [
        Player(each, lambda key, name: key not in out, lambda own=each: [k for k in keys if k != own.public.raw])  # type: ignore[misc]
        for each in who
    ]


def hear_all(players: list[Player]) -> None:
    for one in players:
        for other in players:
            one.hear(other)


def test_what_more_than_half_want_holds_and_half_is_not_enough() -> None:
    players = voters(4)
    for each, value in zip(players, (b"120", b"140", b"140"), strict=False):
        each.vote(value)
    hear_all(players)
    assert {each.decided for each in players} == {b""}, "two of four"
    players[3].vote(b"140")
    hear_all(players)
    assert {each.decided for each in players} == {b"140"}
    first = players[0].registers.current("vote-tempo")
    assert (
        first is not None
        and first.maker == min((each for each in players[1:]), key=lambda each: each.who.public.raw).who.public.raw
    ), "of voices of one moment all name the same player as the first"


def test_who_changes_its_mind_has_one_voice_still() -> None:
    one, other, third = players = voters(3)
    for _ in range(5):
        one.vote(b"1")
        one.vote(b"2")
    hear_all(players)
    assert [len(each) for each in other.registers.voices("vote-tempo").values()] == [1]
    third.vote(b"2")
    hear_all(players)
    assert {each.decided for each in players} == {b"2"}


def test_a_stranger_and_who_is_gone_have_no_voice() -> None:
    """T16: made-up players that nobody trusts decide nothing, however many they are."""
    players = voters(5, frozenset({2, 3, 4}))
    for each in players[2:]:
        each.vote(b"666")
    hear_all(players)
    honest = players[:2]
    assert {each.decided for each in honest} == {b""}
    for each in honest:
        each.vote(b"120")
    hear_all(players)
    assert {each.decided for each in honest} == {b"120"}
    alone = Player(makers.player(1))
    alone.hear(players[2])
    alone.vote(b"99")
    assert alone.decided == b"99", "who is not here is not waited for"


def test_a_voice_is_over_after_its_time_and_is_taken_back_by_an_empty_one() -> None:
    one, other = players = voters(2)
    one.vote(b"1")
    other.vote(b"1", 10_000)
    hear_all(players)
    assert one.decided == b"1"
    one.wall += 10_001
    assert one.decided == b""
    other.vote(b"1")
    one.hear(other)
    other.vote(b"")
    one.hear(other)
    assert one.decided == b""


def test_nobody_turns_a_vote_into_a_decree_nor_a_tempo_into_a_vote() -> None:
    """The policy is the register's, whatever a writer says that it is; names that are not known hold nothing."""
    one, other = voters(2)
    for name, policy in (
        ("vote-tempo", "lww"),
        ("timeline", "vote"),
        ("vote-", "vote"),
        ("mix-", "lww"),
        ("x-y", "lww"),
    ):
        write = replace(makers.register(other.who), name=name, policy=policy, clock=NOW << 16)
        assert one.ledger.add(signed(other.who, write))
        assert one.registers.current(name) is None
    for name in ("", "-", "vote-", "timeline-x", "nothing", "x-y"):
        assert policy_of(name) == ""
        with pytest.raises(ValueError, match="no register"):
            one.registers.write(name, b"", 0, 1)
    assert [policy_of(each) for each in ("timeline", "mix-acid", "asset-vox-1", "vote-tempo")] == ["lww"] * 3 + ["vote"]
