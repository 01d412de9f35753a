"""Jobs and outcomes as they stand in Redis: signed, bounded, read before they are believed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import IdentityError, JobError, UsageError
from marmalade_sc.identity.keys import Identity
from marmalade_sc.jobs.job import LARGEST_JOB, Job, Outcome, canonical_json

OURS = Identity.from_seed(b"ours")
THEIRS = Identity.from_seed(b"theirs")
PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def job(author: Identity = OURS, **options: object) -> Job:
    return Job("a", "score", "a.alda", "0" * 64, options, 1000, author.public)


def ours(key: object) -> bool:
    return key == OURS.public


@given(st.dictionaries(st.text(max_size=10), PLAIN, max_size=4))
def test_what_is_written_is_read_again(options: dict[str, object]) -> None:
    made = job()
    made = Job(made.id, made.kind, made.name, made.source, options, made.made_ms, made.author)
    assert Job.read(made.write(OURS), ours) == made


@given(st.sampled_from(["id", "kind", "name", "source", "options", "made_ms", "author", "v", "signature"]), PLAIN)
def test_nothing_of_a_job_can_be_changed_by_who_has_not_its_key(name: str, value: object) -> None:
    text = job(seconds=2.0).write(OURS)
    row = json.loads(text)
    if row[name] == value and type(row[name]) is type(value):
        return
    row[name] = value
    with pytest.raises(UsageError):
        Job.read(json.dumps(row), ours)


@pytest.mark.parametrize(("name", "value"), [("v", True), ("v", 1.0), ("made_ms", 1000.9), ("made_ms", "1000")])
def test_what_only_reads_alike_is_refused(name: str, value: object) -> None:
    row = json.loads(job().write(OURS))
    with pytest.raises(JobError):
        Job.read(json.dumps({**row, name: value}), ours)


def test_what_is_no_json_of_others_is_an_error_of_ours() -> None:
    text = Outcome("a", "compile", {"x": 1}, OURS.public).write(OURS)
    with pytest.raises(JobError):
        Outcome.read("a", "compile", text.replace('{"x":1}', '{"x":NaN}'), ours)


def test_a_job_of_a_stranger_is_not_believed_and_the_message_says_whom_to_trust() -> None:
    with pytest.raises(IdentityError, match="jobs.trust"):
        Job.read(job(THEIRS).write(THEIRS), ours)


def test_a_job_that_names_one_author_and_is_signed_by_another_is_refused() -> None:
    with pytest.raises(IdentityError):
        Job.read(job(OURS).write(THEIRS), ours)


@given(st.text() | PLAIN.map(json.dumps))
def test_anything_at_all_is_a_job_or_an_error_of_ours(text: str) -> None:
    with pytest.raises(UsageError):
        Job.read(text, ours)


def test_a_job_that_is_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(JobError, match="too large"):
        Job.read("[" * (LARGEST_JOB + 1), ours)


def test_an_outcome_counts_for_its_own_job_and_step_only() -> None:
    """Else what one step has given could be shown as what another gives."""
    text = Outcome("a", "compile", {"x": 1}, OURS.public).write(OURS)
    assert Outcome.read("a", "compile", text, ours).output == {"x": 1}
    for place in (("b", "compile"), ("a", "render")):
        with pytest.raises(IdentityError):
            Outcome.read(*place, text, ours)


def test_an_outcome_of_an_unknown_worker_is_not_believed() -> None:
    with pytest.raises(IdentityError):
        Outcome.read("a", "parse", Outcome("a", "parse", {}, THEIRS.public).write(THEIRS), ours)


@given(PLAIN)
def test_canonical_json_is_one_text_for_one_value(value: object) -> None:
    text = canonical_json(value)
    assert canonical_json(json.loads(text)) == text


@pytest.mark.parametrize("value", [float("nan"), "2", True, [1]])
def test_an_option_that_is_no_number_is_told(value: object) -> None:
    with pytest.raises(JobError, match="seconds"):
        job(seconds=value).number("seconds", 1.0)
