"""What stands in the job Redis is read as anybody's: tests/live use a real one."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.jobs.ledger import Ledger

FIELDS = st.sampled_from(
    ["job", "state", "made_ms", "ended_ms", "error", "endings", "running", "tries:parse", "progress:parse", "outcome:x"]
)


class Answers:
    """A client that gives a hash."""

    def __init__(self, row: dict[bytes, bytes]) -> None:
        self.row = row

    def hgetall(self, name: str) -> dict[bytes, bytes]:
        return self.row

    def register_script(self, text: str) -> None:
        return None


@given(st.dictionaries(FIELDS.map(str.encode), st.binary(max_size=20) | st.just(b"open")))
def test_whatever_stands_there_is_a_record_or_nothing(row: dict[bytes, bytes]) -> None:
    found = Ledger(Answers(row), 1.0).get("a")  # type: ignore[arg-type]
    if found is not None:
        assert found.state in ("open", "done", "failed", "dead", "cancelled")
        assert "\x1b" not in found.error
