"""Invites for one player or for a time: each opens what it should, once, and is remembered over restarts."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from marmalade_sc.errors import GeneratorError, MarmaladeError, PeerError, UnknownNameError, UsageError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.player.trust.invitations import Invitations
from tests.peers import makers
from tests.peers.makers import NOW

pytestmark = pytest.mark.faults
ANN, BOB = makers.player(1).public, makers.player(2).public


class Clock:
    ms = NOW

    def __call__(self) -> int:
        return self.ms


def test_an_invite_for_one_opens_once_and_its_guest_may_ask_again(tmp_path: Path) -> None:
    """An answer may have got lost on the way; whoever finds the text later gets nothing."""
    path, clock = tmp_path / "jam" / "invites.json", Clock()
    found, word = Invitations(path, clock).give(2, True, False)
    later = Invitations(path, clock)
    assert later.show(word, ANN).guests == (str(ANN),)
    for each in (later, Invitations(path, clock)):
        with pytest.raises(PeerError, match="opens nothing"):
            each.show(word, BOB)
        assert each.show(word, ANN).name == found.name
    assert [each.state(clock.ms) for each in later.rows()] == ["used"]
    assert word.hex() not in path.read_text(), "only its hash is kept"


def test_of_many_that_show_it_at_once_one_comes_in(tmp_path: Path) -> None:
    """Ten times sixteen that come in the same moment: by itself a thread runs on for too long to be overtaken."""
    doors = Invitations(tmp_path / "invites.json", Clock())
    together = Barrier(16)
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(16) as pool:
            for _ in range(10):
                _, word = doors.give(1, True, False)

                def enter(number: int, word: bytes = word) -> bool:
                    together.wait(20)
                    try:
                        doors.show(word, makers.player(number).public)
                    except PeerError:
                        return False
                    return True

                assert sum(pool.map(enter, range(10, 26))) == 1
    finally:
        sys.setswitchinterval(usual)


def test_an_invite_for_a_time_opens_to_many_until_then(tmp_path: Path) -> None:
    clock = Clock()
    doors = Invitations(tmp_path / "invites.json", clock)
    _, word = doors.give(0.5, False, True)
    assert doors.show(word, ANN).is_trusted and doors.show(word, BOB)
    clock.ms += 30 * 60_000
    for key in (ANN, BOB):
        with pytest.raises(PeerError):
            doors.show(word, key)
    assert [each.state(clock.ms) for each in doors.rows()] == ["over"]


def test_what_was_revoked_opens_nothing_for_its_guests_either(tmp_path: Path) -> None:
    doors = Invitations(tmp_path / "invites.json", Clock())
    found, word = doors.give(1, False, False)
    doors.show(word, ANN)
    assert doors.revoke(found.name).guests == (str(ANN),)
    with pytest.raises(PeerError):
        doors.show(word, ANN)
    with pytest.raises(UnknownNameError, match="no invite"):
        doors.revoke("other")
    with pytest.raises(PeerError):
        doors.show(bytes(16), ANN)


@pytest.mark.parametrize("hours", [0, -1, 721, float("nan")])
def test_times_are_bounded(tmp_path: Path, hours: float) -> None:
    with pytest.raises(UsageError):
        Invitations(tmp_path / "invites.json", Clock()).give(hours, True, False)


def test_open_ones_are_few_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    clock = Clock()
    doors = Invitations(tmp_path / "invites.json", clock)
    for _ in range(64):
        doors.give(1, True, False)
    with pytest.raises(UsageError, match="open"):
        doors.give(1, True, False)
    for _ in range(3):
        clock.ms += 3_600_000
        for _ in range(64):
            doors.give(1, True, False)
    assert len(doors.rows()) <= 129


def test_without_a_disk_nobody_comes_in_and_none_is_given(tmp_path: Path) -> None:
    """F13: what cannot be written down as used could be used twice."""
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(GeneratorError, match="cannot be written"):
        Invitations(tmp_path / "file" / "invites.json", Clock()).give(1, True, False)
    path = tmp_path / "invites.json"
    _, word = Invitations(path, Clock()).give(1, True, False)
    doors = Invitations(path, Clock())
    path.unlink()
    path.mkdir()
    with pytest.raises(MarmaladeError):
        doors.show(word, ANN)
    assert doors.rows()[0].guests == ()


@pytest.mark.parametrize("text", ["", "[1]", "{}", '[{"name": 1}]', "nonsense"])
def test_a_file_that_is_damaged_opens_nothing(tmp_path: Path, text: str) -> None:
    path = tmp_path / "invites.json"
    path.write_text(text)
    with pytest.raises(PeerError):
        Invitations(path, Clock()).show(bytes(16), PublicKey(ANN.raw))
