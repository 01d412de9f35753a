"""The dispatcher's judgement on virtual time: late, stale, moved, merged, split, refused, counted."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import MOST_TRACKS
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.sampleclock import SampleMap
from marmalade_sc.engine.voices import EXACT
from marmalade_sc.sdk.frames import Bundles, Mix, Release, Swap, TimelineChange, join_bundles
from marmalade_sc.sdk.osc import NoteTemplate, bundle, message
from tests.engine.rig import MS, START, Rig, note

TIMES = st.lists(st.integers(130, 2000), max_size=30)


# In time


@given(TIMES)
@settings(max_examples=30)
def test_every_note_sounds_at_its_time_in_its_order_and_none_twice(times: list[int]) -> None:
    rig = Rig()
    rig.give(rig.notes(times))
    rig.run(2100)
    assert rig.heard() == sorted(times)
    assert [onset.when for onset in rig.voices()] == [START + ms * MS for ms in sorted(times)]
    assert rig.dispatcher.counts.sent == len(times)
    assert rig.dispatcher.held == 0
    assert rig.server.failures == []


def test_nothing_is_handed_over_earlier_than_it_must_be() -> None:
    """What is still here can be replaced: a change 100 ms before the bar must land on it."""
    rig = Rig()
    rig.give(rig.notes([200]))
    rig.run(119)
    assert rig.dispatcher.held == 1
    assert rig.dispatcher.next_due() == START + 120 * MS
    rig.run(121)
    assert rig.dispatcher.held == 0
    assert rig.dispatcher.pending == 1
    rig.run(200)
    assert rig.heard() == [200]


def test_notes_of_one_instant_go_in_one_bundle_whatever_track_they_are_of() -> None:
    """One bundle is one sample: merged hits cannot flam, and take one of scsynth's 2,048 places."""
    rig = Rig()
    for track in ("d1", "d2", "b1"):
        rig.give(rig.notes([150, 150], track))
    rig.now = START + 100 * MS
    (built, packet) = rig.dispatcher.due(rig.now)
    assert built.when == 0
    assert packet.when == START + 150 * MS
    assert len(packet.messages) == 6


def test_a_packet_is_never_larger_than_a_datagram_and_nothing_is_lost_by_splitting() -> None:
    rig = Rig()
    rig.give(*[rig.notes([150] * 400, f"d{n}") for n in range(5)])
    rig.run(200)
    assert len(rig.heard()) == 2000
    assert rig.server.failures == []


def test_a_split_moment_counts_as_the_bundles_it_takes() -> None:
    rig = Rig(limits=Limits(packet=1000))
    rig.give(rig.notes([150] * 100))
    rig.run(80)
    assert rig.dispatcher.pending > 10


def test_scsynth_never_holds_more_than_the_limit_however_dense_the_music() -> None:
    """Beyond 2,048 pending bundles it loses the newest without a word."""
    rig = Rig()
    times = [200 + n / 100 for n in range(5000)]
    rig.give(*[rig.notes(times[start : start + 500]) for start in range(0, 5000, 500)])
    rig.run(300)
    assert rig.server.most_pending <= 1500 + 10
    assert rig.server.lost == 0
    assert len(rig.heard()) == 5000
    assert rig.dispatcher.counts.late_dropped == 0


# Late


@pytest.mark.parametrize(("late_ms", "sounds"), [(0, True), (4.9, True), (5.1, False), (500, False)])
def test_up_to_five_milliseconds_late_plays_and_later_is_dropped_and_both_are_counted(
    late_ms: float, sounds: bool
) -> None:
    rig = Rig()
    rig.now = START + 1000 * MS
    rig.give(rig.notes([1000 - late_ms]))
    rig.pump()
    assert len(rig.heard()) == sounds
    counts = rig.dispatcher.counts
    assert (counts.late_played, counts.late_dropped) == (int(sounds and late_ms > 0), int(not sounds))


