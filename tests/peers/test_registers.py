"""What players share: the older session keeps its tempo, and only who may write it changes anything."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.identity.keys import Identity
from marmalade_sc.peers.ledger import Ledger
from marmalade_sc.peers.records import RegisterWrite, signed
from marmalade_sc.peers.registers import LARGEST_VALUE, Registers
from tests.peers import makers
from tests.peers.makers import JAM, NOW

pytestmark = pytest.mark.faults


class Player:
    def __init__(self, who: Identity, may_write: Callable[[bytes, str], bool] = lambda key, name: True) -> None:
        self.who = who
        self.wall = NOW
        self.ledger = Ledger(JAM, lambda: self.wall)
        dice = random.Random(who.public.raw)
        self.registers = Registers(who.public.raw, JAM, self.ledger, lambda: self.wall, dice, may_write)
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
