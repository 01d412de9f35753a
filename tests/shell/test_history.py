"""History is kept over sessions with time and jam, shared by shells, and survives what is broken."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

from marmalade_sc.shell.history import JamHistory, read_entries, take_over

NOON = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)


def history(path: Path | None, limit: int = 100, jam: str = "home") -> JamHistory:
    return JamHistory(path, limit, lambda: jam, lambda: NOON)


def test_entries_come_back_newest_first_with_time_and_jam(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    one = history(path)
    for code in ("d1 >> s('bd')", "größe = 1\nx", "same", "same"):
        one.store_string(code)
    assert list(history(path).load_history_strings()) == ["same", "größe = 1\nx", "d1 >> s('bd')"]
    assert read_entries(path)[0].time == "2026-01-02T12:00:00+00:00"
    assert read_entries(path)[0].jam == "home"
    assert path.stat().st_mode & 0o777 == 0o600


def test_broken_lines_are_skipped(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(b'{"code": "a"}\n{"code": 3}\nnull\n\xff\xfe\n{"cod\n[]\n{"code": "b", "t": 1}\n')
    assert [entry.code for entry in read_entries(path)] == ["a", "b"]


def test_it_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    for number in range(50):
        history(path, 20).store_string(str(number))
    assert next(iter(history(path, 20).load_history_strings())) == "49"
    assert len(read_entries(path)) <= 25
    assert len(list(history(path, 20).load_history_strings())) == 20


def test_nothing_is_kept_where_nothing_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    one = history(path, 0)
    one.store_string("x")
    assert not path.exists()
    assert [entry.code for entry in one.search("x")] == ["x"]


def test_several_shells_lose_nothing_while_one_trims(tmp_path: Path) -> None:
    path = tmp_path / "h.jsonl"
    path.write_bytes(b"".join(json.dumps({"code": f"old {n}"}).encode() + b"\n" for n in range(400)))

    def write(name: str) -> None:
        one = history(path, 300)
        for number in range(40):
            one.store_string(f"{name} {number}")
            if number % 10 == 0:
                list(one.load_history_strings())

    threads = [threading.Thread(target=write, args=(f"t{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    codes = {entry.code for entry in read_entries(path)}
    assert all(f"t{t} {n}" in codes for t in range(4) for n in range(40))


def test_a_file_that_cannot_be_written_stops_nobody(tmp_path: Path) -> None:
    one = history(tmp_path)
    one.store_string("x")
    assert "cannot be written" in one.error


def test_the_old_file_is_taken_over_once(tmp_path: Path) -> None:
    old, new = tmp_path / "history.txt", tmp_path / "history.jsonl"
    old.write_text("\n# 2026-01-01 10:00:00.1\n+d1 >> s('bd')\n\n# 2026-01-01 10:01:00\n+for x in y:\n+    f(x)\n")
    assert take_over(old, new) == 2
    assert [entry.code for entry in read_entries(new)] == ["d1 >> s('bd')", "for x in y:\n    f(x)"]
    assert read_entries(new)[0].time.startswith("2026-01-01T10:00")
    assert not old.exists()
    assert take_over(old, new) == 0


def test_what_was_typed_is_found_again(tmp_path: Path) -> None:
    one = history(tmp_path / "h.jsonl")
    for code in ("d1 >> s('bd')", "hush()", "D2 >> bass('0')"):
        one.store_string(code)
    assert [entry.code for entry in one.search("d")] == ["d1 >> s('bd')", "D2 >> bass('0')"]