def test_what_was_due_before_there_was_a_server_is_not_late() -> None:
    rig = Rig()
    rig.now = rig.dispatcher.since = START + 1000 * MS
    rig.give(rig.notes([800, 990, 1010]))
    rig.now += 20 * MS
    rig.pump()
    counts = rig.dispatcher.counts
    assert (counts.stale, counts.late_dropped, counts.accepted) == (2, 1, 3)


def test_after_a_stall_there_is_no_burst() -> None:
    """A second without CPU must cost a second of notes, not fire them all at once."""
    rig = Rig()
    rig.give(rig.notes(range(0, 2000, 10)))
    rig.run(400)
    rig.now += 1000 * MS
    rig.server.run_until(rig.now)  # what scsynth holds it plays in time
    before = len(rig.voices())
    rig.pump()
    assert len(rig.voices()) - before <= 1
    rig.run(2100)
    gap = [ms for ms in range(0, 2000, 10) if ms not in set(rig.heard())]
    assert all(480 <= ms <= 1400 for ms in gap)
    assert rig.dispatcher.counts.late_dropped == len(gap)


def test_leads_are_counted_in_milliseconds() -> None:
    rig = Rig()
    rig.give(rig.notes([150, 160]))
    rig.run(200)
    assert sum(rig.dispatcher.counts.lead_ms.values()) == 2
    assert all(79 <= lead <= 80 for lead in rig.dispatcher.counts.lead_ms)


# Replaced


def test_a_swap_leaves_no_gap_and_no_double_hit() -> None:
    """The old pattern was asked beyond the bar at 200; the new one begins on it."""
    rig = Rig()
    rig.give(rig.notes([150, 199, 200, 225], epoch=0))
    rig.give(Swap("d1", 1, START + 200 * MS), rig.notes([200, 210], epoch=1))
    rig.run(400)
    assert rig.heard() == [150, 199, 200, 210]
    assert rig.dispatcher.counts.stale == 2


def test_a_new_version_does_not_sound_before_its_swap() -> None:
    rig = Rig()
    rig.give(Swap("d1", 1, START + 200 * MS), rig.notes([190, 200], epoch=1), rig.notes([190], epoch=0))
    rig.run(400)
    assert rig.heard() == [190, 200]


def test_a_swap_to_an_earlier_time_takes_the_place_of_one_that_was_to_come() -> None:
    rig = Rig()
    rig.give(Swap("d1", 1, START + 900 * MS), Swap("d1", 2, START + 300 * MS))
    rig.give(rig.notes([250], epoch=0), rig.notes([350, 950], epoch=2), rig.notes([960], epoch=1))
    rig.run(1200)
    assert rig.heard() == [250, 350, 950]


def test_swaps_move_with_a_change_of_tempo() -> None:
    """Replaced at bar 2, tempo changed at bar 1: bar 2 is elsewhere now, for the old and the new pattern alike."""
    rig = Rig()
    old = Timeline.steady(240, START)  # a bar is a second
    for faster in ("480", "120"):
        rig = Rig()
        rig.give(TimelineChange(old.to_json()))
        rig.give(rig.notes([1900, 1999], epoch=0), Swap("d1", 1, START + 2000 * MS), rig.notes([2000, 2100], epoch=1))
        new = old.with_tempo(faster, Fraction(1))
        rig.give(TimelineChange(new.to_json()))
        rig.run(4000)
        assert rig.heard() == [1900, 1999, 2000, 2100]
        assert rig.times() == [
            round((new.timetag(Fraction(ms, 1000)) - START) / UNITS_PER_SECOND * 1000, 3)
            for ms in (1900, 1999, 2000, 2100)
        ]


def test_hush_silences_what_was_handed_over_and_lets_new_notes_through_in_the_same_frame() -> None:
    rig = Rig()
    rig.give(rig.notes([191, 195, 199, 300], epoch=0))
    rig.run(120)
    rig.give(Release("d1", 1, rig.now, 0.02), rig.notes([196, 250], epoch=1))
    rig.run(400)
    assert rig.heard() == [196, 250]
    assert all("Group" in failure for failure in rig.server.failures)
    assert rig.dispatcher.counts.stale == 1


