"""What a sandbox with a set in it may say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import EvaluationError, JobError
from marmalade_sc.player.live.setframes import START
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.worker.recital import fields_of
from marmalade_sc.worker.sets import Recital

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "end", "frame", "at", "done", "where", "line", "data", "v"]), inner)
    ),
    max_leaves=8,
)


@given(st.binary(max_size=100) | PLAIN.map(lambda value: json.dumps(value).encode()))
def test_whatever_it_says_is_taken_or_refused(line: bytes) -> None:
    recital = Recital()
    try:
        recital.take(line)
    except (JobError, EvaluationError):
        return
    assert recital.end >= START


def test_a_frame_comes_out_as_it_went_in() -> None:
    frame = Frame(7, 1, 5, 9, ())
    recital = Recital()
    assert not recital.take(json.dumps({"end": START + 100}).encode())
    assert not recital.take(json.dumps({"at": START, "frame": fields_of(frame)}).encode())
    assert recital.take(b'{"done": true}')
    assert recital._frames == [(START, frame)]


def test_a_mistake_in_a_set_has_its_place_and_no_escape_sequences() -> None:
    where = {"source": "a.py", "line": 2, "column": 3, "text": "d1 >> \x1b[31mx", "length": 1}
    row = {"error": {"message": "no\x1b[2J such", "hint": "do", "where": where}}
    with pytest.raises(EvaluationError) as caught:
        Recital().take(json.dumps(row).encode())
    assert "line 2, column 3" in str(caught.value)
    assert "\x1b" not in str(caught.value)
