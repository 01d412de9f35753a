"""The status bar: what matters most first, never wider than the terminal, whatever the player says."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board
from marmalade_sc.shell.status import next_pulse, status_line

from .stage import ENGINE, START, at, board, playing


def text(one: Board, seconds: float = 0.0, width: int = 200) -> str:
    return "".join(part for _, part in status_line(one, START + round(seconds * UNITS_PER_SECOND), width))


def test_tempo_bar_and_beat_come_first() -> None:
    assert text(board(), 5.1).startswith(" ● 120 bpm  bar 2:3")
    assert "○" in text(board(), 5.3)
    assert "cpu 12%" in text(board())
    assert "jam home" in text(board())


def test_trouble_is_marked() -> None:
    parts = status_line(board(xruns=3, late_dropped=2, refused=1, cpu=99.0, audible=False), START, 300)
    bad = "".join(part for style, part in parts if style == "class:bad")
    for word in ("xruns 3", "late 2", "refused 1", "cpu 99%", "cannot be heard"):
        assert word in bad


def test_a_process_that_is_down_and_a_player_that_is_gone_are_said() -> None:
    one = board()
    one.hear({"processes": [{"name": "live", "state": "failed"}, {"name": "hub", "state": "running"}]})
    assert "live" in text(one)
    one.is_gone = True
    assert "gone" in text(one)


def test_without_a_timeline_or_an_engine_it_says_so() -> None:
    assert "starting" in text(Board())


@given(st.integers(0, 300))
def test_it_is_never_wider_than_the_terminal(width: int) -> None:
    one = board(xruns=3)
    one.tracks = {f"d{n}": {"plays": True, "mix": {"mute": n % 2}} for n in range(50)}
    assert len(text(one, width=width)) <= width


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
)


@given(
    st.dictionaries(st.sampled_from(["jam", "origin", "timeline", "engine"]), JSON),
    st.dictionaries(st.sampled_from(["cpu", "xruns", "late_played", "recording", "audible"]), JSON),
)
def test_whatever_a_player_says_is_shown_or_left_out(status: dict[str, object], engine: dict[str, object]) -> None:
    one = board()
    one.hear(status)
    one.hear({"engine": engine})
    assert text(one)


def test_tracks_have_meters_and_marks_and_what_does_not_fit_is_counted() -> None:
    one = playing(board(), "b1", "d1", "d2")
    one.tracks = {**one.tracks, "d2": {"plays": True, "mix": {"mute": True}}}
    one.hear({"event": "levels", "levels": {"d1": [-0.5, -20], "b1": [-50, -50], "master": [-12, -13]}})
    parts = status_line(one, START, 200)
    assert ("class:meter.high", "█") in parts and ("class:muted", " d2×") in parts
    assert text(one).endswith(" b1  d1█ d2×")
    assert text(one, width=40).endswith(" b1  d1█ d2×") and " 120 0:1 " in text(one, width=40)
    assert text(one, width=20).endswith(" b1  +2")
    one.hear({"engine": {**ENGINE, "xruns": 6, "late_dropped": 4, "refused": 3, "audible": False}})
    assert "120 bpm" in text(one, width=80), "with room for words they stay"


def test_recording_time_dropped_notes_and_other_players_are_said() -> None:
    one = board(late_dropped=2)
    one.hear({"recording_s": 75.0, "players": ["a", "b"]})
    assert "● rec 1:15" in text(one) and "dropped 2" in text(one) and "2 players" in text(one)


def test_who_plays_what_is_said_as_far_as_there_is_room() -> None:
    one = board()
    rows = [{"id": "ann", "is_own": True, "plays": ["d1"]}, {"id": "bob", "state": "here", "plays": ["b1", "acid"]}]
    one.hear({"players": [*rows, {"id": "cleo", "state": "gone", "plays": ["x"]}]})
    assert "2 players" in text(one) and "bob: b1 acid" in text(one) and "cleo" not in text(one)
    one.hear({"players": [*rows, *({"id": f"p{n}", "state": "here", "plays": ["d1"]} for n in range(50))]})
    assert ".. " in text(one) and "jam home" in text(one)


def test_who_plays_much_does_not_hide_the_others() -> None:
    """One of three had nine tracks, and what another played fell off the bar."""
    one = board()
    rows = [{"id": "ann", "is_own": True}, {"id": "bob", "state": "here", "plays": [f"d{n}" for n in range(1, 31)]}]
    one.hear({"players": [*rows, {"id": "cleo", "state": "here", "plays": ["arp"]}]})
    assert "bob: d1 d2" in text(one) and "cleo: arp" in text(one) and " +" in text(one)


def test_before_the_first_bar_there_is_no_bar() -> None:
    assert "bar -" in text(board(), -1.0)


def test_bars_that_the_first_pattern_begins_anew_are_not_shown() -> None:
    """The count would jump back to 0 before everybody's eyes."""
    one = board()
    one.hear({"timeline": {**Timeline.steady(120, START).to_json(), "revision": 7}})
    assert "bar -" in text(one, 9.0) and next_pulse(one, at(9.0)) is None
    one.hear({"timeline": Timeline.steady(120, at(9.1)).counted().to_json()})
    assert "bar 0:2" in text(one, 9.7) and next_pulse(one, at(9.7)) is not None


@given(st.floats(0, 30), st.floats(0, 0.4))
def test_the_pulse_changes_when_it_is_said_to(seconds: float, latency_s: float) -> None:
    one = board(latency_ms=latency_s * 1000)
    now = at(seconds + latency_s)
    moment = next_pulse(one, now)
    assert moment is not None and now < moment + 1 <= now + UNITS_PER_SECOND
    pulse = [status_line(one, when, 80)[0][1][1] for when in (now, moment - 2, moment + 2)]
    assert pulse[0] == pulse[1] != pulse[2]


def test_without_a_tempo_or_while_paused_there_is_no_pulse() -> None:
    one = board()
    one.timeline = one.timeline.stopped(at(1.0)) if one.timeline is not None else None
    assert next_pulse(one, at(2.0)) is None
    one.timeline = None
    assert next_pulse(one, at(2.0)) is None


def test_at_80_columns_there_is_room_for_the_tracks() -> None:
    """Their marks and meters are what a performer looks for; that nothing is wrong needs no words."""
    one = playing(board(audible=False), *(f"d{number}" for number in range(1, 10)))
    one.hear(
        {"event": "levels", "levels": {"master": [-12, -13], **{f"d{number}": [-9, -9] for number in range(1, 10)}}}
    )
    short = text(one, width=80)
    assert "unheard" in short and " d1" in short and " d9▆" in short, short
    assert "cannot be heard" in text(one, width=200) and "jam home" in text(one, width=200)
    one = playing(board(audible=False, xruns=3, late_dropped=2), "d1", "d2", "d3")
    assert "xruns 3" in text(one, width=80) and "late 2" in text(one, width=80) and " d1" in text(one, width=80)
