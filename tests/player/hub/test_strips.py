"""Tracks of generators stand among the user's own."""

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.player.hub.strips import recording_s, with_hosted


def test_what_others_play_here_is_among_the_tracks() -> None:
    """The status bar shows it, and its keys mute it, before anybody has touched its fader."""
    own = {"d1": {"plays": True, "mix": {"mute": True}}, "acid": {"plays": False, "mix": {"gain_db": -3.0}}}
    found = with_hosted({"tracks": own, "ok": True}, ["acid", "d1-Ab12Cd34"])
    assert found == {
        "ok": True,
        "tracks": {
            "d1": {"plays": True, "mix": {"mute": True}},
            "acid": {"plays": True, "mix": {"gain_db": -3.0}},
            "d1-Ab12Cd34": {"plays": True, "mix": {}},
        },
    }
    assert with_hosted({"error": "gone"}, ["acid"]) == {"error": "gone"}


def test_a_recording_is_as_long_as_it_runs() -> None:
    engine = {"recording": "take.wav", "recording_since": str(7 * UNITS_PER_SECOND)}
    assert recording_s(engine, 9 * UNITS_PER_SECOND) == 2.0
    assert recording_s({**engine, "recording": ""}, 9 * UNITS_PER_SECOND) is None
