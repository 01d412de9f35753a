"""The dispatcher and the desk behind it: mixes at their times, a server that begins anew, panic, stolen voices."""

from marmalade_sc.sdk.frames import Bundles, Mix, Release, join_bundles
from marmalade_sc.sdk.osc import bundle, message
from tests.engine.rig import MS, START, Rig, note


def test_a_mix_lands_at_its_time_and_two_on_the_way_do_not_undo_each_other() -> None:
    rig = Rig()
    rig.give(Mix("d1", START + 500 * MS, {"mute": True}), Mix("d1", START + 300 * MS, {"pan": 0.5}))
    strip = rig.dispatcher.mixer.open("d1")[0].strip.node
    rig.run(299)
    assert rig.server.controls(strip)["pan"] == 0.0
    rig.run(400)
    assert (rig.server.controls(strip)["pan"], rig.server.controls(strip)["gain"]) == (0.5, 1.0)
    rig.run(600)
    assert (rig.server.controls(strip)["pan"], rig.server.controls(strip)["gain"]) == (0.5, 0.0)


def test_a_mix_that_cannot_be_is_refused_at_once_and_changes_nothing() -> None:
    rig = Rig()
    rig.give(
        Mix("d1", 0, {"gain_db": "loud"}), Mix("d1", 0, {"volume": 3}), Mix("d1", START + 1000 * MS, {"pan": None})
    )
    rig.pump()
    assert rig.dispatcher.counts.refused == 3
    strip = rig.dispatcher.mixer.channels["d1"].strip.node
    assert rig.server.controls(strip)["gain"] == 1.0


def test_sends_in_a_circle_are_refused() -> None:
    rig = Rig()
    rig.give(Mix("d1", 0, {"sends": {"r1": -6.0}}), Mix("r1", 0, {"sends": {"d1": -6.0}}))
    rig.pump()
    assert rig.dispatcher.counts.refused == 1
    assert "circle" in next(iter(rig.dispatcher.counts.reasons))
    assert rig.server.failures == []


def test_a_server_that_was_restarted_gets_all_channels_and_plays_on() -> None:
    rig = Rig()
    mix = {"mute": False, "pan": -0.5, "inserts": [{"wire": "lpf.w", "controls": {"freq": 900.0}}]}
    rig.give(Mix("d1", 0, mix), rig.notes([150, 500]), rig.notes([150, 500], "d2"))
    rig.run(200)
    rig.server = type(rig.server)()
    rig.server.send(rig.dispatcher.restore(), rig.now)
    rig.give(rig.notes([510]))
    rig.run(600)
    assert rig.server.failures == []
    assert rig.heard()[-1] == 510
    strip = rig.dispatcher.mixer.channels["d1"].strip.node
    assert rig.server.controls(strip)["pan"] == -0.5
    assert "lpf.w" in {node.wire for node in rig.server.nodes.values()}


def test_panic_frees_every_voice_forgets_all_that_was_to_come_and_leaves_a_desk_that_works() -> None:
    rig = Rig()
    rig.give(rig.notes([10, 100, 160, 900], "d1"), Release("d2", 1, START + 500 * MS))
    rig.run(90)
    rig.server.send(rig.dispatcher.panic(), rig.now)
    assert not [node for node in rig.voices() if node.node in rig.server.nodes]
    rig.run(1000)
    assert rig.heard() == [10]
    rig.give(rig.notes([1100]))
    rig.run(1200)
    assert rig.heard() == [10, 1100]
    assert rig.server.failures == []


def test_panic_works_with_as_many_tracks_as_there_can_be() -> None:
    """Its messages need many datagrams: one of 1 MB would not leave the machine, and the noise would go on."""
    rig = Rig()
    for start in range(0, 1500, 100):
        rig.give(*[rig.notes([130], f"d{n}") for n in range(start, start + 100)])
    rig.run(140, step_ms=10)
    rig.server.send(rig.dispatcher.panic(), rig.now)
    assert rig.server.failures == []
    assert not [onset for onset in rig.voices() if onset.node in rig.server.nodes]


def test_stealing_ends_the_oldest_voices_with_a_ramp() -> None:
    rig = Rig()
    rig.give(rig.notes([10, 20, 30]))
    rig.run(50)
    messages = rig.dispatcher.steal(2)
    assert len(messages) == 2
    assert rig.dispatcher.counts.stolen == 2
    nodes = [onset.node for onset in rig.voices()]
    assert messages == [message("/n_set", node, "gate", -1.01) for node in nodes[:2]]
    assert rig.dispatcher.steal(9) == [message("/n_set", nodes[2], "gate", -1.01)]


def test_long_voices_are_found_behind_many_short_ones_that_have_ended() -> None:
    """Sixty pads and a fast hi-hat: stealing must reach the pads, not the hats that are long silent."""
    rig = Rig()
    rig.give(rig.notes(range(0, 1000, 10)))  # 0.2 s each
    rig.give(Bundles("d2", 0, START, join_bundles([bundle(START + 1000 * MS, [note(3000.0)])])))
    rig.run(2500)
    nodes = [onset.node for onset in rig.voices()]
    assert rig.dispatcher.steal(1, START + 2105 * MS) == [message("/n_set", nodes[91], "gate", -1.01)]
