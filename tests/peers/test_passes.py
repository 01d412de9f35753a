"""A pass is read as it was written, and a knock is for one door and one moment."""

from dataclasses import replace

import pytest

from marmalade_sc.errors import PeerError, UsageError
from marmalade_sc.peers.invites import Invite, read_invite, written_invite
from marmalade_sc.peers.passes import Knock, Pass, knock, read_knock
from marmalade_sc.peers.signed import VERSION, signed
from tests.peers import makers
from tests.peers.makers import NOW

pytestmark = pytest.mark.faults
ANN, BOB, EVE = makers.player(1), makers.player(2), makers.player(3)
PASS = Pass("https://192.0.2.1:2468", ANN.public.raw, "home", bytes(range(16)), NOW + 1000)


def test_a_pass_says_nothing_of_the_jam_s_secret() -> None:
    text = written_invite(PASS)
    assert read_invite(text) == PASS
    assert not hasattr(read_invite(text), "jam_id")
    assert isinstance(read_invite(written_invite(Invite(PASS.address, PASS.key, "home", bytes(16), b""))), Invite)
    with pytest.raises(UsageError):
        read_invite(text[:-1])
    with pytest.raises(UsageError):
        read_invite(written_invite(replace(PASS, word=b"short")))


def test_a_knock_is_for_one_door_and_one_moment() -> None:
    data = knock(BOB, PASS, NOW)
    assert read_knock(data, ANN.public, NOW).sender == BOB.public.raw
    for door, when in ((EVE, NOW), (ANN, NOW + 400_000), (ANN, NOW - 400_000)):
        with pytest.raises(PeerError):
            read_knock(data, door.public, when)
    for place in range(len(data)):
        with pytest.raises(PeerError):
            read_knock(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :], ANN.public, NOW)
    with pytest.raises(PeerError, match="16 bytes"):
        read_knock(signed(BOB, Knock(VERSION, BOB.public.raw, ANN.public.raw, b"", NOW)).data, ANN.public, NOW)
