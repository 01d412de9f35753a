"""When a play is heard: chosen by its requester, decided by whoever hears it."""

from dataclasses import replace

import pytest

from marmalade_sc.clock.offsets import Offset
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.peers.policies import chosen, entrance, lead_s, ours
from marmalade_sc.peers.records import POLICIES, PlayTicket
from tests.peers import makers

NOW = 5000 * UNITS_PER_SECOND


def way(round_trip_s: float, uncertainty_s: float = 0.0001, offset_s: float = 0.0) -> Offset:
    return Offset(0.0, offset_s, 0.0, uncertainty_s, round_trip_s / 2, round_trip_s, 1e-6)


def ticket(policy: str) -> PlayTicket:
    return replace(makers.play(makers.player(1)), policy=policy)


def test_near_players_begin_with_a_bar_and_far_ones_with_a_phrase() -> None:
    assert chosen("auto", []) == "quantum"
    assert chosen("auto", [way(0.002), None]) == "quantum"
    assert chosen("auto", [way(0.002), way(0.06)]) == "interval"
    assert chosen("auto", [way(0.03, uncertainty_s=0.02)]) == "interval", "queues count"
    assert all(chosen(policy, [way(1.0)]) == policy for policy in POLICIES)


def test_a_moment_for_all_lies_behind_the_longest_way() -> None:
    assert lead_s([]) >= 1.0
    assert lead_s([way(0.5), None]) > 2.0


def test_each_policy_says_what_the_runner_is_asked_for() -> None:
    assert entrance(ticket("arrival"), None, NOW, 4) == {}
    assert entrance(ticket("quantum"), None, NOW, 4) == {"quantum": 1}
    assert entrance(ticket("interval"), None, NOW, 8) == {"quantum": 8}
    assert entrance(ticket("future"), NOW + 7, NOW, 4) == {"begin": NOW + 7}


@pytest.mark.parametrize("begin", [None, NOW, NOW - UNITS_PER_SECOND, NOW + 7200 * UNITS_PER_SECOND])
def test_a_moment_that_is_over_or_unknown_or_never_comes_is_the_next_bar(begin: int | None) -> None:
    """A late joiner comes in; a liar cannot keep an instance waiting for a year."""
    assert entrance(ticket("future"), begin, NOW, 4) == {"quantum": 1}


def test_the_listener_s_rule_stands_above_the_requester_s_wish() -> None:
    assert entrance(ticket("arrival"), None, NOW, 4, "interval") == {"quantum": 4}
    assert entrance(ticket("future"), NOW + 7, NOW, 4, "arrival") == {}


def test_a_moment_of_theirs_is_one_of_ours() -> None:
    at = NOW + 3 * UNITS_PER_SECOND
    found = ours(at, way(0.01, offset_s=2.0), NOW)
    assert found is not None and abs(found - (at - 2 * UNITS_PER_SECOND)) < UNITS_PER_SECOND // 1_000_000
    assert ours(at, None, NOW) is None
    assert ours(0, way(0.01), NOW) is None
