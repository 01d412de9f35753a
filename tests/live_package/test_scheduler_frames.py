"""The frames that the scheduler makes: their sizes, numbers, revisions and first times."""

from fractions import Fraction

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.operations import Nudge
from marmalade_sc.sdk.frames import LARGEST_DATA, Bundles, Frame, encode_section
from tests.live_package.stage import START, Stage

F = Fraction


def test_the_way_to_a_change_is_not_lost_when_the_engine_begins_anew() -> None:
    stage = Stage()
    stage.evaluate('clock.bpm = 90\nd1 >> s("bd")\nd1.gain(-6)\nd1.pan(0.5)')
    stage.run(0.1)
    stage.scheduler.announce()
    stage.run(0.1)
    sections = [section for frame in stage.frames[-2:] for section in frame.sections]
    assert any(getattr(section, "settings", {}).get("gain_db") == -6 for section in sections)
    assert any(hasattr(section, "timeline") for section in sections)


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


def test_sections_say_their_first_time() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("~ bd")')
    stage.run_to(1)
    (section,) = [s for frame in stage.frames for s in frame.sections if isinstance(s, Bundles)]
    assert section.first == START + UNITS_PER_SECOND
