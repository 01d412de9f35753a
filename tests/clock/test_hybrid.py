"""Hybrid logical clocks, as laws."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.clock.hybrid import HybridClock, hybrid_milliseconds

NOW = 1_800_000_000_000


@given(st.lists(st.one_of(st.none(), st.integers(-3_600_000, 3_600_000), st.integers(NOW << 16, NOW + 5000 << 16))))
def test_what_is_written_later_is_later_whatever_the_wall_clock_does(steps: list[int | None]) -> None:
    """None ticks, small numbers move the wall clock, large ones are heard."""
    wall = [NOW]
    clock = HybridClock(lambda: wall[0])
    last = 0
    for step in steps:
        if step is None:
            value = clock.tick()
            assert value > last
            last = value
        elif abs(step) < NOW:
            wall[0] = NOW + step
        elif clock.hear(step):
            last = max(last, step)
            value = clock.tick()
            assert value > last
            last = value


def test_a_value_from_the_future_is_not_followed() -> None:
    """T20: one poisoned value would carry every clock in the jam away."""
    clock = HybridClock(lambda: NOW)
    assert not clock.hear(NOW + 10_001 << 16)
    assert hybrid_milliseconds(clock.tick()) == NOW