def test_hush_fades_before_it_frees() -> None:
    rig = Rig()
    rig.give(rig.notes([10]))
    rig.run(50)
    (voice,) = rig.voices()
    rig.give(Release("d1", 1, rig.now, 0.02))
    rig.run(75)
    strip = rig.dispatcher.mixer.channels["d1"].strip.node
    assert rig.server.controls(strip)["open"] == 0.0
    assert rig.server.controls(strip)["fade"] == pytest.approx(0.02)
    rig.run(114)
    assert voice.node in rig.server.nodes, "45 ms more: an xrun must not cut the fade short"
    rig.run(118)
    assert voice.node not in rig.server.nodes
    assert rig.server.controls(strip)["open"] == 0.0, "what OffsetOut has kept of the last block must not be heard"
    rig.run(121)
    assert rig.server.controls(strip)["open"] == 1.0


# Timelines


def test_a_change_of_tempo_moves_what_is_held() -> None:
    rig = Rig()
    old = Timeline.steady(240, START)
    rig.give(TimelineChange(old.to_json()), rig.notes([900, 1000, 1500]))
    new = old.with_tempo(120, Fraction(1))
    rig.give(TimelineChange(new.to_json()))
    rig.run(2500)
    assert rig.times() == [900, 1000, 2000]


def test_a_frame_made_with_the_timeline_before_is_moved_as_it_comes_in() -> None:
    """A source may not have heard yet; its notes still land on the beat."""
    rig = Rig()
    old = Timeline.steady(240, START)
    new = old.with_tempo(120, Fraction(1))
    rig.give(TimelineChange(old.to_json()))
    rig.revision = 1
    rig.give(TimelineChange(new.to_json()))
    rig.revision = 0
    rig.give(rig.notes([1500]))
    rig.run(2500)
    assert rig.times() == [2000]


def test_notes_of_one_instant_stay_one_bundle_when_they_move() -> None:
    rig = Rig()
    old = Timeline.steady(133, START)
    rig.give(TimelineChange(old.to_json()), rig.notes([700], "d1"), rig.notes([700], "d2"))
    rig.give(TimelineChange(old.with_tempo(77, Fraction(1, 8)).to_json()))
    rig.run(2000)
    assert len({onset.when for onset in rig.voices()}) == 1
    assert len(rig.voices()) == 2


def test_a_timeline_that_cannot_be_read_is_refused_and_the_old_one_rules() -> None:
    rig = Rig()
    old = Timeline.steady(240, START)
    rig.give(TimelineChange(old.to_json()))
    rig.give(TimelineChange({"segments": []}), rig.notes([150]))
    rig.run(300)
    assert rig.heard() == [150]
    assert rig.dispatcher.timeline == old
    assert rig.dispatcher.counts.refused == 1


# Refused

WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "an unknown synthdef": (
        lambda: bundle(START + 150 * MS, [NoteTemplate("xx.0123456789ab", 5).message(1, [0.0] * 5)]),
        "not loaded",
    ),
    "a wrong number of controls": (
        lambda: bundle(START + 150 * MS, [NoteTemplate("bd.0123456789ab", 4).message(1, [0.0] * 4)]),
        "does not carry its 4 controls",
    ),
    "another command": (lambda: bundle(START + 150 * MS, [message("/quit")]), "/quit is not among"),
    "a command that frees": (lambda: bundle(START + 150 * MS, [message("/n_free", 1)]), "/n_free is not among"),
    "a nested bundle": (
        lambda: bundle(START + 150 * MS, [bundle(START + 150 * MS, [note()])]),
        "something else than messages",
    ),
    "immediately": (lambda: bundle(1, [note()]), "immediately"),
    "time zero": (lambda: bundle(0, [note()]), "immediately"),
    "the far future": (lambda: bundle(START + 3601 * UNITS_PER_SECOND, [note()]), "an hour ahead"),
    "bytes": (lambda: b"no bundle at all, but long enough", "not an OSC bundle"),
    "a message that is cut": (lambda: bundle(START + 150 * MS, [note()[:-4]]), ""),
    "named controls": (
        lambda: bundle(START + 150 * MS, [message("/s_new", "bd.0123456789ab", 1, 0, 0, "amp", 9.0)]),
        "does not carry",
    ),
}


