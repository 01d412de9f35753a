"""The dispatcher's judgement on virtual time: in time, late, merged, split, exact, counted."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.sampleclock import SampleMap
from marmalade_sc.engine.voices import EXACT
from marmalade_sc.sdk.frames import Bundles, Mix, Release, Swap, TimelineChange, join_bundles
from marmalade_sc.sdk.osc import NoteTemplate, bundle
from tests.engine.rig import MS, START, Rig, note

TIMES = st.lists(st.integers(130, 2000), max_size=30)


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


def test_log_and_journal_get_what_was_handed_over_as_it_was_written() -> None:
    rig = Rig()
    mix = Mix("d1", 0, {"pan": 0.25})
    rig.give(mix, rig.notes([150, 160]), Swap("d1", 1, START + 160 * MS))
    rig.run(300)
    assert rig.logged == [(START + 150 * MS, "d1", note(1150), 0)]
    assert rig.journal == [mix]


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
