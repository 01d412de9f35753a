"""The correction of timetags: what scsynth's clock is off by is followed, stray landings are not, jumps are soon."""

import random
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.aim import Aim, Landing
from marmalade_sc.engine.layout import BLOCK
from marmalade_sc.engine.sampleclock import COUNTER_WRAP, SampleMap

MS = UNITS_PER_SECOND // 1000
RATE = 48_000
START = 5_000_000 * UNITS_PER_SECOND
HERE = SampleMap(1, START, START, RATE, 7)


def landing(due: int, error: float, here: SampleMap = HERE) -> Landing:
    sample = here.sample(due) + error
    block, frame = divmod(sample, BLOCK)
    return Landing(due, int(block) % COUNTER_WRAP, frame)


def followed(error: Callable[[float], float], seconds: float, ahead_ms: int = 100, noise: float = 0.0) -> list[float]:
    """What is left of an error (samples, by seconds) after the correction, for notes `ahead_ms` after each probe."""
    aim, dice = Aim(), random.Random(1)
    left = []
    for tick in range(round(seconds * 20)):
        due = START + tick * 50 * MS
        aim.add(landing(due, error(tick / 20) + dice.uniform(-noise, noise)), HERE)
        assert aim.line is not None
        note = due + ahead_ms * MS
        corrected = aim.line.correction(note) * RATE / UNITS_PER_SECOND
        left.append(error((note - START) / UNITS_PER_SECOND) - corrected)
    return left


@given(st.floats(-1000, 1000), st.integers(0, 10 * UNITS_PER_SECOND), st.integers(0, COUNTER_WRAP * BLOCK))
def test_an_error_is_read_back_from_block_and_frame(error: float, after: int, offset: int) -> None:
    here = SampleMap(1, START, START, RATE, offset)
    assert abs(landing(START + after, error, here).error(here) - error) < 1e-3


def test_before_the_first_landing_nothing_is_corrected() -> None:
    assert Aim().line is None


def test_a_steady_error_is_gone_with_the_first_landing() -> None:
    assert max(map(abs, followed(lambda s: 511.3, 2.0))) < 1e-3


def test_a_clock_that_settles_is_followed_within_half_a_sample() -> None:
    """As after the start: 400 ppm off, less by half each ten seconds."""
    left = followed(lambda s: 300 - 277 * 0.5 ** (s / 10), 60, noise=0.2)
    assert max(map(abs, left[20:])) < 0.5


def test_a_stray_landing_moves_nothing() -> None:
    left = followed(lambda s: 200.0 if s == 3.0 else 5.0, 5.0)
    assert max(map(abs, left)) < 0.01


def test_a_jump_is_taken_up_with_the_second_landing() -> None:
    """An xrun moves the clock by up to 1,400 samples at once."""
    left = followed(lambda s: 5.0 if s < 3.0 else -800.0, 6.0)
    assert sum(abs(each) > 0.01 for each in left) <= 3


def test_a_step_of_the_map_itself_is_no_error_of_the_clock() -> None:
    aim = Aim()
    for tick in range(20):
        aim.add(landing(START + tick * 50 * MS, 3.0), HERE)
    stepped = SampleMap(2, START + UNITS_PER_SECOND, START, RATE, HERE.offset - 500)
    due = START + 21 * 50 * MS
    aim.add(landing(due, 3.0, HERE), stepped)
    assert aim.line is not None and abs(aim.line.correction(due) * RATE / UNITS_PER_SECOND - 503) < 0.01


def test_what_no_filter_can_be_off_by_is_not_believed() -> None:
    aim = Aim()
    aim.add(landing(START, 0.05 * RATE), HERE)
    aim.add(landing(START + MS, 0.05 * RATE), HERE)
    assert aim.line is None


def test_reset_forgets_all() -> None:
    aim = Aim()
    aim.add(landing(START, 20.0), HERE)
    aim.reset()
    assert aim.line is None
