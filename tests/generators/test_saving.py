"""When a folder that is edited is read: never in the middle of a save, and always in the end."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.generators.saving import GRACE_S, LONGEST_S, QUIET_S, Saves, Stamps, stamps_of

QUIET = QUIET_S + 1e-6
GRACE = GRACE_S + 1e-6


def of(version: int, size: int = 10) -> Stamps:
    return {"play": (version, size, 1, 0o755)}


def test_a_save_is_read_once_when_it_is_quiet() -> None:
    saves = Saves()
    assert not saves.is_due(of(1), 0.0)
    assert saves.is_due(of(1), QUIET)
    saves.take(of(1))
    assert not saves.is_due(of(1), 60.0)
    assert not saves.is_due(of(2), 60.0), "it may go on"
    assert not saves.is_due(of(3), 60.0 + QUIET_S / 2)
    assert saves.is_due(of(3), 60.0 + QUIET_S * 1.6)


def test_truncate_then_write_is_no_broken_save() -> None:
    """For half a second nothing is in the file: what is looked at then is not whole, and nobody is told."""
    saves = Saves()
    saves.take(of(1))
    empty, whole = of(2, 0), of(3)
    assert not saves.is_due(empty, 10.0)
    assert saves.is_due(empty, 10.0 + QUIET) and not saves.is_broken(empty, 10.0 + QUIET)
    assert not saves.is_due(empty, 10.0 + 2 * QUIET_S), "it is waited for"
    assert not saves.is_due(whole, 10.5)
    assert saves.is_due(whole, 10.5 + QUIET)


def test_what_stays_broken_is_told_once() -> None:
    saves = Saves()
    assert not saves.is_due(of(1), 0.0)
    assert saves.is_due(of(1), QUIET) and not saves.is_broken(of(1), QUIET)
    assert saves.is_due(of(1), GRACE + QUIET) and saves.is_broken(of(1), GRACE + QUIET)
    assert not saves.is_due(of(1), 9.0)
    assert not saves.is_due(of(2), 9.0) and saves.is_due(of(2), 9.0 + QUIET)


def test_a_folder_that_is_never_quiet_is_read_all_the_same() -> None:
    saves = Saves()
    due = [now for now in range(100) if saves.is_due(of(now), now * QUIET_S / 2)]
    assert due and due[0] * QUIET_S / 2 <= LONGEST_S + QUIET_S


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0.01, 1.0)), min_size=1, max_size=40))
def test_the_last_version_is_always_taken(steps: list[tuple[int, float]]) -> None:
    saves, now, taken = Saves(), 0.0, None
    for version, pause_s in steps:
        now += pause_s
        if saves.is_due(of(version), now):
            saves.take(of(version))
            taken = version
    for _ in range(3):
        now += QUIET_S * 1.5
        if saves.is_due(of(steps[-1][0]), now):
            saves.take(of(steps[-1][0]))
            taken = steps[-1][0]
    assert taken == steps[-1][0]


def test_what_editors_leave_behind_is_no_change(tmp_path: Path) -> None:
    (tmp_path / "samples").mkdir()
    (tmp_path / "play").write_text("one")
    (tmp_path / "samples" / "a.wav").write_bytes(b"")
    before = stamps_of(tmp_path)
    assert set(before) == {"play", "samples/a.wav"}
    for name in (".play.swp", "play~", "#play#"):
        (tmp_path / name).write_text("x")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("x")
    assert stamps_of(tmp_path) == before
    (tmp_path / "play").chmod(0o755)
    assert stamps_of(tmp_path) != before
