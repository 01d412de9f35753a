"""A file that is saved elsewhere: only what changed is evaluated, with its own line numbers."""

import os
from pathlib import Path

import pytest

from marmalade_sc.shell.watch import WatchedFile, changes

SET = 'd1 >> s("bd")\n\n# a word\nd2 >> s(\n    "hh"\n)\ndef f(x):\n    return x\n'


def test_only_changed_statements_are_evaluated_at_their_lines() -> None:
    (change,) = changes(SET, SET.replace('"hh"', '"hh*8"'))
    assert (change.first, change.last) == (4, 6)
    assert change.code == '\n\n\nd2 >> s(\n    "hh*8"\n)'


def test_moving_and_comments_change_nothing() -> None:
    assert changes(SET, "\n\n" + SET.replace("# a word", "# another")) == []


def test_all_of_a_file_that_cannot_be_read_is_sent_so_that_its_mistake_is_shown() -> None:
    (change,) = changes(SET, SET + "d3 >> (")
    assert change.code.startswith("d1")


def test_decorators_and_several_on_one_line_stay_together() -> None:
    (change,) = changes("", "a = 1; b = 2")
    assert change.code == "a = 1; b = 2"
    (change,) = changes("", "@g\ndef f():\n    pass")
    assert change.first == 1


def test_saving_is_noticed_however_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "set.py"
    watched = WatchedFile(path)
    assert watched.look() == []
    path.write_text("a = 1\nb = 2\n")
    assert len(watched.look()) == 2
    assert watched.look() == []
    other = tmp_path / "set.py~"
    other.write_text("a = 1\nb = 3\n")
    other.replace(path)
    assert [change.code.strip() for change in watched.look()] == ["b = 3"]
    path.write_text("")
    os.utime(path, ns=(1, 1))
    assert watched.look() == []


def test_after_a_mistake_what_has_changed_since_the_good_version_is_sent(tmp_path: Path) -> None:
    path = tmp_path / "set.py"
    watched = WatchedFile(path)
    for number, text in enumerate(["a = 1\nb = 2\n", "a = (\nb = 2\n", "a = 3\nb = 2\n"]):
        path.write_text(text)
        os.utime(path, ns=(number, number))
        found = watched.look()
        assert watched.text == text
    assert [change.code.strip() for change in found] == ["a = 3"]


def test_what_is_no_text_is_said_once(tmp_path: Path) -> None:
    path = tmp_path / "set.py"
    path.write_bytes(b"\xff\xfe")
    watched = WatchedFile(path)
    with pytest.raises(ValueError, match="UTF-8"):
        watched.look()
    assert watched.look() == []


def test_what_did_not_work_is_sent_again_with_the_next_change(tmp_path: Path) -> None:
    path = tmp_path / "set.py"
    path.write_text("a = b\nc = 1\n")
    watched = WatchedFile(path)
    watched.failed(watched.look()[0])
    path.write_text("a = b\nc = 2\n")
    os.utime(path, ns=(1, 1))
    assert [change.code.strip() for change in watched.look()] == ["a = b", "c = 2"]
