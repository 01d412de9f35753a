"""Editors save in different ways; each save is noticed once, when it is whole."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.synthdefs.watch import Inotify, Polling, Settling, changed, is_source, snapshot

KICK = Path("kick.py")


def test_a_file_is_due_when_it_was_quiet() -> None:
    settling = Settling(quiet_s=0.01, longest_s=0.08)
    settling.touch(KICK, 1.0)
    settling.touch(KICK, 1.008)
    assert settling.due(1.012) == [] and settling.wait_s(1.012) is not None
    assert settling.due(1.019) == [(KICK, 1.0)]
    assert settling.due(9.0) == [] and settling.wait_s(9.0) is None


def test_a_file_that_is_never_quiet_is_read_all_the_same() -> None:
    """A tool that writes a log into the folder must not keep a synthdef from being built."""
    settling = Settling(quiet_s=0.01, longest_s=0.08)
    for step in range(100):
        settling.touch(KICK, 1 + step * 0.005)
        if settling.due(1 + step * 0.005):
            break
    assert 0.07 <= step * 0.005 <= 0.095


def test_grace_waits_longer_and_tells_the_first_touch() -> None:
    settling = Settling()
    settling.touch(KICK, 2.0, grace_s=0.2)
    settling.first_touch(KICK, 1.0)
    assert settling.due(2.1) == []
    assert settling.due(2.21) == [(KICK, 1.0)]


@given(st.lists(st.floats(0, 0.05), min_size=1, max_size=30))
def test_every_burst_of_touches_ends_due(gaps: list[float]) -> None:
    settling, now, seen = Settling(), 0.0, 0
    for gap in gaps:
        now += gap
        settling.touch(KICK, now)
        seen += len(settling.due(now))
    assert seen + len(settling.due(now + 1)) >= 1
    assert settling.wait_s(now) is None


def test_editors_leftovers_are_no_sources() -> None:
    assert [n for n in ("a.py", ".a.py", "#a.py", "a.py~", "a.py.swp", "_a.py", "4913", "a.txt") if is_source(n)] == [
        "a.py"
    ]


def test_snapshots_differ_where_files_came_went_or_were_written(tmp_path: Path) -> None:
    (tmp_path / "stays.py").write_text("1")
    (tmp_path / "goes.py").write_text("1")
    before = snapshot([tmp_path, tmp_path / "missing"])
    (tmp_path / "goes.py").unlink()
    (tmp_path / "comes.py").write_text("1")
    after = snapshot([tmp_path])
    assert {path.name for path in changed(before, after)} == {"goes.py", "comes.py"}


def test_inotify_names_what_was_saved_and_closes_twice(tmp_path: Path) -> None:
    waker = Inotify([tmp_path])
    assert waker.wait(0.0) == set()
    (tmp_path / "new.py").write_text("1")
    (tmp_path / "aside").write_text("1")
    (tmp_path / "aside").replace(tmp_path / "moved.py")
    assert waker.wait(1.0) == {tmp_path / "new.py", tmp_path / "moved.py"}
    waker.close()
    waker.close()


def test_polling_knows_nothing_and_comes_back() -> None:
    waker = Polling()
    assert waker.wait(0.0) == set()
    waker.close()