@pytest.mark.parametrize("wrong", list(WRONG))
def test_what_breaks_the_rules_is_refused_counted_and_harms_nothing_else(wrong: str) -> None:
    make, said = WRONG[wrong]
    rig = Rig()
    body = join_bundles([make(), bundle(START + 160 * MS, [note(1160)])])
    rig.give(Bundles("d1", 0, START, body))
    rig.give(rig.notes([170]))
    rig.run(300)
    assert rig.heard() == [160, 170]
    assert rig.dispatcher.counts.refused == 1
    ((reason, count),) = rig.dispatcher.counts.reasons.items()
    assert said in reason
    assert count == 1


def test_an_hour_ahead_itself_is_allowed() -> None:
    rig = Rig()
    rig.give(Bundles("d1", 0, START, join_bundles([bundle(START + 3600 * UNITS_PER_SECOND, [note()])])))
    assert rig.dispatcher.counts.accepted == 1


@pytest.mark.parametrize("name", ["", "é1", "a:b", "../x", "master", "-x"])
def test_a_name_that_cannot_be_a_track_is_refused(name: str) -> None:
    """Names go into Redis keys and onto screens."""
    rig = Rig()
    rig.give(rig.notes([150], name), Swap(name, 1, 0), Mix(name, 0, {"mute": True}), Release(name, 1, 0))
    rig.give(Mix("d1", 0, {"sends": {name: -6.0}}))
    rig.run(300)
    assert rig.heard() == []
    assert rig.dispatcher.counts.refused >= 5
    assert set(rig.dispatcher.mixer.channels) <= {"d1"}


def test_reasons_do_not_grow_without_bound() -> None:
    rig = Rig()
    for n in range(300):
        rig.give(Bundles("d1", 0, START, join_bundles([bundle(START, [message(f"/x{n}")])])))
    assert rig.dispatcher.counts.refused == 300
    assert len(rig.dispatcher.counts.reasons) == 100


def test_more_tracks_than_there_are_strips_are_refused() -> None:
    rig = Rig()
    for start in range(0, MOST_TRACKS + 10, 100):
        rig.give(*[rig.notes([150], f"d{n}") for n in range(start, min(start + 100, MOST_TRACKS + 10))])
    rig.run(300, step_ms=20)
    assert len(rig.heard()) == MOST_TRACKS
    assert rig.dispatcher.counts.refused == 10


def test_a_frame_that_comes_twice_counts_once_per_instance() -> None:
    """After Redis was away sources write their last frames again."""
    rig = Rig()
    rig.give(rig.notes([150]), seq=7)
    rig.give(rig.notes([150]), seq=7)
    rig.give(rig.notes([160]), seq=7, instance="other")
    rig.run(300)
    assert rig.heard() == [150, 160]
    assert rig.dispatcher.counts.repeated == 1


def test_a_flood_fills_the_store_and_no_more() -> None:
    rig = Rig(limits=Limits(held=100))
    rig.give(rig.notes(range(500, 700)))
    assert (rig.dispatcher.held, rig.dispatcher.counts.full) == (100, 100)
    rig.run(800)
    assert len(rig.heard()) == 100


# Exact


