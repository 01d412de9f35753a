"""The scheduler, heard to its end: changes land on the grid, and nothing is ever lost or doubled."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.operations import Count, Grid, Hush, Nudge, Ramp, Replace, Tempo, Transport
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.sdk.frames import LARGEST_DATA, Bundles, Frame, encode_section
from marmalade_sc.sdk.instruments import Bank, Orchestra
from marmalade_sc.sdk.seeds import track_seed
from marmalade_sc.testing.catalogue import catalogue_row
from tests.live_package.stage import BANKS, MS, ROWS, START, Stage, orchestra

F = Fraction


def beats(*cycles: int, name: str = "bd", steps: int = 4) -> list[tuple[Fraction, str]]:
    """`name` on each `steps`-th of the given cycles."""
    return [(cycle + F(step, steps), name) for cycle in cycles for step in range(steps)]


def test_a_pattern_begins_at_the_next_bar_and_goes_on() -> None:
    stage = Stage()
    _, (landing,) = stage.evaluate('d1 >> s("bd*4")')
    assert (landing.what, landing.cycle) == ("d1", F(0))
    stage.run_to(3)
    assert stage.heard() == beats(0, 1, 2)
    assert stage.dispatcher.counts.late_dropped == stage.dispatcher.counts.late_played == 0
    assert min(stage.dispatcher.counts.lead_ms) >= 75


def test_what_is_replaced_lands_on_the_bar_without_gap_or_double_hit() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.5)
    _, (landing,) = stage.evaluate('d1 >> s("sn*4")')
    assert landing.cycle == 2
    stage.run_to(4)
    assert stage.heard() == beats(0, 1) + beats(2, 3, name="sn")


@pytest.mark.parametrize("before_ms", [87, 90, 95, 99, 100, 101, 110, 120, 124, 125, 126])
def test_a_change_just_before_the_bar_still_lands_on_it(before_ms: int) -> None:
    """The old pattern was asked beyond the bar already: its notes there must not be heard, the new ones must."""
    stage = Stage()
    stage.evaluate('d1 >> s("bd*16")')
    stage.run_to(F(2) - F(before_ms, 2000))
    _, (landing,) = stage.evaluate('d1 >> s("sn*16")')
    assert landing.cycle == 2
    stage.run_to(3)
    assert stage.heard() == beats(0, 1, steps=16) + beats(2, name="sn", steps=16)


def test_a_change_too_late_for_the_bar_lands_on_the_next() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(F(2) - F(80, 2000))
    _, (landing,) = stage.evaluate('d1 >> s("sn*4")')
    assert landing.cycle == 3
    stage.run_to(4)
    assert stage.heard() == beats(0, 1, 2) + beats(3, name="sn")


@pytest.mark.parametrize(
    ("grid", "lands"),
    [("4 bars", F(4)), ("2 beats", F(3, 2)), ("1/2 bar", F(3, 2)), ("now", None), (2, F(2)), (0.25, F(5, 4))],
)
def test_a_stated_grid_is_kept(grid: Any, lands: Fraction | None) -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*8")')
    stage.run_to(1.1)
    _, (landing,) = stage.evaluate(f'd1.at({grid!r}) >> s("sn*8")')
    assert lands is None or landing.cycle == lands
    stage.run_to(6)
    expected = [(cycle, "bd" if cycle < landing.cycle else "sn") for cycle, _ in beats(0, 1, 2, 3, 4, 5, steps=8)]
    assert stage.heard() == expected


def test_of_several_changes_before_a_bar_the_last_counts() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.2)
    for name in ("sn", "hh", "bass"):
        stage.evaluate(f'd1 >> s("{name}*4")')
        stage.run(0.1)
    stage.run_to(3)
    assert stage.heard() == beats(0, 1) + beats(2, name="bass")


def test_hush_silences_one_track_or_all_and_a_new_pattern_plays_again() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")\nd2 >> s("sn*4")')
    stage.run_to(F(9, 8))
    stage.evaluate("hush(d1)")
    stage.run_to(F(17, 8))
    stage.evaluate("hush()")
    stage.run_to(F(25, 8))
    stage.evaluate('d1 >> s("hh*4")')
    stage.run_to(5)
    names: dict[str, list[Fraction]] = {}
    for cycle, name in stage.heard():
        names.setdefault(name, []).append(cycle)
    assert names["bd"] == [F(n, 4) for n in range(5)]
    assert names["sn"] == [F(n, 4) for n in range(9)]
    assert names["hh"] == [F(n, 4) for n in range(16, 20)]


def test_hush_and_a_new_pattern_in_one_block_lose_no_note() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(F(2) - F(95, 2000))
    stage.evaluate('hush()\nd1 >> s("sn*4")')
    stage.run_to(3)
    assert stage.heard() == beats(0, 1) + beats(2, name="sn")


# Time


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


# Instruments


def test_a_reload_is_heard_from_the_next_bar() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.3)
    assert stage.scheduler.reload(orchestra("b" * 12), stage.clock.now()) == 2
    stage.run_to(3)
    wires = [onset.wire for onset in stage.server.onsets if onset.wire.startswith("bd")]
    assert wires == ["bd.0123456789ab.w"] * 8 + ["bd.bbbbbbbbbbbb.w"] * 4


# Trouble


class Failing:
    """A pattern's function that fails from a cycle on."""

    def __init__(self, since: int) -> None:
        self.since = since

    def __call__(self, value: Any) -> Any:
        if self.since <= 0:
            raise ZeroDivisionError("division by zero")
        self.since -= 1
        return value


