"""How long a step waits before it is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.jobs.queue import backoff_s


@given(st.integers(-5, 10_000))
def test_waits_double_up_to_a_minute(tries: int) -> None:
    assert 0.5 <= backoff_s(tries) <= 60.0
    assert backoff_s(tries) <= backoff_s(tries + 1) <= 2 * backoff_s(tries)
