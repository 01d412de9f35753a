"""Tempo, meter, pause and nudge while patterns play: every beat is heard once."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.operations import Count, Grid, Nudge, Ramp, Tempo, Transport
from tests.live_package.stage import MS, START, Stage, beats

F = Fraction


def test_a_change_of_tempo_lands_on_the_bar_and_loses_nothing() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.9)
    stage.evaluate("clock.bpm = 240")
    stage.run_to(5)
    assert stage.heard() == beats(0, 1, 2, 3, 4)
    assert [time for time, _ in stage.times()][:13] == [
        *(n / 2 for n in range(8)),
        *(4 + n / 4 for n in range(5)),
    ]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["tempo", "tempo now", "ramp", "pause", "nudge", "replace", "run"]),
            st.integers(1, 2000),
        ),
        max_size=12,
    )
)
@settings(max_examples=40, deadline=None)
def test_every_beat_is_heard_once_whatever_happens_to_time(steps: list[tuple[str, int]]) -> None:
    """Tempo, ramps, pauses and nudges in any order at any place: each note of the pattern sounds exactly once."""
    stage = Stage()
    stage.evaluate('d1 >> s("bd*16")')
    for kind, number in steps:
        stage.run(number / 3000)
        if kind == "tempo":
            stage.do(Tempo(50 + number / 10))
        elif kind == "tempo now":
            stage.do(Tempo(50 + number / 10, Grid(F(0))))
        elif kind == "ramp":
            stage.do(Ramp(50 + number / 10, F(number % 7 + 1, 3), Grid(F(0))))
        elif kind == "pause":
            stage.do(Transport(False))
            stage.run(number / 2000)
            stage.do(Transport(True))
        elif kind == "nudge":
            # Pulled forward, the bar at which a pattern is replaced may come before the last notes of the one before:
            # those give way. So here time is pulled only where nothing is replaced.
            pulled = all(each != "replace" for each, _ in steps) and stage.clock.now() > START + 500 * MS
            stage.do(Nudge((number - 1000 * pulled) / 20_000))
        elif kind == "replace":
            stage.evaluate('d1 >> s("bd*16")')
    stage.run(3)
    counts = stage.dispatcher.counts
    assert counts.late_dropped == 0
    assert len(stage.server.failures) == 0
    last = stage.scheduler.timeline.cycle(stage.clock.now() - 600 * MS)
    nodes = [onset.node for onset in stage.server.onsets if onset.wire.startswith("bd")]
    assert len(nodes) == len(set(nodes))
    # A nudge may crowd beats, but none goes missing and none comes twice.
    expected = int(stage.scheduler.cursor * 16) + 1
    assert counts.sent + stage.dispatcher.held in (expected, expected - 1)
    assert last <= stage.scheduler.cursor


def test_a_pause_at_any_place_plays_on_where_it_stood() -> None:
    for place in (0, 30, 60, 90, 100, 115, 124, 125, 200):
        stage = Stage()
        stage.evaluate('d1 >> s("bd*16")')
        stage.run_to(F(1) + F(place, 2000))
        stage.evaluate("clock.pause()")
        stage.run(1.7)
        heard = len(stage.heard())
        stage.run(1.0)
        assert len(stage.heard()) == heard, "it stands still"
        stage.evaluate("clock.play()")
        stage.run_to(3)
        assert [cycle for cycle, _ in stage.heard()] == [F(n, 16) for n in range(48)], place


def test_what_is_replaced_while_it_stands_still_keeps_the_rest_of_the_bar() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.1)
    stage.evaluate("clock.pause()")
    stage.run(1)
    _, (landing,) = stage.evaluate('d1 >> s("sn*4")')
    assert landing.cycle == 2
    stage.run(1)
    stage.evaluate("clock.play()")
    stage.run_to(3)
    assert stage.heard() == beats(0, 1) + beats(2, name="sn")


def test_a_swap_on_its_way_moves_with_the_tempo() -> None:
    """Replaced for bar 2, then the tempo changes before bar 2: neither a gap nor a double hit at its border."""
    for bpm in (240, 60):
        stage = Stage()
        stage.evaluate('d1 >> s("bd*16")')
        stage.run_to(F(2) - F(115, 2000))
        stage.evaluate('d1 >> s("sn*16")')
        stage.do(Tempo(bpm, Grid(F(0))))
        stage.run_to(3)
        assert stage.heard() == beats(0, 1, steps=16) + beats(2, name="sn", steps=16)


def test_a_change_of_meter_keeps_bars_whole() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd")')
    stage.run_to(0.5)
    stage.evaluate("clock.beats_per_bar = 3")
    stage.run(8)
    assert [time for time, _ in stage.times()][:4] == [0.0, 2.0, 3.5, 5.0]


def test_a_tempo_that_has_not_come_yet_is_that_of_the_first_pattern() -> None:
    """`clock.bpm = 150`, Enter, and at once the first pattern: it must not begin at 120, and stay there."""
    stage = Stage()
    stage.run(1.0)
    stage.do(Tempo(150.0))
    operations = stage.session.evaluate('d1 >> s("bd*4")').operations
    stage.scheduler.begin(operations, stage.clock.now())
    (landing,) = stage.do(*operations)
    assert landing.cycle == 0
    assert stage.scheduler.timeline.bpm(F(0)) == stage.scheduler.timeline.bpm(F(9)) == 150


def test_bars_that_somebody_counts_are_not_begun_anew() -> None:
    """A generator that plays, or another player, would be thrown out of its bar by the first line at the prompt."""
    stage = Stage()
    stage.run(1.0)
    stage.do(Count())
    before = stage.scheduler.timeline
    stage.run(8.3)
    operations = stage.session.evaluate('d1 >> s("bd*4")').operations
    stage.scheduler.begin(operations, stage.clock.now())
    (landing,) = stage.do(*operations)
    assert landing.cycle == 5 and stage.scheduler.timeline is before
    assert before.timetag(F(5)) == START + 10 * UNITS_PER_SECOND


def test_the_first_pattern_lets_the_bars_count() -> None:
    stage = Stage()
    stage.run(1.0)
    operations = stage.session.evaluate('d1 >> s("bd*4")').operations
    stage.scheduler.begin(operations, stage.clock.now())
    assert stage.scheduler.timeline.counts
    assert Timeline.from_json(stage.scheduler.timeline.to_json()).counts


def test_the_first_pattern_of_a_paused_clock_waits_for_it() -> None:
    stage = Stage()
    stage.run(1.0)
    stage.do(Transport(False))
    operations = stage.session.evaluate('d1 >> s("bd*4")').operations
    stage.scheduler.begin(operations, stage.clock.now())
    stage.do(*operations)
    stage.run(5)
    assert stage.heard() == []
    stage.do(Transport(True))
    stage.run(5)
    assert stage.heard()
