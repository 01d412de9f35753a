"""What was decided is carried out once, whoever joins in or is restarted meanwhile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.player.shared.decisions import Decisions

pytestmark = pytest.mark.faults


def test_a_decision_that_stands_is_not_taken_again_and_one_that_lapsed_is() -> None:
    decisions = Decisions()
    assert decisions.take("tempo", b"132.0", [1, 2])
    assert not decisions.take("tempo", b"132.0", [1, 2, 3]), "somebody joined in late"
    assert not decisions.take("tempo", b"132.0", [9]), "who wanted it first has gone"
    assert decisions.take("tempo", b"140.0", [2, 4])
    assert decisions.take("tempo", b"132.0", [1, 5]), "they have changed their minds, and back"
    decisions.lapsed("tempo")
    assert decisions.take("tempo", b"132.0", [1, 5])
    assert decisions.take("encore", b'"yes"', [1]), "another question"


def test_after_a_restart_what_was_done_is_not_done_again_but_what_is_wanted_anew_is() -> None:
    """On stage: the tempo was voted for, somebody has set another by hand since, and a process is restarted."""
    again = Decisions()
    again.remember("tempo", b"140.0", 3)
    again.remember("tempo", b"132.0", 7)
    again.lapsed("tempo")  # nobody has been met yet
    assert not again.take("tempo", b"132.0", [7, 9]), "one of those that were counted has voted again"
    again = Decisions()
    again.remember("tempo", b"132.0", 7)
    assert again.take("tempo", b"132.0", [8, 9]), "all have voted again"
    again = Decisions()
    again.remember("tempo", b"132.0", 7)
    assert again.take("tempo", b"140.0", [6, 9])


@given(st.lists(st.tuples(st.sampled_from([b"1", b"2"]), st.lists(st.integers(0, 20), min_size=1)), max_size=10))
def test_a_restart_in_between_makes_nothing_happen_twice(steps: list[tuple[bytes, list[int]]]) -> None:
    """A life that is restarted after every step carries out no more than one that is not."""
    whole = Decisions()
    kept: list[tuple[bytes, int]] = []
    for value, clocks in steps:
        lived = whole.take("q", value, clocks)
        fresh = Decisions()
        for each in kept:
            fresh.remember("q", *each)
        if fresh.take("q", value, clocks):
            assert lived or min(clocks) > kept[-1][1], "only where all have voted anew"
            kept.append((value, max(clocks)))
