"""Laws of the timeline: exact, in order, and what a change does not touch stays as it is."""

import random
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, seconds_to_units
from marmalade_sc.errors import TimelineError

START = 4_000_000_000 * UNITS_PER_SECOND
BPM = st.one_of(
    st.integers(1, 400).map(Fraction),
    st.fractions(Fraction(1, 10), 10_000, max_denominator=1000),
    st.floats(1, 1000).map(lambda bpm: Fraction(str(bpm))),
)
CYCLES = st.fractions(0, 64, max_denominator=96)
METERS = st.sampled_from([Fraction(4), Fraction(3), Fraction(7, 2), Fraction(5, 4), Fraction(1)])


@st.composite
def timelines(draw: Any) -> Timeline:
    """Up to six changes of any kind, each behind the one before."""
    timeline = Timeline.steady(draw(BPM), START, draw(METERS))
    if counts := draw(st.booleans()):
        timeline = timeline.counted()
    at = Fraction(0)
    for kind in draw(st.lists(st.sampled_from(["tempo", "ramp", "meter", "nudge", "pause"]), max_size=6)):
        at += draw(st.fractions(Fraction(1, 16), 8, max_denominator=48))
        if kind == "tempo":
            timeline = timeline.with_tempo(draw(BPM), at)
        elif kind == "ramp":
            length = draw(st.fractions(Fraction(1, 4), 8, max_denominator=8))
            timeline = timeline.with_ramp(draw(BPM), at, length)
            at += length
        elif kind == "meter":
            timeline = timeline.with_meter(draw(METERS), at)
        elif kind == "nudge":
            timeline = timeline.nudged(draw(st.fractions(0, 1, max_denominator=1000)), at)
        else:
            timeline = timeline.stopped(timeline.timetag(at))
            stands = timeline.stops_at()
            assert stands is not None
            timeline = timeline.started(timeline.timetag(stands) + draw(st.integers(0, 100 * UNITS_PER_SECOND)))
            at = stands
    assert timeline.counts is counts, "bars that count would be begun anew by the next pattern"
    return timeline


# Reading


@given(timelines(), CYCLES)
def test_a_cycle_is_found_again_at_its_timetag(timeline: Timeline, cycle: Fraction) -> None:
    """What the status bar shows, where a change lands and where a note sounds must be the same place."""
    tag = timeline.timetag(cycle)
    low, high = timeline.cycle(tag - 1), timeline.cycle(tag + 1)
    assert low <= cycle or timeline.timetag(low) == tag
    assert high >= cycle


@given(timelines(), CYCLES, CYCLES)
def test_later_cycles_never_come_earlier(timeline: Timeline, one: Fraction, other: Fraction) -> None:
    low, high = sorted((one, other))
    assert timeline.timetag(low) <= timeline.timetag(high)


@given(timelines(), st.integers(0, 400 * UNITS_PER_SECOND), st.integers(0, 10 * UNITS_PER_SECOND))
def test_musical_time_never_runs_backwards(timeline: Timeline, since: int, step: int) -> None:
    assert timeline.cycle(START + since) <= timeline.cycle(START + since + step)


@given(timelines())
def test_segments_follow_each_other_in_cycle_and_in_time(timeline: Timeline) -> None:
    for earlier, later in zip(timeline.segments, timeline.segments[1:], strict=False):
        assert earlier.cycle <= later.cycle
        assert earlier.time_s <= later.time_s
        assert earlier.beat <= later.beat


@given(timelines(), CYCLES)
def test_timetags_are_the_exact_time_rounded(timeline: Timeline, cycle: Fraction) -> None:
    assert timeline.timetag(cycle) == seconds_to_units(timeline.time_s(cycle))


@pytest.mark.parametrize("bpm", ["120", "133.7", "0.1", "10000", "77.77777", "174.000001"])
def test_a_hundred_thousand_timetags_hours_in_are_the_ideal_ones(bpm: str) -> None:
    """The bar of the issue: 0 units off, in integers, at any tempo and after hours."""
    chance = random.Random(bpm)
    timeline = Timeline.steady(bpm, START)
    beat = 60 / Fraction(bpm)
    for _ in range(20_000):
        cycle = Fraction(chance.randrange(10**7), chance.choice([1, 3, 7, 16, 48, 96, 1000]))
        ideal = START + cycle * 4 * beat * UNITS_PER_SECOND
        assert abs(timeline.timetag(cycle) - ideal) <= Fraction(1, 2)
        assert timeline.cycle(START + (cycle.numerator << 20)) is not None


def test_no_float_ever_enters_a_timetag() -> None:
    timeline = Timeline.steady(Fraction(1000, 7), START).with_ramp(90, Fraction(2), Fraction(3))
    for segment in timeline.segments:
        for name in ("cycle", "beat", "time_s", "period_s", "slope_s", "beats_per_cycle"):
            assert isinstance(getattr(segment, name), Fraction)


