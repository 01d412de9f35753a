"""What the dispatcher holds when a version, a hush or a tempo changes: replaced, silenced, moved."""

from fractions import Fraction

import pytest

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.sdk.frames import Release, Swap, TimelineChange
from tests.engine.rig import MS, START, Rig


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
