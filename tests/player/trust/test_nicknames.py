"""Nicknames are the user's own, of whole keys, and never alone on the screen."""

from pathlib import Path

import pytest

from marmalade_sc.errors import UnknownNameError, UsageError
from marmalade_sc.generators.trust import Trust
from marmalade_sc.player.generators.sharing import answers
from marmalade_sc.player.peers.roster import players_text
from marmalade_sc.player.trust.acquaintances import Acquaintances
from tests.peers import makers

pytestmark = pytest.mark.faults
OWN, ANN, BOB = (makers.player(number).public for number in (1, 2, 3))


def friends(folder: Path) -> Acquaintances:
    return Acquaintances(Trust(folder / "players", OWN))


def test_a_nickname_stands_beside_the_name_and_is_remembered(tmp_path: Path) -> None:
    ours = friends(tmp_path)
    assert ours.title(ANN) == str(ANN.player)
    ours.call(ANN, "Änne", [ANN, BOB])
    for each in (ours, friends(tmp_path)):
        assert each.title(ANN) == f"Änne ({ANN.player})"
        assert each.meant("Änne", [ANN, BOB]) == ANN
        assert each.level(ANN) == "ask", "a nickname is no trust"
    row = {"id": str(ANN.player), "nickname": "Änne", "state": "here", "trust": "ask"}
    assert f"Änne ({ANN.player})" in players_text([row])
    told = [{"id": str(each.player), "title": ours.title(each), "status": "started"} for each in (ANN, BOB)]
    assert answers(told) == f"Änne ({ANN.player}) started, {BOB.player} started"
    ours.call(ANN, "", [ANN, BOB])
    assert ours.title(ANN) == str(ANN.player)
    with pytest.raises(UnknownNameError):
        ours.meant("", [ANN, BOB])


def test_a_nickname_goes_on_to_the_key_that_follows(tmp_path: Path) -> None:
    """Whoever has rotated a key is the same to those who call it so, trusted or not; a nickname there already stays."""
    ours = friends(tmp_path)
    ours.call(ANN, "anna", [ANN, BOB])
    said = ours.rotated(ANN, BOB)
    assert said.startswith(f"anna ({ANN.player}) has a new key") and BOB.fingerprint in said and "trusted" not in said
    assert (ours.title(ANN), ours.word(BOB)) == (str(ANN.player), "anna")
    assert friends(tmp_path).whole(BOB) == f"anna ({BOB.player}, SHA256:{BOB.fingerprint})"
    assert ours.rotated(ANN, BOB) == "", "it is told once"


def test_no_two_players_have_one_nickname_nor_another_s_name(tmp_path: Path) -> None:
    """T4: nor one that reads the same."""
    ours = friends(tmp_path)
    ours.call(ANN, "drums", [ANN, BOB])
    for nickname in ("drums", "DRUMS", "\uff44rums", str(ANN.player).lower()):
        with pytest.raises(UsageError):
            ours.call(BOB, nickname, [ANN, BOB])
    ours.call(ANN, "drums", [ANN, BOB])


@pytest.mark.parametrize("nickname", ["\x1b[2J", "a b", "a\n", "x" * 25, "-a", "\u202eabc", "a\u200b", '"', "a(b)"])
def test_what_a_terminal_would_obey_or_nobody_can_see_is_no_nickname(tmp_path: Path, nickname: str) -> None:
    """T21."""
    with pytest.raises(UsageError, match="no nickname"):
        friends(tmp_path).call(ANN, nickname, [])


@pytest.mark.parametrize("text", ["", "[]", '{"x": 1}', "nonsense"])
def test_a_file_that_is_damaged_calls_nobody_anything(tmp_path: Path, text: str) -> None:
    (tmp_path / "players").mkdir()
    (tmp_path / "players" / "nicknames.json").write_text(text)
    assert friends(tmp_path).title(ANN) == str(ANN.player)


def test_a_generator_is_found_by_the_nickname_of_its_player(tmp_path: Path) -> None:
    """`p1 >> jam["alice/acid"]`; nobody else's is meant by it, and what is no nickname stays as it is."""
    ours = friends(tmp_path)
    ours.call(ANN, "alice", [])
    again = friends(tmp_path)
    assert again.generator("alice:acid") == f"{ANN.player}:acid"
    for name in ("acid", "Alice:acid", f"{BOB.player}:acid", ":acid", "alice"):
        assert again.generator(name) == name
