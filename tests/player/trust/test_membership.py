"""Trust by the jam's key: who has it plays here, who only says so does not."""

from pathlib import Path

import pytest

from marmalade_sc.errors import IdentityError, PeerError
from marmalade_sc.generators.trust import Trust
from marmalade_sc.peers.records import Record, Signed, open_record, signed
from marmalade_sc.player.trust.acquaintances import Acquaintances
from marmalade_sc.player.trust.membership import Membership, take_jam_key
from tests.peers import makers
from tests.peers.makers import JAM

pytestmark = pytest.mark.faults
ANN, BOB, EVE = makers.player(1), makers.player(2), makers.player(3)


def member(folder: Path) -> tuple[Membership, Acquaintances, list[Record]]:
    friends = Acquaintances(Trust(folder / "players", ANN.public))
    said: list[Record] = []

    def publish(record: Record) -> Signed[Record]:
        said.append(record)
        return signed(ANN, record)

    return Membership(ANN, JAM, folder / "jam.key", publish, friends), friends, said


def test_who_has_the_jam_s_key_is_trusted_and_who_has_another_is_not(tmp_path: Path) -> None:
    ours, friends, said = member(tmp_path)
    jam_key = makers.Identity.from_private(ours.seed())
    assert len(said) == 1
    ours.heard(makers.membership(BOB, jam_key))
    ours.heard(makers.membership(EVE, EVE))
    assert (friends.level(BOB.public), friends.level(EVE.public)) == ("sandbox", "ask")
    friends.set(BOB.public, "block")
    assert friends.level(BOB.public) == "block", "what the user has said stands above"
    friends.set(BOB.public, "ask")
    assert friends.level(BOB.public) == "ask", "that one is to be asked about, too"


def test_a_key_that_was_given_up_is_not_let_in_by_the_jam_s_key(tmp_path: Path) -> None:
    """T5: who has stolen the old key of a member is asked about, though the member has the jam's key."""
    ours, friends, _ = member(tmp_path)
    jam_key = makers.Identity.from_private(ours.seed())
    friends.set(BOB.public, "sandbox")
    ours.heard(makers.membership(BOB, jam_key))
    assert friends.rotated(BOB.public, EVE.public)
    assert (friends.level(BOB.public), friends.level(EVE.public)) == ("ask", "sandbox")


def test_without_a_key_of_the_jam_nobody_is_trusted_by_one(tmp_path: Path) -> None:
    ours, friends, said = member(tmp_path)
    ours.show()
    ours.heard(makers.membership(EVE, EVE))
    assert said == [] and friends.level(EVE.public) == "ask"


def test_a_proof_is_for_one_player_and_one_jam() -> None:
    """Eve repeats what the key has said of Bob, or of another jam."""
    from dataclasses import replace

    from marmalade_sc.peers.records import prove_membership

    key = makers.player(9)
    stolen = replace(makers.membership(BOB, key), maker=EVE.public.raw)
    with pytest.raises(PeerError):
        open_record(signed(EVE, stolen).data)
    other = replace(makers.membership(BOB, key), proof=prove_membership(key, bytes(16), BOB.public))
    with pytest.raises(PeerError):
        open_record(signed(BOB, other).data)
    assert open_record(signed(BOB, makers.membership(BOB, key)).data)


def test_the_key_of_an_invite_is_kept_for_us_alone_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "jam.key"
    take_jam_key(path, bytes(range(32)))
    assert path.stat().st_mode & 0o777 == 0o600
    take_jam_key(path, bytes(range(32)))
    with pytest.raises(IdentityError, match="another key"):
        take_jam_key(path, bytes(32))
