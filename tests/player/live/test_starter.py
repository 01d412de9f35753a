"""The starter set: heard the first time, kept where it can be changed, and it evaluates."""

from pathlib import Path

import pytest

from marmalade_sc.player.live.sets import BUNDLED
from marmalade_sc.player.live.starter import starter_set
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places


@pytest.mark.parametrize(
    ("wanted", "first", "later"), [("first", True, False), ("always", True, True), ("never", False, False)]
)
def test_it_plays_when_the_setting_says_so(tmp_path: Path, wanted: str, first: bool, later: bool) -> None:
    places = Places.find(tmp_path)
    settings = load(places.config, options={"shell.starter": wanted})
    assert bool(starter_set(places, settings)) is first
    assert bool(starter_set(places, settings)) is later


def test_what_the_player_made_of_it_is_played_and_never_overwritten(tmp_path: Path) -> None:
    places = Places.find(tmp_path)
    settings = load(places.config, options={"shell.starter": "always"})
    assert starter_set(places, settings) == (BUNDLED / "starter.py").read_text(encoding="utf-8")
    mine = places.sets / "starter.py"
    mine.write_text("mine = 1", encoding="utf-8")
    assert starter_set(places, settings) == "mine = 1"