def sounds(text: str) -> Pattern:
    made = Stage().session.names["s"]
    assert callable(made)
    pattern = made(text)
    assert isinstance(pattern, Pattern)
    return pattern


def lane(pattern: Pattern) -> Lane:
    return Lane(pattern, track_seed(0, "d1"))


def test_a_pattern_that_fails_while_it_plays_leaves_its_place_to_the_one_before_with_one_message() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(0.5)
    pattern = sounds("sn*4").sometimes(lambda p: p).fmap(Failing(8))
    stage.do(Replace("d1", lane(pattern)))
    stage.run_to(6)
    assert len(stage.said) == 1
    assert "d1 fails in bar" in stage.said[0]
    assert "division by zero" in stage.said[0]
    assert {cycle for cycle, _ in stage.heard()} == {F(n, 4) for n in range(24)}
    assert stage.heard()[-4:] == beats(5)


def test_a_note_that_cannot_be_played_is_left_out_with_one_message() -> None:
    """Bar 20 names a sound that does not exist: the first bars do not show it, and the rest must go on."""
    stage = Stage()
    stage.evaluate('d1 >> s("<[bd*4]!20 [bd nope bd nope]>")')
    stage.run_to(42)
    assert len(stage.said) == 1
    assert "d1 leaves out a note in bar 20" in stage.said[0]
    assert "'nope'" in stage.said[0]
    assert len(stage.heard()) == 40 * 4 + 2 * 2


def test_one_bad_track_leaves_the_others_alone() -> None:
    stage = Stage()
    stage.evaluate('d2 >> s("sn*4")')
    broken = sounds("bd*4").fmap(Failing(0))
    stage.do(Replace("d1", lane(broken)))
    stage.run_to(2)
    assert stage.heard() == beats(0, 1, name="sn")
    assert len(stage.said) == 1


def test_the_way_to_a_change_is_not_lost_when_the_engine_begins_anew() -> None:
    stage = Stage()
    stage.evaluate('clock.bpm = 90\nd1 >> s("bd")\nd1.gain(-6)\nd1.pan(0.5)')
    stage.run(0.1)
    stage.scheduler.announce()
    stage.run(0.1)
    sections = [section for frame in stage.frames[-2:] for section in frame.sections]
    assert any(getattr(section, "settings", {}).get("gain_db") == -6 for section in sections)
    assert any(hasattr(section, "timeline") for section in sections)


# Sizes


def check_sizes(frames: list[Frame]) -> None:
    for frame in frames:
        assert sum(len(encode_section(section)) for section in frame.sections) <= LARGEST_DATA
        frame.fields()


