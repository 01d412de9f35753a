"""A play of somebody else never goes into a track of the user's."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.ids import check_name
from marmalade_sc.player.shared.strips import strip_of


def test_everybody_has_a_d1_and_it_stays_his() -> None:
    """With another's notes in it, its fader, its mute and the ceiling of guests would hold for both."""
    assert strip_of("d1", "Ab12Cd34") == "d1-Ab12Cd34"
    assert strip_of("bass2", "fCl6Wcue-2HF_Aw8y") == "bass2-fCl6Wcue-2HF_Aw8y"


@given(st.binary(min_size=32, max_size=32), st.from_regex(r"[a-z]{1,12}[0-9]{1,4}", fullmatch=True))
def test_it_can_be_a_track_whoever_asks(raw: bytes, track: str) -> None:
    key = PublicKey(raw)
    for name in (key.player, key.long_player):
        assert check_name(strip_of(track, str(name)), "track")


def test_a_name_that_no_line_makes_a_track_of_is_the_same_everywhere() -> None:
    for name in ("acid", "drums", "Lead1", "d-1", "d1-Ab12Cd34"):
        assert strip_of(name, "Ab12Cd34") == name
