"""When a process may start again, and with whom."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.player.supervision.restarts import LIMIT, WINDOW_S, dependents, ordered, restart_delay_s


def test_the_first_death_is_mended_at_once() -> None:
    assert restart_delay_s([10.0], 10.0) == 0.0


def test_a_process_that_always_dies_is_given_up_within_the_window() -> None:
    """Else a broken installation would flicker for ever, and take the CPU from what plays."""
    now, deaths = 0.0, [0.0]
    while (delay := restart_delay_s(deaths, now)) is not None:
        now += delay
        deaths.append(now)
    assert len(deaths) == LIMIT
    assert 5.0 < now < WINDOW_S


def test_old_deaths_are_forgotten() -> None:
    assert restart_delay_s([0.0] * LIMIT, WINDOW_S) == 0.0
    assert restart_delay_s([0.0] * LIMIT, WINDOW_S - 0.1) is None


@given(st.lists(st.floats(0, 100), max_size=80))
def test_more_deaths_never_mean_a_shorter_wait(deaths: list[float]) -> None:
    before, after = restart_delay_s(deaths, 100.0), restart_delay_s([*deaths, 100.0], 100.0)
    assert after is None or (before is not None and after >= before)


def test_dependents_are_found_through_others() -> None:
    needs = {"jackd": [], "engine": ["jackd"], "live": ["engine"], "redis": [], "hub": []}
    assert dependents("jackd", needs) == {"engine", "live"}
    assert dependents("live", needs) == frozenset()


def test_order_respects_what_each_follows_and_else_stays() -> None:
    follows = {"hub": ["live"], "redis": [], "live": ["engine", "redis"], "engine": ["redis"]}
    assert ordered(follows) == ("redis", "engine", "live", "hub")


@pytest.mark.parametrize("follows", [{"a": ["b"]}, {"a": ["a"]}, {"a": ["b"], "b": ["a"]}])
def test_what_has_no_order_is_a_bug_that_is_named(follows: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="'[ab]'"):
        ordered(follows)