# Changing


@given(timelines(), BPM, CYCLES)
def test_what_lies_before_a_change_of_tempo_stays_and_the_change_itself_does_not_jump(
    timeline: Timeline, bpm: Fraction, at: Fraction
) -> None:
    changed = timeline.with_tempo(bpm, at)
    assert changed.revision == timeline.revision + 1
    assert changed.timetag(at) == timeline.timetag(at)
    assert changed.timetag(at / 2) == timeline.timetag(at / 2)
    beat = changed.time_s(at + 1) - changed.time_s(at)
    assert beat == 60 / bpm * changed.beats_per_cycle(at)


@given(BPM, BPM, CYCLES, st.fractions(Fraction(1, 4), 16, max_denominator=16))
def test_a_ramp_ends_at_its_tempo_at_its_end_and_is_linear_in_seconds_per_beat(
    old: Fraction, new: Fraction, at: Fraction, length: Fraction
) -> None:
    timeline = Timeline.steady(old, START).with_ramp(new, at, length)
    assert timeline.bpm(at) == pytest.approx(float(old))
    assert timeline.bpm(at + length) == float(new)
    assert timeline.bpm(at + 100) == float(new)
    took = timeline.time_s(at + length) - timeline.time_s(at)
    assert abs(took - (60 / old + 60 / new) / 2 * 4 * length) < Fraction(1, 1 << 60)


def test_a_nudge_in_a_ramp_shifts_it_and_does_not_let_the_tempo_run_away() -> None:
    """Dropping the ramp's end would speed up without end: a period of zero within bars."""
    ramp = Timeline.steady(120, START).with_ramp(240, Fraction(1), Fraction(2))
    nudged = ramp.nudged(Fraction(1, 100), Fraction(2))
    assert nudged.bpm(Fraction(5)) == 240
    assert nudged.time_s(Fraction(5)) - ramp.time_s(Fraction(5)) == Fraction(1, 100)
    assert nudged.time_s(Fraction(3, 2)) == ramp.time_s(Fraction(3, 2))


def test_a_nudge_keeps_the_change_of_tempo_that_is_to_come() -> None:
    timeline = Timeline.steady(120, START).with_tempo(60, Fraction(8)).nudged(0.02, Fraction(4))
    assert timeline.bpm(Fraction(7)) == 120
    assert timeline.bpm(Fraction(9)) == 60


def test_two_nudges_forward_right_after_each_other_keep_the_order_of_time() -> None:
    timeline = Timeline.steady(120, START).with_tempo(121, Fraction(1))
    for step in range(5):
        timeline = timeline.nudged(-0.5, Fraction(1) + Fraction(step, 100))
    times = [segment.time_s for segment in timeline.segments]
    assert times == sorted(times)


