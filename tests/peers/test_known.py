"""The list of players in the settings."""

import pytest

from marmalade_sc.errors import SettingsError
from marmalade_sc.peers.known import Known, read_known
from tests.peers import makers

ANN, BOB = makers.player(1).public, makers.player(2).public


def word(key: object) -> str:
    return str(key).split()[1]


def test_players_are_named_by_address_and_key() -> None:
    text = f"192.168.1.7:2468/{word(ANN)}, [fe80::1]:2469/{word(BOB)}\nstudio.local:2468/{word(BOB)}"
    assert read_known(text) == [
        Known("192.168.1.7", 2468, ANN),
        Known("fe80::1", 2469, BOB),
        Known("studio.local", 2468, BOB),
    ]
    assert read_known("") == []


@pytest.mark.parametrize("entry", ["192.168.1.7", "192.168.1.7:2468", "a:80/" + word(ANN), "a:2468/AAAA", "://x:1/k"])
def test_what_names_nobody_is_told_with_its_number(entry: str) -> None:
    with pytest.raises(SettingsError, match="Entry 2 "):
        read_known(f"a:2468/{word(ANN)} {entry}")
