"""A play of somebody else never goes into a track of the user's."""

from marmalade_sc.player.shared.strips import strip_of


def test_everybody_has_a_d1_and_it_stays_his() -> None:
    """With another's notes in it, its fader, its mute and the ceiling of guests would hold for both."""
    assert strip_of("d1", "Ab12Cd34") == "d1-Ab12Cd34"
    assert strip_of("bass2", "fCl6Wcue-2HF_Aw8y") == "bass2-fCl6Wcue-2HF_Aw8y"


def test_a_name_that_no_line_makes_a_track_of_is_the_same_everywhere() -> None:
    for name in ("acid", "drums", "Lead1", "d-1", "d1-Ab12Cd34"):
        assert strip_of(name, "Ab12Cd34") == name
