"""What a generator remembers of the jam's state."""

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.sdk.memory import Entry, Memory, View

KEY = "tags:ann:drums:1:Context"
OTHER = "tags:bob:bass:1:Context"


def view(memory: Memory, until_ms: int = 10**9) -> View:
    return View(memory, until_ms, {"level": 0.5}, lambda key: None)


def test_the_latest_value_wins_whoever_set_it_and_what_lies_ahead_is_not_seen() -> None:
    memory = Memory()
    for key, ms, value in ((KEY, 10, "verse"), (OTHER, 20, "drop"), (KEY, 30, "end")):
        memory.add(key, Entry((ms, 0), {"value": value}))
    assert view(memory, 25)["Context"] == "drop" and view(memory)["Context"] == "end"
    assert view(memory)["bob:bass:1:Context"] == "drop" and view(memory)["eve:bass:1:Context"] is None
    found = view(memory).setting("Context", 29)
    assert found is not None and (found.value, found.at_ms, found.who) == ("drop", 20, "bob:bass:1")
    assert [each.value for each in view(memory).settings("Context", 11, 30)] == ["drop", "end"]


def test_what_comes_twice_counts_once_and_in_any_order() -> None:
    memory = Memory()
    for ms in (30, 10, 20, 10):
        memory.add(KEY, Entry((ms, 0), {"value": ms}))
    assert [each.value for each in view(memory).settings("Context", 0, 100)] == [10, 20, 30]


def test_fields_of_the_state_are_asked_for() -> None:
    memory, wanted = Memory(), set[str]()
    looked = View(memory, 100, {}, wanted.add)
    assert looked["engine:main.cpu"] is None and wanted == {"state:engine:main"}
    memory.add("state:engine:main", Entry((1, 0), {"cpu": 12.5}))
    assert looked["engine:main.cpu"] == 12.5


def test_entries_are_read_as_redis_gives_them() -> None:
    entry = Entry.read(b"12-3", [b"value", b"0.5", b"unit", b"dB"])
    assert entry == Entry((12, 3), {"value": 0.5, "unit": "dB"})


@given(st.lists(st.integers(0, 5000), unique=True, min_size=1, max_size=900), st.integers(0, 5000))
def test_older_values_come_from_the_history(times: list[int], at_ms: int) -> None:
    """However much was forgotten, a question about the past has the same answer."""
    everything = [Entry((ms, 0), {"value": ms}) for ms in sorted(times)]

    def older(key: str, first_ms: int, last_ms: int, most: int) -> list[Entry]:
        return [each for each in everything if first_ms <= each.stamp[0] <= last_ms][-most:]

    memory = Memory(older)
    for entry in everything:
        memory.add(KEY, entry)
    past = [ms for ms in times if ms <= at_ms]
    found = view(memory).setting("Context", at_ms)
    assert (None if found is None else found.value) == (max(past) if past else None)
    assert [each.value for each in view(memory).settings("Context", 0, at_ms)] == sorted(past)[-100:]
