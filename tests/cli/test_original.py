"""`marmalade original` as a user types it, against a player of the original that has all its faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from marmalade_sc.cli.main import run
from marmalade_sc.generators.archive import File, Tree, pack
from tests.original.lisp import Lisp

TREE = Tree.of({"start.sh": File(b"#!/bin/sh\necho hello\n", True)})


class Typed:
    """Commands, and what they say."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str]:
        status = run(["--dir", str(self.folder), "original", *words])
        out, err = self._capsys.readouterr()
        assert "Traceback" not in err
        return status, out + err


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Typed:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return Typed(tmp_path / "player", capsys)


@pytest.fixture
def lisp() -> Iterator[Lisp]:
    with Lisp() as made:
        yield made


def test_what_it_has_is_listed_and_fetched(typed: Typed, lisp: Lisp) -> None:
    assert typed("generators", lisp.address) == (0, "It has no generators.\n")
    lisp.generators[lisp.name, "loop"] = pack(TREE)
    assert typed("generators", lisp.address) == (0, f"{lisp.name}:loop\n")
    assert typed("players", lisp.address) == (0, f"{lisp.name}  {lisp.address:32} 1970-01-01 00:01:00\n")
    status, said = typed("fetch", lisp.address, f"{lisp.name}:loop")
    assert status == 0 and f"marmalade generator accept {lisp.name}:loop" in said
    assert (typed.folder / "generators" / f"{lisp.name}:loop.tgz").read_bytes() == pack(TREE)
    asked = len(lisp.lines)
    status, said = typed("fetch", lisp.address, f"{lisp.name}:loop")
    assert status == 2 and "already" in said and len(lisp.lines) == asked, "it is asked for nothing"


def test_a_play_that_cannot_be_is_told_before_anybody_is_asked(
    typed: Typed, lisp: Lisp, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = ("play", lisp.address, "drums", "--jam", "j1")
    assert typed(*play)[0] == 2, "no port"
    monkeypatch.setenv("MARMALADE_ORIGINAL_PORT", "2468")
    status, said = typed(*play)
    assert status == 2 and "no generator" in said
    monkeypatch.setenv("MARMALADE_ORIGINAL_ADDRESS", "here")
    status, said = typed(*play)
    assert status == 2 and "original.address is 'here'" in said
    assert not lisp.lines


def test_what_is_no_address_is_told_as_such(typed: Typed) -> None:
    status, said = typed("players", "stage:2468")
    assert status == 2 and "'stage:2468' is no address" in said and "http://host:port" in said


def test_who_has_no_record_of_two_keys_is_an_original_player(typed: Typed, lisp: Lisp) -> None:
    status, said = typed("who", lisp.address)
    assert status == 1 and "404" in said
