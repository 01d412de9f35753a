"""Undo, scenes, crossfades and crashes as they sound: at the bar, together, without gap or double hit."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marmalade_sc.errors import ControlError, UnknownNameError, UsageError
from marmalade_sc.live.fade import crossfade
from marmalade_sc.live.operations import Operation, SetMix, Undo
from marmalade_sc.live.scheduler import Scheduler
from marmalade_sc.patterns.notation import notation
from marmalade_sc.sdk.frames import Mix
from tests.live_package.stage import Stage

QUARTERS = [Fraction(n, 4) for n in range(40)]


def played(stage: Stage, begin: int, end: int) -> list[tuple[Fraction, str]]:
    return [each for each in stage.heard() if begin <= each[0] < end]


def four(name: str, begin: int, end: int) -> list[tuple[Fraction, str]]:
    return [(quarter, name) for quarter in QUARTERS if begin <= quarter < end]


def test_undo_lands_at_the_next_bar_without_gap_or_double_hit() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.4)
    stage.evaluate('d1 >> s("sn*4")')
    stage.run_to(3.3)
    _, landings = stage.evaluate("undo(d1)")
    assert [(each.what, each.cycle) for each in landings] == [("undo of d1", Fraction(4))]
    stage.run_to(5.5)
    stage.evaluate("redo()")
    stage.run_to(7)
    assert played(stage, 0, 7) == [*four("bd", 0, 2), *four("sn", 2, 4), *four("bd", 4, 6), *four("sn", 6, 7)]


def test_what_has_not_landed_yet_is_undone_and_never_heard() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.2)
    stage.evaluate('d1 >> s("sn*4")')
    stage.evaluate('d1.at("4 bars") >> s("hh*4")')
    stage.evaluate("back(2)")
    stage.run_to(6)
    assert played(stage, 0, 6) == four("bd", 0, 6)


@pytest.mark.parametrize(("grid", "lands"), [('"2 bars"', 4), ('"1 beat"', Fraction(5, 2)), ("4", 4)])
def test_undo_takes_a_grid(grid: str, lands: Fraction) -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(0.5)
    stage.evaluate('d1 >> s("sn*4")')
    stage.run_to(2.4)
    _, (landing,) = stage.evaluate(f"undo(d1, at={grid})")
    assert landing.cycle == lands
    stage.run_to(6)
    assert [name for at, name in played(stage, 1, 6) if at < lands] == ["sn"] * int((lands - 1) * 4)
    assert {name for at, name in played(stage, 1, 6) if at >= lands} == {"bd"}


def test_undo_brings_the_mix_back_with_the_pattern() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.evaluate("d1.gain(-6)\nd1.pan(.5)\nd1.mute()")
    stage.run_to(1)
    stage.evaluate("undo()")
    stage.run_to(3)
    mixes = [section for frame in stage.frames for section in frame.sections if isinstance(section, Mix)]
    assert mixes[-1].settings == {"gain_db": 0.0, "pan": 0.0, "mute": False, "fade_s": 0.02}
    assert mixes[-1].when == stage.scheduler.timeline.timetag(Fraction(2))


def test_nothing_to_undo_is_told_where_it_was_typed() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd")')
    with pytest.raises(UsageError, match="nothing to redo of d1"):
        stage.evaluate("redo(d1)")


def test_a_scene_lands_for_all_tracks_at_one_bar() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")\nd2 >> s("hh*4")\nscene.save("a")')
    stage.run_to(1.5)
    stage.evaluate('d1 >> s("sn*4")\nd2.stop()\nb1 >> s("tabla*4")')
    stage.run_to(3.5)
    stage.evaluate('scene("a")')
    stage.run_to(6)
    assert sorted(played(stage, 2, 4)) == sorted([*four("sn", 2, 4), *four("sampler1", 2, 4)])
    assert sorted(played(stage, 4, 6)) == sorted([*four("bd", 4, 6), *four("hh", 4, 6)])


def test_scenes_can_be_listed_walked_and_deleted() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd")\nscene.save("a")\nd1 >> s("sn")\nscene.save("b")')
    assert stage.evaluate("scene.list()")[0].value == "('a', 'b')"
    stage.evaluate("scene.next()")
    stage.evaluate('scene.delete("b")')
    assert stage.evaluate("scene")[0].value == "scenes: a"
    with pytest.raises(UnknownNameError, match="no scene 'b'"):
        stage.evaluate('scene("b")')
    with pytest.raises(UsageError, match="cannot name a scene"):
        stage.evaluate('scene.save("../x")')


def test_only_stops_the_others_at_the_bar() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")\nd2 >> s("hh*4")')
    stage.run_to(1.5)
    stage.evaluate("only(d2)")
    stage.run_to(4)
    assert sorted(played(stage, 0, 4)) == sorted([*four("bd", 0, 2), *four("hh", 0, 4)])


# Crossfades


def test_a_crossfade_ends_where_it_says_and_leaves_the_plain_pattern() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4").set(amp=.5)')
    stage.run_to(0.5)
    stage.evaluate('d1.xfade(2) >> s("sn*4").set(amp=.5)')
    stage.run_to(5)
    heard = {name: {at for at, each in stage.heard() if each == name} for name in ("bd", "sn")}
    assert heard["bd"] == {quarter for quarter in QUARTERS if quarter < 3}
    assert heard["sn"] == {quarter for quarter in QUARTERS if 1 <= quarter < 5}
    lane = stage.scheduler.tracks["d1"].lane
    assert lane is not None
    assert lane.pattern.period == 1  # the plain new one plays
    assert lane is stage.scheduler.book.now["d1"].lane


@given(st.integers(0, 50), st.fractions(Fraction(1, 4), 8, max_denominator=8), st.integers(0, 400))
@settings(deadline=None)
def test_old_and_new_have_the_power_of_one(begin: int, cycles: Fraction, eighth: int) -> None:
    one, other = (notation(f"{name}*8").fmap(lambda value: {"s": value, "gain": 0.5}) for name in ("bd", "sn"))
    both = crossfade(one, other, Fraction(begin), cycles)
    at = Fraction(eighth, 8)
    found = {event.value["s"]: event.value["gain"] for event in both.onsets(at, at + Fraction(1, 8), 0)}
    power = sum(gain * gain for gain in found.values())
    assert math.isclose(power, 0.25, rel_tol=1e-9)
    assert ("bd" in found) == (at < begin + cycles)
    assert ("sn" in found) == (at >= begin)


def test_a_crossfade_from_silence_and_one_within_another() -> None:
    stage = Stage()
    stage.evaluate('d1.xfade(1) >> s("bd*4")')
    stage.run_to(1.5)
    stage.evaluate('d1.xfade(4) >> s("sn*4")')
    stage.run_to(3.5)
    stage.evaluate('d1.at("1 bar").xfade(1) >> s("hh*4")')
    stage.run_to(7)
    names = {name: {at for at, each in stage.heard() if each == name} for name in ("bd", "sn", "hh")}
    assert names["bd"] == {quarter for quarter in QUARTERS if quarter < 5}
    assert names["sn"] == {quarter for quarter in QUARTERS if 2 <= quarter < 5}
    assert names["hh"] == {quarter for quarter in QUARTERS if 4 <= quarter < 7}


def test_undo_in_the_middle_of_a_crossfade_goes_back() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(0.5)
    stage.evaluate('d1.xfade(8) >> s("sn*4")')
    stage.run_to(2.5)
    stage.evaluate("undo(d1)")
    stage.run_to(6)
    assert played(stage, 3, 6) == four("bd", 3, 6)


def test_a_fade_may_be_given_in_bars() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    done, _ = stage.evaluate("d1.fade(-20, bars=8)")
    assert done.operations == (SetMix("d1", {"gain_db": -20.0, "fade_s": 16.0}),)
    for wrong in ("d1.fade(-20, 4, bars=8)", "d1.fade(-20, bars=0)", "d1.fade(-20, bars=31)", "d1.xfade(0)"):
        with pytest.raises(ControlError):
            stage.evaluate(wrong)


# After a crash


def crashed(deeds: list[tuple[Operation, ...]], stage: Stage) -> Scheduler:
    """A fresh scheduler that has done again what was done, at the same time."""
    fresh = Scheduler(
        stage.scheduler.orchestra, stage.scheduler.timeline, stage.scheduler.timing, stage.scheduler.cursor
    )
    fresh.first_epoch, fresh.seq = 1 << 20, 1 << 20  # beyond all that was used, as the live host's process does
    fresh.restore(deeds, stage.clock.now())
    return fresh


def test_blocks_that_lean_on_earlier_ones_are_evaluated_again_though_nothing_was_carried_out_yet() -> None:
    """undo, redo and scenes of the session stand on what its other blocks have done; a live host that was killed
    evaluates all blocks before it carries out the first."""
    stage = Stage()
    blocks = [
        'd1 >> s("bd*4")\nscene.save("a")',
        'd1 >> s("sn*4")',
        "undo(d1)",
        "redo()",
        'scene("a")',
        'scene.save("b")\nscene.delete("a")',
        'd1 >> s("hh*4")',
        "back(1)",
    ]
    for block in blocks:
        stage.evaluate(block)
        stage.run(1)
    fresh = Stage()
    fresh.session.is_restoring = True
    deeds = [fresh.session.evaluate(block).operations for block in blocks]
    fresh.scheduler.restore(deeds, fresh.clock.now())
    now, then = fresh.scheduler.book.now["d1"].lane, stage.scheduler.book.now["d1"].lane
    assert now is not None
    assert then is not None
    # Without their places: a block of one session is none of another.
    heard = [[(event.whole, event.part, event.value) for event in each.pattern.query(0, 1)] for each in (now, then)]
    assert heard[0] == heard[1]
    assert len(heard[0]) == 4
    assert list(fresh.scheduler.book.scenes) == list(stage.scheduler.book.scenes) == ["b"]
    fresh.session.is_restoring = False
    for wrong in ("scene('a')", "d2.undo()"):
        with pytest.raises(UsageError):
            fresh.session.evaluate(wrong)


def test_what_is_done_again_prints_nothing_again(capsys: pytest.CaptureFixture[str]) -> None:
    """What a restored set printed stood on the screen as if it had been said just now."""
    stage = Stage()
    stage.session.evaluate("print(1)", "restore")
    stage.session.is_restoring = True
    stage.session.evaluate("print(2)")
    stage.session.is_restoring = False
    stage.session.evaluate("print(3)")
    assert capsys.readouterr().out == "3\n"


def test_after_a_crash_the_same_plays_and_the_same_can_be_undone() -> None:
    stage = Stage()
    blocks = [
        'd1 >> s("bd*4")\nd1.gain(-3)\nscene.save("a")',
        'd2 >> s("hh*4")\nclock.bpm = 120',
        'd1 >> s("sn*4")',
        "undo(d1)",
        'd2.xfade(2) >> s("bd*2")',
        "mute(d2)",
    ]
    deeds = []
    for block in blocks:
        done, _ = stage.evaluate(block)
        deeds.append(done.operations)
        stage.run(1)
    fresh = crashed(deeds, stage)
    assert fresh.book.now == stage.scheduler.book.now
    assert fresh.book.scenes == stage.scheduler.book.scenes
    stage.scheduler = fresh
    begin = stage.clock.now()
    stage.run(4)
    after = {onset.wire.partition(".")[0] for onset in stage.server.onsets if onset.when > begin + (1 << 31)}
    assert after == {"bd"}
    for _ in range(3):
        fresh.carry_out([Undo()], stage.clock.now())
    assert fresh.book.now["d2"].lane is None
    mixes = {name: track.mix for name, track in fresh.tracks.items()}
    assert mixes["d1"]["gain_db"] == -3.0


def test_what_is_done_again_is_heard_once_however_often_it_was_replaced() -> None:
    """A track that was replaced a hundred times must not play a hundred patterns for the lookahead's length."""
    stage = Stage()
    deeds = [stage.evaluate(f'd1 >> s("{name}*16")')[0].operations for name in ("bd", "sn", "hh") * 20]
    stage.run_to(1)
    fresh = crashed(deeds, stage)
    stage.scheduler = fresh
    stage.run_to(3)
    heard = [at for at, _ in played(stage, 2, 3)]
    assert heard == [Fraction(n, 16) for n in range(32, 48)]


def test_beats_of_a_grid_are_beats_of_the_meter() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd")\nclock.beats_per_bar = 3')
    stage.run_to(2.1)
    _, landings = stage.evaluate('d1.at("2 beats") >> s("sn")')
    assert [each.cycle for each in landings] == [Fraction(8, 3)], "two of three beats are two thirds of a bar"
    _, landings = stage.evaluate('undo(d1, at="1 beat")')
    assert [each.cycle for each in landings] == [Fraction(7, 3)]