@given(timelines(), CYCLES, st.integers(1, 10**6).map(lambda ms: ms * UNITS_PER_SECOND // 1000))
def test_a_pause_shifts_what_comes_and_loses_nothing(timeline: Timeline, at: Fraction, length: int) -> None:
    last = timeline.segments[-1]
    at = max(at, last.cycle + 1)  # what is to come is forgotten by a stop; here there is nothing to come
    tag = timeline.timetag(at)
    stopped = timeline.stopped(tag)
    stands = stopped.stops_at()
    assert stands is not None
    assert stopped.cycle(tag + length) == stands
    assert not stopped.is_playing(tag + 1)
    goes = stopped.started(tag + length)
    assert goes.stops_at() is None
    later = goes.timetag(at + 1) - timeline.timetag(at + 1)
    assert abs(later - length) <= 1


def test_starting_what_plays_and_stopping_what_stands_change_nothing() -> None:
    timeline = Timeline.steady(120, START)
    assert timeline.started(START) is timeline
    stopped = timeline.stopped(START + UNITS_PER_SECOND)
    assert stopped.stopped(START + 2 * UNITS_PER_SECOND) is stopped
    assert stopped.nudged(0.1, Fraction(9)) is stopped


@pytest.mark.parametrize("at", [Fraction(1), Fraction(1, 4), Fraction(99)])
def test_a_tempo_set_while_it_stands_is_there_when_it_goes_on(at: Fraction) -> None:
    """Wherever the change was to land: before the stop that is still to come, at it, or beyond it."""
    stopped = Timeline.steady(120, START).stopped(START + UNITS_PER_SECOND)
    for changed in (stopped.with_tempo(60, at), stopped.with_ramp(60, at, Fraction(4))):
        assert changed.stops_at() == Fraction(1, 2)
        goes = changed.started(START + 10 * UNITS_PER_SECOND)
        assert goes.bpm(Fraction(3, 4)) == 60
        assert goes.timetag(Fraction(1, 2)) == START + 10 * UNITS_PER_SECOND
        times = [segment.time_s for segment in goes.segments]
        assert times == sorted(times)


@given(timelines(), st.integers(0, 100 * UNITS_PER_SECOND), CYCLES)
def test_forgetting_the_past_changes_nothing_that_comes(timeline: Timeline, since: int, cycle: Fraction) -> None:
    pruned = timeline.pruned(START + since)
    assert pruned.revision == timeline.revision
    assume(timeline.timetag(cycle) >= START + since)
    assert pruned.timetag(cycle) == timeline.timetag(cycle)


@given(timelines(), BPM, CYCLES, CYCLES)
def test_a_note_moves_to_where_the_new_timeline_has_its_cycle(
    timeline: Timeline, bpm: Fraction, at: Fraction, cycle: Fraction
) -> None:
    """Notes made before a change of tempo and not yet handed over: none may be lost between the two maps."""
    timeline = Timeline(timeline.segments[:1])
    changed = timeline.with_tempo(bpm, at)
    moved = changed.remap(timeline.timetag(cycle), timeline)
    beat = max(60 / bpm, timeline.segments[0].period_s) / min(60 / bpm, timeline.segments[0].period_s)
    assert abs(moved - changed.timetag(cycle)) <= 1 + beat


# Staying small


def test_numbers_stay_short_however_often_it_is_changed_in_the_middle_of_a_bar() -> None:
    """Exact fractions multiply their denominators: after an evening of tapping they must still fit the wire."""
    chance = random.Random(3)
    timeline = Timeline.steady(120, START)
    now = START
    for step in range(400):
        now += chance.randrange(UNITS_PER_SECOND)
        at = timeline.cycle(now)
        kind = step % 5
        if kind == 0:
            timeline = timeline.with_ramp(60 + chance.random() * 100, at, Fraction(3, 7))
        elif kind == 1:
            timeline = timeline.stopped(now).started(now + 12345)
        elif kind == 2:
            timeline = timeline.with_meter(Fraction(chance.randrange(1, 9), 4), at)
        elif kind == 3:
            timeline = timeline.nudged(chance.random() / 10, at)
        else:
            timeline = timeline.with_tempo(str(60 + chance.randrange(10_000) / 1000), at)
        timeline = timeline.pruned(now - 10 * UNITS_PER_SECOND)
    assert Timeline.from_json(timeline.to_json()) == timeline
    assert len(str(timeline.to_json())) < 1000 * len(timeline.segments)


# Wire


@given(timelines())
def test_the_wire_gives_back_the_same_timeline(timeline: Timeline) -> None:
    again = Timeline.from_json(timeline.to_json())
    assert again == timeline
    assert hash(again) == hash(timeline)


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data.pop("revision"),
        lambda data: data.update(revision="1"),
        lambda data: data.update(segments=[]),
        lambda data: data.update(segments=data["segments"] * 5000),
        lambda data: data["segments"][0].pop("cycle"),
        lambda data: data["segments"][0].update(cycle="1/0"),
        lambda data: data["segments"][0].update(cycle="much"),
        lambda data: data["segments"][0].update(cycle="1" * 500),
        lambda data: data["segments"][0].update(period_s="0"),
        lambda data: data["segments"][0].update(period_s="-1/2"),
        lambda data: data["segments"][0].update(beats_per_cycle="100000"),
        lambda data: data["segments"].insert(0, dict(data["segments"][0], cycle="7")),
        lambda data: data["segments"].insert(0, dict(data["segments"][0], time_s="9000000000")),
        lambda data: data["segments"].append("a segment"),
    ],
)
def test_a_timeline_that_cannot_be_is_refused(damage: Any) -> None:
    data: Any = Timeline.steady(120, START).to_json()
    damage(data)
    with pytest.raises(TimelineError):
        Timeline.from_json(data)


@pytest.mark.parametrize("bpm", [0, -1, "fast", 10_001, float("nan"), float("inf"), None])
def test_a_tempo_that_cannot_be_is_refused(bpm: Any) -> None:
    with pytest.raises(TimelineError, match="bpm"):
        Timeline.steady(bpm)


def test_a_ramp_without_length_and_a_bar_without_beats_are_refused() -> None:
    timeline = Timeline.steady(120)
    with pytest.raises(TimelineError, match="ramp"):
        timeline.with_ramp(140, Fraction(1), Fraction(0))
    with pytest.raises(TimelineError, match="bar of 0 beats"):
        timeline.with_meter(0, Fraction(1))
    with pytest.raises(TimelineError, match="needs a segment"):
        Timeline([])


def test_beats_go_on_across_changes_of_meter() -> None:
    timeline = Timeline.steady(120, START).with_meter(3, Fraction(2)).with_meter(Fraction(7, 2), Fraction(4))
    assert [timeline.beat(Fraction(bar)) for bar in (0, 1, 2, 3, 4, 5)] == [0, 4, 8, 11, 14, Fraction(35, 2)]
    assert timeline.cycle_s(Fraction(2)) == 1.5
    assert timeline.bpm(Fraction(5)) == 120
