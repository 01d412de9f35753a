"""Logs that stay within their bound."""

from pathlib import Path

from marmalade_sc.player.base.logs import RotatedLog


def test_a_log_keeps_to_its_bound(tmp_path: Path) -> None:
    """A generator that prints for two hours must not fill the disk."""
    log = RotatedLog(tmp_path / "a.log", limit_bytes=1000, keep=2)
    for n in range(500):
        log.write(b"line %d\n" % n)
    log.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.iterdir())
    assert (tmp_path / "a.log").read_text().endswith("line 499\n")


def test_a_log_goes_on_where_the_last_run_stopped(tmp_path: Path) -> None:
    for word in (b"one\n", b"two\n"):
        log = RotatedLog(tmp_path / "a.log")
        log.write(word)
        log.close()
    assert (tmp_path / "a.log").read_text() == "one\ntwo\n"


def test_a_log_that_cannot_be_written_still_remembers_the_last_lines(tmp_path: Path) -> None:
    log = RotatedLog(tmp_path / "gone" / "a.log", tail_lines=2)
    log.write(b"a\nb\nc\nha")
    log.write(b"lf \xff")
    assert log.tail == ["b", "c", "half �"]
    log.close()


def test_a_full_disk_loses_lines_and_nothing_else() -> None:
    log = RotatedLog(Path("/dev/full"))
    log.write(b"x\n")
    assert log.tail == ["x"]
    log.close()
