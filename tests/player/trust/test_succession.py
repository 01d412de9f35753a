"""A key that is changed without the old one's word is told."""

from marmalade_sc.player.trust.succession import Succession
from tests.peers import makers

ALICE, BOB, EVE = (makers.player(each).public.raw for each in (1, 2, 3))
HERE, THERE = "http://127.0.0.1:4100", "http://127.0.0.1:4200"


def succession() -> Succession:
    return Succession(lambda key: f"<{key.hex()[:4]}>")


def test_an_unsigned_change_of_a_key_is_told_once_with_both_keys() -> None:
    """T5: who answers at a friend's address with another key may be anybody."""
    found = succession()
    found.heard(EVE, HERE, 0.0)
    absent = {ALICE: HERE, BOB: THERE}
    assert found.look(absent, 4.9) == [], "a rotation may be a moment behind"
    (said,) = found.look(absent, 5.0)
    assert f"<{EVE.hex()[:4]}>" in said and f"<{ALICE.hex()[:4]}>" in said and "has not signed" in said
    found.heard(EVE, HERE, 6.0)
    assert found.look(absent, 20.0) == []


def test_who_was_vouched_for_or_comes_from_elsewhere_is_not_told() -> None:
    """After a signed rotation the old key is trusted no more; and who is here has not been followed by anybody."""
    found = succession()
    found.heard(EVE, HERE, 0.0)
    assert found.look({BOB: THERE}, 9.0) == []


def test_made_up_keys_fill_bounded_room() -> None:
    found = succession()
    for number in range(1000):
        found.heard(number.to_bytes(32, "big"), HERE, 0.0)
    assert len(found.look({ALICE: HERE}, 9.0)) == 256
