"""What plays, as code: evaluated anew it gives the same music, mix and scenes."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import UsageError
from marmalade_sc.live.book import PLAIN_MIX, Version
from marmalade_sc.live.setcode import set_code
from tests.live_package.stage import Stage

LINES = (
    'beat = "bd*4"',
    'beat = "sn*2"',
    "many = [1, 2]",
    "d1 >> hats(2).fast(2)",
    "late = s(beat).late(1/4)\nd2 >> late.fast(2)",
    "d1 >> late.fast(n1)",
    "n1 = 3\nd2 >> s('hh*4').fast(n1)",
    "n1 = [beat for beat in (4, 2)][-1]",
    "d1 >> s('sn').fast(n1)",
    "many.append(len(many))",
    "def hats(count):\n    return s(f'hh*{count}')",
    "import math",
    "d1 >> s(beat)",
    "d1 >> hats(8)",
    'd2 >> s("hh*8?0.3")',
    "d2 >> hats(len(many))",
    'd1.at("2 bars") >> s("sn").fast(2)',
    'd2.xfade(2) >> s("bd").every(4, lambda p: p.fast(math.floor(2.5)))',
    'for track, name in ((d1, "bd"), (d2, "sn")):\n    track >> s(name).fast(len(many))',
    'b1 >> bass("0 3 5", scale="minor", root="a2")',
    'bass.amp = "<.2 .4>"',
    "bass.pan = -.5",
    'd2 >> bass("0 3")',
    "d1.gain(-3.5)",
    "d2.pan(-.25)\nd2.mute()",
    "unmute()",
    "d1.fx = lpf(900) | reverb(mix=.4)",
    "d1.fx = None",
    "d1.send(b1=-12)",
    "d2.group(b1)",
    "d1.solo()",
    "d1.stop()",
    "hush()",
    'scene.save("a")',
    'scene.save("b")',
    'scene("a")',
    "scene.next()",
    "undo()",
    "undo(d1)",
    "redo()",
    "clock.bpm = 132.5",
    "clock.beats_per_bar = 3",
)


def play(stage: Stage, code: str) -> None:
    try:
        stage.evaluate(code)
    except UsageError:
        return  # a name that is not there yet, nothing to undo


def sound_of(version: Version) -> tuple[object, dict[str, object]]:
    """What a track plays in some bars, and its mix."""
    lane = version.lane
    events = None if lane is None else [(e.whole, e.value) for e in lane.pattern.onsets(0, 8, lane.seed)]
    return events or None, {name: version.mix.get(name, plain) for name, plain in PLAIN_MIX.items()}


def music_of(stage: Stage) -> dict[str, tuple[object, dict[str, object]]]:
    return {track: sound_of(version) for track, version in stage.scheduler.book.now.items() if version.lane}


def code_of(stage: Stage) -> str:
    return set_code(stage.scheduler.book, stage.session.binders, stage.scheduler.timeline)


@given(st.lists(st.sampled_from(LINES), max_size=14))
@settings(max_examples=150, deadline=None)
def test_a_set_gives_what_was_playing(lines: list[str]) -> None:
    stage = Stage()
    for line in lines:
        play(stage, line)
    code = code_of(stage)
    again = Stage()
    again.evaluate('d9 >> s("bd")\nb1 >> s("sn")')  # what plays there is not of the set
    again.evaluate(code)
    wanted = music_of(stage)
    found = music_of(again) if code else wanted
    silent = {track for track, (events, _) in found.items() if events is None}
    assert {track: each for track, each in found.items() if track in wanted or track not in silent} == wanted, code
    last, mine = again.scheduler.timeline.segments[-1], stage.scheduler.timeline.segments[-1]
    if code:
        assert (float(last.period_s), last.beats_per_cycle) == (float(mine.period_s), mine.beats_per_cycle)


def test_a_set_is_what_a_person_would_have_written() -> None:
    stage = Stage()
    for line in (
        "print('hello')",
        'beat = "bd*4"',
        'd1 >> s("sn")',
        'd1 >> s(beat)  # kick\nd2 >> s("hh*8")',
        'd2 >> s("hh*16")',
        "d2.gain(-3)",
        'd3 >> s("sn")',
        "d3.stop()",
        "1 + 1",
        "clock.bpm = 132",
    ):
        stage.evaluate(line)
    assert code_of(stage) == (
        'beat = "bd*4"\nd1 >> s(beat)\nd2 >> s("hh*16")\nd2.gain(-3)\nonly(d1, d2)\n'
        "clock.beats_per_bar = 4\nclock.bpm = 132\n"
    )


def test_scenes_are_saved_with_what_they_play() -> None:
    stage = Stage()
    for line in ('d1 >> s("bd")', 'scene.save("a")', 'd1 >> s("sn")\nd2 >> s("hh")', 'scene.save("b")', "d2.stop()"):
        stage.evaluate(line)
    again = Stage()
    again.evaluate(code_of(stage))
    for name in ("a", "b"):
        wanted = {track: sound_of(version) for track, version in stage.scheduler.book.scenes[name].items()}
        found = {track: sound_of(version) for track, version in again.scheduler.book.scenes[name].items()}
        assert {track: each for track, each in found.items() if track in wanted} == wanted


def test_a_name_that_was_changed_later_does_not_change_what_plays() -> None:
    stage = Stage()
    for line in ('name = "bd"', "d1 >> s(name)", 'name = "sn"'):
        stage.evaluate(line)
    again = Stage()
    again.evaluate(code_of(stage))
    assert music_of(again) == music_of(stage)
    assert again.session.evaluate("name").value == "'sn'"


def test_a_night_of_evaluations_is_forgotten_where_it_does_not_matter() -> None:
    """Each fork carries what is remembered."""
    stage = Stage()
    for number in range(300):
        stage.evaluate(f'd1 >> s("bd*{number % 16 + 1}")\nx = {number}')
    assert code_of(stage).count("\n") == 5
    reached = {id(lane.source) for lane in stage.scheduler.book.lanes().values()}
    assert len(reached) <= 65


def test_nothing_is_a_set_of_nothing() -> None:
    assert code_of(Stage()) == ""


@pytest.mark.parametrize("bpm", ["120", "132.7", "90.33"])
def test_tempo_is_exact(bpm: str) -> None:
    stage = Stage()
    stage.evaluate(f'd1 >> s("bd")\nclock.bpm = {bpm}')
    assert f"clock.bpm = {bpm}\n" in code_of(stage)
    assert stage.scheduler.timeline.segments[-1].period_s == Fraction(60) / Fraction(bpm)


def test_a_scene_that_would_hide_what_cannot_be_said_again_is_left_out() -> None:
    stage = Stage()
    for line in ('beat = "bd*4"', 'scene.save("a")', "d1 >> s(beat)", 'beat = "sn*2"'):
        play(stage, line)
    code = code_of(stage)
    assert "The scene a is left out" in code
    again = Stage()
    again.evaluate(code)
    assert music_of(again) == music_of(stage)


def test_scenes_stay_where_patterns_have_names() -> None:
    """A call of a method was taken for a change of what it was called on: with `beat.fast(2)` no scene was saved."""
    stage = Stage()
    stage.evaluate('beat = s("bd sn")')
    stage.evaluate('d1 >> s("hh*4")')
    stage.evaluate('scene.save("a")')
    stage.evaluate("d1 >> cat(beat, beat.fast(2))")
    stage.evaluate('scene.save("b")')
    for _ in range(2):  # what is said again as one block is so as well
        code = code_of(stage)
        assert "left out" not in code
        stage = Stage()
        stage.evaluate(code)
        assert list(stage.scheduler.book.scenes) == ["a", "b"]
