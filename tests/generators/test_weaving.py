"""Controls that are patterns: told once, in order, each for its time, and never out of their range."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.generators.weaving import changes, weave
from marmalade_sc.live.hosted import controls_of
from marmalade_sc.patterns.notation import notation

TIMELINE = Timeline.steady(120)
"""A bar is two seconds."""
AHEAD, TOLD = UNITS_PER_SECOND * 3 // 10, UNITS_PER_SECOND // 20


def followed(text: object, looks: list[int]) -> list[tuple[Fraction, float]]:
    """Cycle and value of all that was told in these looks, in ms."""
    woven, controls, told, found = {"cutoff": weave("cutoff", text)}, {"cutoff": 0.0}, 0, []
    for ms in looks:
        made, told = changes(
            woven, controls, lambda _, value: min(500.0, value), TIMELINE, told, ms * UNITS_PER_SECOND // 1000
        )
        for each in made:
            controls = dict(each.controls)
            found.append((TIMELINE.cycle(each.when + TOLD), controls["cutoff"]))
    return found


@given(st.lists(st.integers(5, 280), min_size=1, max_size=60))
def test_however_it_is_looked_at_all_is_told_once_and_in_time(steps: list[int]) -> None:
    looks, now = [], 1
    for step in steps:
        looks.append(now)
        now += step
    found = followed("<[200 300] 400>", looks)
    end = TIMELINE.cycle(looks[-1] * UNITS_PER_SECOND // 1000 + AHEAD)
    wanted = [(Fraction(n), 200.0) for n in range(0, 9, 2)] + [(Fraction(2 * n + 1, 2), 300.0) for n in range(0, 9, 2)]
    wanted = sorted(wanted + [(Fraction(n), 400.0) for n in range(1, 9, 2)])
    expected = [row for row in wanted if row[0] < end]
    assert [value for _, value in found] == [value for _, value in expected]
    for (cycle, _), (place, _) in list(zip(found, expected, strict=True))[1:]:
        assert abs(cycle - place) < Fraction(1, 1 << 20)


def test_a_pause_of_ours_leaves_the_value_that_holds() -> None:
    found = followed("<200 300 400 800>", [0, 6500])
    assert [value for _, value in found] == [200.0, 500.0], "and 800 is beyond its range"


def test_a_loop_is_what_its_pattern_is() -> None:
    pattern = notation("<[1 2] 3>", "number")
    (loop,) = controls_of({"x": pattern}).values()
    assert loop == {"bars": 2, "steps": [["0", 1.0], ["1/2", 2.0], ["1", 3.0]]}
    woven, text = weave("x", loop), weave("x", "<[1 2] 3>")
    assert list(woven.between(Fraction(7, 2), Fraction(9))) == list(text.between(Fraction(7, 2), Fraction(9)))
    for cycle in (Fraction(0), Fraction(5, 4), Fraction(27, 8)):
        assert woven.at(cycle) == text.at(cycle)


@pytest.mark.parametrize(
    "bad",
    [
        "<200",
        "x" * 3000,
        None,
        3,
        {},
        {"bars": 0, "steps": [["0", 1]]},
        {"bars": 2, "steps": [["2", 1]]},
        {"bars": 2, "steps": []},
        {"bars": 2, "steps": [["1/0", 1]]},
        {"bars": 2, "steps": [["0"]]},
    ],
)
def test_what_is_no_pattern_is_refused(bad: object) -> None:
    with pytest.raises(MarmaladeError):
        weave("x", bad)


@pytest.mark.parametrize("bad", [True, float("nan"), None, [1], "<1"])
def test_the_shell_refuses_it_too(bad: object) -> None:
    with pytest.raises(MarmaladeError):
        controls_of({"x": bad})
