"""Chance: even, independent of process and order, moved by the seed."""

import subprocess
import sys
from fractions import Fraction

from marmalade_sc.patterns import notation
from marmalade_sc.patterns.chance import GOLDEN, _mix, chance_at, degrade_by, salt_of
from marmalade_sc.patterns.language import namespace
from marmalade_sc.patterns.pattern import pure

SAMPLES = 20_000


def test_values_are_known_numbers() -> None:
    """Peers, renders and later versions must roll the same dice: these numbers never change."""
    assert chance_at(0, 0, Fraction(0)) == 0.41232273959211374
    assert chance_at(1, 2, Fraction(3, 4)) == 0.20086969942694566
    assert chance_at(-5, salt_of("rand"), Fraction(-7, 3)) == 0.8006503379237745
    assert salt_of("a") == 0xAF63DC4C8601EC8C  # published test vector of FNV-1a, 64 bit
    assert _mix(GOLDEN) == 0xE220A8397B1DCDAF  # first output of splitmix64 with seed 0


def test_the_mean_and_the_bins_are_even() -> None:
    values = [chance_at(1, 5, Fraction(i, 16)) for i in range(SAMPLES)]
    assert abs(sum(values) / SAMPLES - 0.5) < 0.01  # 5 standard errors
    bins = [0] * 10
    for value in values:
        bins[int(value * 10)] += 1
    assert all(abs(each - SAMPLES / 10) < 250 for each in bins)  # 5.9 standard deviations


def test_neighbours_in_time_place_and_seed_are_independent() -> None:
    for other in (
        [chance_at(1, 5, Fraction(i + 1, 16)) for i in range(SAMPLES)],
        [chance_at(1, 6, Fraction(i, 16)) for i in range(SAMPLES)],
        [chance_at(2, 5, Fraction(i, 16)) for i in range(SAMPLES)],
    ):
        values = [chance_at(1, 5, Fraction(i, 16)) for i in range(SAMPLES)]
        correlation = sum((a - 0.5) * (b - 0.5) for a, b in zip(values, other, strict=True)) * 12 / SAMPLES
        assert abs(correlation) < 0.04


def test_degrade_keeps_the_share_it_says() -> None:
    kept = len(notation("bd*16?0.25").onsets(0, 500))
    assert abs(kept / 8000 - 0.75) < 0.025


def test_what_is_dropped_and_what_is_kept_make_the_whole() -> None:
    pattern = notation("bd*16")
    kept = degrade_by(pattern, 0.5, 3).onsets(0, 4)
    dropped = degrade_by(pattern, 0.5, 3, keep_dropped=True).onsets(0, 4)
    assert len(kept) + len(dropped) == 64
    assert not {e.part for e in kept} & {e.part for e in dropped}


def test_each_question_mark_rolls_its_own_dice() -> None:
    events = notation("[a?, b?]*64").onsets(0, 1)
    assert {e.part.begin for e in events if e.value == "a"} != {e.part.begin for e in events if e.value == "b"}


def test_the_seed_moves_all_chance() -> None:
    for source in ("bd*16?", "[a|b|c]*8"):
        pattern = notation(source)
        assert pattern.onsets(0, 4, 1) != pattern.onsets(0, 4, 2)


def test_all_alternatives_are_chosen() -> None:
    values = [e.value for e in notation("a|b|c").onsets(0, 300)]
    assert all(60 < values.count(each) < 140 for each in "abc")


def test_chance_is_the_same_in_another_process() -> None:
    """Hash randomisation of python must not reach the music."""
    code = "from marmalade_sc.patterns import notation; print([str(e.part) for e in notation('[a|b]*4?').onsets(0, 8)])"
    outputs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert outputs == {f"{[str(e.part) for e in notation('[a|b]*4?').onsets(0, 8)]}\n"}


def test_rand_and_perlin_stay_in_range() -> None:
    names = namespace()
    for name in ("rand", "perlin"):
        values = [e.value for e in names[name].segment(64).onsets(0, 16)]
        assert all(0 <= value < 1 for value in values)
        assert max(values) - min(values) > 0.5


def test_perlin_is_smooth() -> None:
    values = [e.value for e in namespace()["perlin"].segment(64).onsets(0, 8)]
    assert max(abs(a - b) for a, b in zip(values, values[1:], strict=False)) < 1.6 / 64


def test_degrade_of_a_continuous_value_is_decided_at_its_beginning() -> None:
    assert degrade_by(pure("x"), 1.0, 0).query(0, 1) == []
