"""The mixer as a value: what its messages build on a server, and that a restart builds the same."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.engine.layout import MASTER_NODE
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.packets import Packet
from marmalade_sc.engine.strips import Insert, StripSettings
from marmalade_sc.errors import EngineError
from marmalade_sc.testing.server import ServerDouble


class Desk:
    """A mixer with a server double that did all it said."""

    def __init__(self) -> None:
        self.mixer = Mixer()
        self.server = ServerDouble()
        self.now = 1
        self.do(self.mixer.base())

    def do(self, messages: list[bytes]) -> None:
        self.now += 1
        self.server.send([Packet(0, 0, tuple(messages))], self.now)

    def set(self, name: str, **changes: Any) -> None:
        channel, built = self.mixer.open(name)
        self.do(built)
        self.do(self.mixer.set(name, StripSettings.read(changes, channel.settings)))

    def strip(self, name: str) -> dict[str, float]:
        return self.server.controls(self.mixer.channels[name].strip.node)

    def sounding(self) -> dict[str, bool]:
        return {name: self.strip(name)["gain"] > 0 for name in self.mixer.channels}


def test_a_strip_takes_its_settings() -> None:
    desk = Desk()
    desk.set("d1", gain_db=-6.0, pan=0.5, fade_s=2.0)
    strip = desk.strip("d1")
    assert strip["gain"] == pytest.approx(0.5, abs=0.002)
    assert (strip["pan"], strip["lag"]) == (0.5, 2.0)
    assert desk.server.failures == []


def test_solo_silences_the_others_and_mute_wins_over_it() -> None:
    desk = Desk()
    for name in ("d1", "d2", "d3"):
        desk.do(desk.mixer.open(name)[1])
    desk.set("d1", solo=True)
    assert desk.sounding() == {"d1": True, "d2": False, "d3": False}
    desk.set("d2", solo=True)
    desk.set("d1", mute=True)
    assert desk.sounding() == {"d1": False, "d2": True, "d3": False}
    desk.do(desk.mixer.open("d4")[1])
    assert not desk.sounding()["d4"]
    desk.set("d1", solo=False, mute=False)
    desk.set("d2", solo=False)
    assert desk.sounding() == dict.fromkeys(("d1", "d2", "d3", "d4"), True)


def test_inserts_crossfade_from_the_old_to_the_new() -> None:
    desk = Desk()
    desk.set("d1", inserts=[{"wire": "lpf.w", "controls": {"freq": 900.0}}])
    (old,) = desk.mixer.channels["d1"].inserts
    desk.set("d1", inserts=[{"wire": "verb.w", "controls": {}}, {"wire": "lpf.w", "controls": {}}])
    assert desk.server.controls(old)["gate"] == 0.0
    assert old in desk.server.nodes
    assert [desk.server.nodes[node].wire for node in desk.mixer.channels["d1"].inserts] == ["verb.w", "lpf.w"]
    assert old not in desk.mixer.channels["d1"].inserts


def test_an_insert_that_does_not_change_is_left_alone() -> None:
    """A delay line that is made anew with every move of the fader would lose its echo each time."""
    desk = Desk()
    desk.set("d1", inserts=[{"wire": "delay.w", "controls": {}}])
    before = list(desk.mixer.channels["d1"].inserts)
    desk.set("d1", gain_db=-3.0)
    assert desk.mixer.channels["d1"].inserts == before


def test_sends_fade_and_their_targets_are_behind_them() -> None:
    desk = Desk()
    desk.set("d1", sends={"r1": -6.0, "r2": 0.0})
    assert set(desk.mixer.channels) == {"d1", "r1", "r2"}
    nodes = list(desk.mixer.channels["d1"].sends)
    desk.set("d1", sends={"r1": -12.0})
    assert all(desk.server.controls(node)["gate"] == 0.0 for node in nodes)
    assert len(desk.mixer.channels["d1"].sends) == 1
    assert desk.server.failures == []


@pytest.mark.parametrize("name", ["d1", "r2"])
def test_sends_in_a_circle_are_refused_and_change_nothing(name: str) -> None:
    desk = Desk()
    desk.set("d1", sends={"r1": 0.0})
    desk.set("r1", sends={"r2": 0.0})
    with pytest.raises(EngineError, match="circle"):
        desk.set(name, sends={"d1" if name == "r2" else "d1": 0.0})
    assert desk.mixer.channels["d1"].settings.sends == (("r1", 0.0),)
    assert desk.mixer.channels["r2"].settings.sends == ()


def test_fading_out_frees_the_old_voices_and_begins_the_effects_anew() -> None:
    desk = Desk()
    desk.set("d1", inserts=[{"wire": "verb.w", "controls": {}}])
    old = desk.mixer.channels["d1"].source
    verb = desk.mixer.channels["d1"].inserts[0]
    first, after, opening = desk.mixer.fade_out("d1", 0.02)
    desk.do(first)
    assert desk.strip("d1")["open"] == 0.0
    assert old in desk.server.nodes
    desk.do(after)
    assert desk.strip("d1")["open"] == 0.0
    desk.do(opening)
    assert desk.strip("d1")["open"] == 1.0
    assert old not in desk.server.nodes
    assert verb not in desk.server.nodes
    assert [desk.server.nodes[node].wire for node in desk.mixer.channels["d1"].inserts] == ["verb.w"]
    assert desk.server.failures == []


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["d1", "d2", "r1", "r2"]),
        st.fixed_dictionaries(
            {},
            optional={
                "gain_db": st.floats(-120, 40),
                "mute": st.booleans(),
                "solo": st.booleans(),
                "sends": st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), st.floats(-90, 6), max_size=3),
                "inserts": st.lists(st.just({"wire": "lpf.w", "controls": {"freq": 100.0}}), max_size=3),
            },
        ),
    ),
    max_size=12,
)


@given(STEPS)
@settings(max_examples=60)
def test_a_restart_builds_the_same_desk(steps: list[tuple[str, dict[str, Any]]]) -> None:
    """Whatever was set: after scsynth died, every strip, send and effect is there again as it was."""
    desk = Desk()
    for name, changes in steps:
        try:
            desk.set(name, **changes)
        except EngineError:
            continue
    assert desk.server.failures == []
    again = ServerDouble()
    again.send([Packet(0, 0, tuple(desk.mixer.restore()))], 1)
    # While it is built, order is asked of strips that are not there yet: harmless, and right in the end.
    assert all(failure.startswith("/g_tail") for failure in again.failures)
    for channel in desk.mixer.channels.values():
        strip, older = again.controls(channel.strip.node), desk.server.controls(channel.strip.node)
        assert {name: strip[name] for name in ("gain", "pan", "bus", "out", "meter")} == {
            name: older[name] for name in ("gain", "pan", "bus", "out", "meter")
        }
        assert [again.nodes[node].wire for node in channel.inserts] == ["lpf.w"] * len(channel.settings.inserts)
        assert len([again.nodes[node] for node in channel.sends]) == len(channel.settings.sends)


def test_the_master_s_gain_is_kept_over_a_restart() -> None:
    desk = Desk()
    desk.do(desk.mixer.set_master(-20.0))
    again = ServerDouble()
    again.send([Packet(0, 0, tuple(desk.mixer.restore()))], 1)
    assert again.controls(MASTER_NODE)["gain"] == pytest.approx(0.1)
    assert desk.mixer.set_master(99.0)
    assert desk.mixer.master_gain_db == 12.0


@pytest.mark.parametrize(
    "data",
    [
        {"gain_db": "loud"},
        {"gain_db": float("nan")},
        {"gain_db": True},
        {"pan": None},
        {"volume": 1},
        {"inserts": "lpf"},
        {"inserts": [{"wire": "lpf.w"}]},
        {"inserts": [{"wire": "lpf.w", "controls": {"freq": "high"}}]},
        {"sends": {"a b": -6}},
        {"sends": {"r1": None}},
        {"sends": ["r1"]},
    ],
)
def test_settings_that_cannot_be_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(EngineError, match="cannot be set"):
        StripSettings.read(data, StripSettings())


def test_settings_are_clamped_and_the_rest_kept() -> None:
    older = StripSettings(pan=0.3, inserts=(Insert("x"),))
    fresh = StripSettings.read({"gain_db": 99, "fade_s": 0, "sends": {f"r{n}": 0 for n in range(9)}}, older)
    assert (fresh.gain_db, fresh.pan, fresh.inserts, fresh.fade_s) == (24.0, 0.3, older.inserts, 0.005)
    assert len(fresh.sends) == 4
    rows = [{"wire": "x", "controls": {}}] * 20
    assert len(StripSettings.read({"inserts": rows}, older).inserts) == 8


def test_meters_name_every_channel_and_the_master_last() -> None:
    desk = Desk()
    desk.mixer.open("d1")
    desk.mixer.open("d2")
    meters = desk.mixer.meters()
    assert [name for name, _ in meters] == ["d1", "d2", "master"]
    assert len({bus for _, bus in meters}) == 3


def test_no_track_may_be_called_master() -> None:
    with pytest.raises(EngineError, match="master"):
        Mixer().open("master")


def test_a_track_crosses_over_to_its_group_and_back() -> None:
    """Of the strip's two ways out the silent one is turned to the new place, then faded in: no click."""
    desk = Desk()
    desk.set("d1")
    strip = desk.mixer.channels["d1"].strip
    desk.set("d1", group="g1")
    there = desk.server.controls(strip.node)
    assert (there["side"], there["out_b"]) == (1.0, desk.mixer.channels["g1"].strip.bus)
    assert there["trim_b"] == pytest.approx(math.sqrt(2)), "two strips must not cost 3 dB more than one"
    assert there["out"] != there["out_b"]
    desk.set("d1", group="")
    back = desk.server.controls(strip.node)
    assert (back["side"], back["out"], back["trim"]) == (0.0, there["out"], 1.0)


def test_a_restored_track_is_in_its_group_at_once() -> None:
    desk = Desk()
    desk.set("d1", group="g1")
    again = ServerDouble()
    again.send([Packet(0, 0, tuple(desk.mixer.restore()))], 1)
    controls = again.controls(desk.mixer.channels["d1"].strip.node)
    assert controls["out"] == desk.mixer.channels["g1"].strip.bus
    assert controls.get("side", 0.0) == 0.0