def test_exact_voices_are_made_early_and_told_their_sample_and_others_are_not() -> None:
    rig = Rig(EXACT)
    rig.dispatcher.sample_map = SampleMap(1, START, START, 48_000, 6400)
    hh = NoteTemplate("hh.0123456789ab", 5)
    when = START + 200 * MS
    rig.give(Bundles("d1", 0, when, join_bundles([bundle(when, [note(), note(330, hh)])])))
    rig.run(300)
    exact, wall = rig.voices()
    assert (exact.wire, wall.wire) == ("bd.0123456789ab.x", "hh.0123456789ab.w")
    assert (exact.when, wall.when) == (when - 20 * MS, when)
    sample = 9600 + 6400
    assert exact.values[5:7] == (sample // 64, sample % 64)
    assert wall.values[5:7] == (0, 0)
    assert [record[3] for record in rig.logged] == [sample, sample]


def test_without_a_map_exact_voices_wait_for_their_time_like_the_others() -> None:
    rig = Rig(EXACT)
    rig.give(rig.notes([200]))
    rig.run(300)
    (voice,) = rig.voices()
    assert voice.when == START + 200 * MS
    assert voice.values[5:7] == (0, 0)


def test_internal_controls_follow_the_author_s_own() -> None:
    """out, at_block, at_offset, random_id, random_seed: the seed is the source's, the bus the strip's."""
    rig = Rig()
    rig.give(rig.notes([150], "d1"), rig.notes([150], "d2"))
    rig.run(200)
    one, other = rig.voices()
    buses = [channel.strip.bus for channel in rig.dispatcher.mixer.channels.values()]
    assert [one.values[4], other.values[4]] == buses
    assert one.values[7] != other.values[7]
    assert one.values[8] == 7.0
    assert len(one.values) == 9


# Mix


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


# Records


def test_log_and_journal_get_what_was_handed_over_as_it_was_written() -> None:
    rig = Rig()
    mix = Mix("d1", 0, {"pan": 0.25})
    rig.give(mix, rig.notes([150, 160]), Swap("d1", 1, START + 160 * MS))
    rig.run(300)
    assert rig.logged == [(START + 150 * MS, "d1", note(1150), 0)]
    assert rig.journal == [mix]


# Restarts, panic, stealing


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


def test_next_due_tells_when_to_wake() -> None:
    rig = Rig()
    assert rig.dispatcher.next_due() is None
    rig.give(Mix("d1", 0, {"mute": True}))
    assert rig.dispatcher.next_due() == 0
    rig.pump()
    rig.give(Mix("d1", START + 500 * MS, {"mute": False}), rig.notes([300]))
    assert rig.dispatcher.next_due() == START + 220 * MS
    rig.limit(pending=1)
    rig.give(rig.notes([301]))
    rig.run(225)
    assert rig.dispatcher.next_due() == START + 300 * MS


@given(st.lists(st.tuples(st.sampled_from(["notes", "swap", "release", "mix", "tempo", "run"]), st.integers(1, 500))))
@settings(max_examples=60)
def test_whatever_comes_in_whatever_order_every_accepted_note_is_accounted_for(steps: list[tuple[str, int]]) -> None:
    rig = Rig()
    timeline = Timeline.steady(240, START)
    rig.give(TimelineChange(timeline.to_json()))
    epoch, cursor = 0, 0.0
    for kind, number in steps:
        if kind == "notes":
            rig.give(rig.notes([rig.ms + number, rig.ms + number + 7], epoch=epoch))
        elif kind == "swap":
            epoch += 1
            rig.give(Swap("d1", epoch, rig.now + number * MS))
        elif kind == "release":
            epoch += 1
            rig.give(Release("d1", epoch, rig.now))
        elif kind == "mix":
            rig.give(Mix("d1", rig.now + number * MS, {"pan": 0.1}))
        elif kind == "tempo":
            timeline = timeline.with_tempo(60 + number, timeline.cycle(rig.now + 85 * MS))
            rig.give(TimelineChange(timeline.to_json()))
        else:
            cursor = rig.ms + number
            rig.run(cursor, step_ms=5)
    rig.run(rig.ms + 10_000, step_ms=50)
    counts = rig.dispatcher.counts
    assert rig.dispatcher.held == 0
    assert counts.accepted == counts.sent + counts.stale + counts.late_dropped
    lost = [failure for failure in rig.server.failures if "Group" in failure]
    assert len(rig.voices()) == counts.sent - len(lost)
    assert len(lost) == len(rig.server.failures)