def test_two_thousand_notes_of_one_instant_fit_their_frames_and_all_sound() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("' + ",".join(["bd"] * 2000) + '")')
    stage.run_to(0.9)
    check_sizes(stage.frames)
    assert len(stage.heard()) == 2000
    assert len({onset.when for onset in stage.server.onsets if onset.wire.startswith("bd")}) == 1
    assert stage.server.failures == []


def test_five_hundred_tracks_fit_their_frames() -> None:
    stage = Stage()
    stage.evaluate("\n".join(f'd{n} >> s("bd*16")' for n in range(1, 501)))
    stage.run(2.2)
    check_sizes(stage.frames)
    assert len(stage.heard()) >= 500 * 13


def test_a_knob_that_is_turned_for_an_hour_fits_its_frames() -> None:
    stage = Stage()
    for turn in range(200):
        stage.do(Nudge(0.001 if turn % 2 else -0.001))
        stage.run(0.05)
    check_sizes(stage.frames)
    assert len(stage.scheduler.timeline.segments) < 200


def test_frames_carry_rising_numbers_and_the_revision_of_their_times() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1)
    stage.evaluate("clock.bpm = 140")
    stage.run_to(2)
    numbers = [frame.seq for frame in stage.frames]
    assert numbers == sorted(set(numbers))
    revisions = [frame.revision for frame in stage.frames]
    assert revisions == sorted(revisions)
    assert set(revisions) == {0, 1}
    assert all(isinstance(frame, Frame) and frame.first <= frame.last for frame in stage.frames)


def test_prefetching_asks_for_the_next_bar_and_stops_when_told() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd hh")\nd2 >> s("sn")')
    stage.run_to(0.5)
    asked: list[int] = []

    def enough() -> bool:
        asked.append(1)
        return True

    stage.scheduler.prefetch(enough)
    assert asked == [1]


def test_a_hush_names_every_track_and_a_hush_of_one_names_it() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd")\nd2 >> s("sn")')
    (landing,) = stage.do(Hush("d1"))
    assert landing.what == "hush d1"
    (landing,) = stage.do(Hush())
    assert landing.what == "hush all"
    assert all(track.lane is None for track in stage.scheduler.tracks.values())


def test_sections_say_their_first_time() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("~ bd")')
    stage.run_to(1)
    (section,) = [s for frame in stage.frames for s in frame.sections if isinstance(s, Bundles)]
    assert section.first == START + UNITS_PER_SECOND


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


def test_a_reload_before_the_first_pattern_is_heard_in_it() -> None:
    """The bar for which it was kept is one of the old count, which begins anew."""
    stage = Stage()
    stage.run(9)
    assert stage.scheduler.reload(orchestra("b" * 12), stage.clock.now()) > 1
    operations = stage.session.evaluate('d1 >> s("bd*4")').operations
    stage.scheduler.begin(operations, stage.clock.now())
    stage.do(*operations)
    stage.run(1)
    assert {onset.wire for onset in stage.server.onsets if onset.wire.startswith("bd.")} == {f"bd.{'b' * 12}.w"}


def test_a_new_name_can_be_played_before_the_bar_on_which_changed_ones_are_heard() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(F(5, 4))
    newer = Orchestra.from_rows(
        [*({**row, "hash": "b" * 12} for row in ROWS), catalogue_row("fresh")], [*BANKS, Bank("bd", BANKS[0].samples)]
    )
    assert stage.scheduler.reload(newer, stage.clock.now()) == 2
    ours = stage.scheduler.orchestra
    assert ours.find("fresh")[0].name == "fresh"
    assert ours.find("bd") == orchestra().find("bd"), "what plays stays as it is until the bar"


def test_a_landing_says_what_was_mixed() -> None:
    """On stage "mix of d1" could be anything; the keys have always said it."""
    stage = Stage()
    stage.evaluate('d1 >> s("bd")')
    codes = ("mute(d1)", "unmute(d1)", "d1.solo()", "d1.unsolo()", "d1.gain(-3)")
    said = [stage.evaluate(code)[1][0].what for code in codes]
    assert said == ["d1 muted", "d1 unmuted", "d1 solo", "d1 no longer solo", "mix of d1"]
