"""The scheduler, heard to its end: changes land on the grid, and nothing is ever lost or doubled."""

from fractions import Fraction
from typing import Any

import pytest

from marmalade_sc.live.lane import Lane
from marmalade_sc.live.operations import Hush, Replace
from marmalade_sc.patterns.pattern import Pattern
from marmalade_sc.sdk.instruments import Bank, Orchestra
from marmalade_sc.sdk.seeds import track_seed
from marmalade_sc.testing.catalogue import catalogue_row
from tests.live_package.stage import BANKS, ROWS, Stage, beats, orchestra

F = Fraction


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


def test_a_reload_is_heard_from_the_next_bar() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*4")')
    stage.run_to(1.3)
    assert stage.scheduler.reload(orchestra("b" * 12), stage.clock.now()) == 2
    stage.run_to(3)
    wires = [onset.wire for onset in stage.server.onsets if onset.wire.startswith("bd")]
    assert wires == ["bd.0123456789ab.w"] * 8 + ["bd.bbbbbbbbbbbb.w"] * 4


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


def test_a_hush_names_every_track_and_a_hush_of_one_names_it() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd")\nd2 >> s("sn")')
    (landing,) = stage.do(Hush("d1"))
    assert landing.what == "hush d1"
    (landing,) = stage.do(Hush())
    assert landing.what == "hush all"
    assert all(track.lane is None for track in stage.scheduler.tracks.values())


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
