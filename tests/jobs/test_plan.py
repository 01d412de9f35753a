"""The plan of a job: which steps can be done, and that doing them in any order comes to the same end."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import JobError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.jobs.contracts import CONTRACTS, contract
from marmalade_sc.jobs.job import Job
from marmalade_sc.jobs.plan import Output, blobs_in, files_of, percent, ready, steps

JOB = Job("a", "render", "a.py", "0" * 64, {"format": "flac"}, 0, Identity.from_seed(b"a").public)


def given_by(name: str, shares: int) -> Output:
    """What a step gives, as its contract says."""
    rows = [{"score": {"blob": f"{n}"}, "channels": 2} for n in range(shares)]
    plain = {name: {"blob": name} for name in contract(name.split("-")[0]).gives}
    if name == "compile":
        return {**plain, "rate": 48_000, "channels": 2, "frames": 10, "samples": [], "tracks": [], "shares": rows}
    if name == "encode":
        return {"files": [{"name": "master", "ending": "flac", "file": {"blob": "m"}}]}
    return plain


@given(st.integers(0, 31), st.randoms(use_true_random=False))
def test_whatever_order_steps_are_done_in_each_is_done_once_and_percent_only_grows(
    shares: int, dice: random.Random
) -> None:
    done: dict[str, Output] = {}
    last = 0
    while files_of(done) is None:
        todo = ready(JOB, done)
        assert todo, "a job must never be stuck"
        step = dice.choice(todo)
        assert step.name not in done
        assert set(step.needs) <= set(done)
        assert step.input is not None
        assert set(step.input) == set(step.contract.takes)
        done[step.name] = given_by(step.name, shares)
        now = percent(JOB, done, {})
        assert last <= now
        last = now
    assert last == 100
    assert ready(JOB, done) == []
    expected = {"parse", "compile", "encode"}
    expected |= {f"render-{n}" for n in range(1, shares + 1)} | {"mix"} if shares else {"render"}
    assert set(done) == expected


def test_the_strips_go_into_the_mix_in_their_order() -> None:
    """In another order every strip would be heard as another track."""
    done = {name: given_by(name, 3) for name in ("parse", "compile")}
    done |= {f"render-{n}": {"sound": {"blob": f"strip {n}"}} for n in (3, 1, 2)}
    mix = next(step for step in steps(JOB, done) if step.name == "mix")
    assert mix.input is not None
    assert list(blobs_in(mix.input["sounds"])) == ["strip 1", "strip 2", "strip 3"]


def test_progress_within_a_step_counts_for_its_share() -> None:
    done = {name: given_by(name, 0) for name in ("parse", "compile")}
    assert percent(JOB, done, {}) < percent(JOB, done, {"render": 0.5}) < percent(JOB, done, {"render": 1.0}) <= 99


@pytest.mark.parametrize("field", ["shares", "score", "rate", "frames", "samples"])
def test_a_step_that_gives_too_little_is_an_error_not_a_crash(field: str) -> None:
    compiled = {name: value for name, value in given_by("compile", 0).items() if name != field}
    with pytest.raises(JobError, match=field):
        ready(JOB, {"parse": {}, "compile": compiled})


def test_a_piece_cannot_be_divided_without_end() -> None:
    with pytest.raises(JobError, match="divided"):
        ready(JOB, {"parse": {}, "compile": given_by("compile", 100)})


def test_the_shares_of_all_steps_are_the_whole_job() -> None:
    assert sum(row.share for row in CONTRACTS.values()) == pytest.approx(1.0)


def test_a_step_that_does_not_exist_names_the_nearest() -> None:
    with pytest.raises(JobError, match="render"):
        contract("rendr")
