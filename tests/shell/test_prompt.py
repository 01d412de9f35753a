"""How often the shell looks at what moves."""

import math

import pytest

from marmalade_sc.shell.prompt import pause_s


@pytest.mark.parametrize(
    ("draw_s", "rests_s", "pause"),
    [
        pytest.param(0.001, math.inf, 0.1, id="nothing is due"),
        pytest.param(0.001, 0.07, 0.07, id="a light is due soon"),
        pytest.param(0.001, 0.001, 0.05, id="not more often than twenty times a second"),
        pytest.param(0.001, 0.13, 0.13, id="what is due just behind the next look is waited for"),
        pytest.param(0.014, 0.05, 0.2, id="a large terminal is drawn less often"),
        pytest.param(3.0, 0.05, 0.5, id="after a slow look the bar stands still for no longer"),
    ],
)
def test_the_next_look(draw_s: float, rests_s: float, pause: float) -> None:
    assert pause_s(draw_s, rests_s) == pytest.approx(pause)


def test_a_view_that_fills_the_screen_is_looked_at_less_often_and_the_pulse_comes_in_time() -> None:
    assert pause_s(0.001, math.inf, 0.2) == pytest.approx(0.2)
    assert pause_s(0.001, 0.12, 0.2) == pytest.approx(0.12)
