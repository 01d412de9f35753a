"""What was refused is told, and a flood of it is told in a few lines."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.generators.denials import Denials, folded


@given(st.lists(st.tuples(st.sampled_from(["gateway", "filter"]), st.integers(0, 300)), max_size=600))
def test_every_one_is_counted_and_no_flood_fills_the_log(notes: list[tuple[str, int]]) -> None:
    lines: list[str] = []
    rows: list[dict[str, object]] = []
    denials = Denials(lines.append, lambda path, record: rows.append(dict(record)))
    for who, what in notes:
        denials.note("a:b:c", who, f"thing {what}")
    denials.flush()
    denials.flush()
    assert sum(int(str(row["count"])) for row in rows) == len(notes) == denials.total("a:b:c")
    assert len(lines) == len(rows) <= 9


def test_the_most_frequent_are_named() -> None:
    kinds = Counter({("gateway", f"thing {n}"): n for n in range(1, 20)})
    rows = folded(kinds, most=2)
    assert rows[:2] == [("gateway", "thing 19", 19), ("gateway", "thing 18", 18)]
    assert rows[2] == ("", "and 17 other kinds", sum(range(1, 18)))
