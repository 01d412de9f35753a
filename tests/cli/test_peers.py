"""`marmalade invite`, `join` and `peers` where no player runs, and what they leave on disk."""

from pathlib import Path

import pytest

from marmalade_sc.cli.main import run
from marmalade_sc.generators.trust import Trust
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jam.jams import Jams
from marmalade_sc.peers.invites import Invite, written_invite
from marmalade_sc.player.peers.rollbook import Rollbook
from marmalade_sc.settings.places import Places
from tests.peers import makers

ALICE = makers.player(1)
INVITE = written_invite(Invite("https://192.0.2.7:2468", ALICE.public.raw, "garage", bytes(range(16)), b""))


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return Places.find(tmp_path / "player")


def test_who_joins_has_the_jam_the_friend_and_its_trust(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--dir", str(places.root), "join", INVITE]) == 0
    said = capsys.readouterr().out
    assert ALICE.public.fingerprint in said
    assert "peers.listen" in said, "what is still to be done"
    jams = Jams(places)
    assert (jams.current, jams.get("garage").id) == ("garage", bytes(range(16)).hex())
    assert dict(Rollbook(places.jam("garage").root).friends()) == {ALICE.public.raw: "https://192.0.2.7:2468"}
    trusted = Trust(places.players, identity_at(places.key).public).of(ALICE.player)
    assert (trusted.key, trusted.level) == (ALICE.public, "sandbox")


def test_a_jam_of_that_name_that_is_another_is_left_alone(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--dir", str(places.root), "join", INVITE]) == 0
    other = written_invite(Invite("https://192.0.2.7:2468", ALICE.public.raw, "garage", bytes(16), b""))
    assert run(["--dir", str(places.root), "join", other]) == 1
    assert "another jam called garage" in capsys.readouterr().err
    assert Jams(places).get("garage").id == bytes(range(16)).hex()


@pytest.mark.parametrize("text", ["", "hello", INVITE[:-3], "marmalade1-", "x" * 5000])
def test_what_is_no_invite_changes_nothing(places: Places, capsys: pytest.CaptureFixture[str], text: str) -> None:
    assert run(["--dir", str(places.root), "join", text]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not places.jams.exists()


@pytest.mark.parametrize(
    "command",
    [
        ["invite"],
        ["peers", "list"],
        ["peers", "pending"],
        ["peers", "play", "drums"],
        ["peers", "stop", "drums"],
        ["peers", "trust", "aaaaaaaa", "sandbox"],
        ["peers", "deny", "1"],
    ],
)
def test_without_a_player_they_say_how_to_start_one(
    places: Places, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run(["--dir", str(places.root), *command]) == 1
    said = capsys.readouterr().err
    assert "Start one with" in said
    assert "Traceback" not in said


def test_a_key_is_rotated_and_the_user_told_what_changes(places: Places, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--dir", str(places.root), "join", INVITE]) == 0
    before = identity_at(places.key)
    capsys.readouterr()
    assert run(["--dir", str(places.root), "key", "rotate"]) == 0
    assert str(before.player) in capsys.readouterr().out
    assert identity_at(places.key).public != before.public
    assert places.key.with_name(f"{places.key.name}.{before.public.long_player}").stat().st_mode & 0o077 == 0
