"""The starter set: what plays the first time, so that nobody begins with silence."""

import shutil

from marmalade_sc.player.live.sets import BUNDLED
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places

__all__ = ["starter_set"]


def starter_set(places: Places, settings: Settings) -> str | None:
    """The code to begin with, or None. The set is copied to the player's sets, where it can be changed.

    By the setting `shell.starter`: on the first start only (default), always, or never.
    """
    mine = places.sets / "starter.py"
    is_first = not mine.exists()
    wanted = settings.text("shell.starter")
    if is_first:
        places.sets.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(BUNDLED / mine.name, mine)
    if wanted == "always" or (wanted == "first" and is_first):
        return mine.read_text(encoding="utf-8")
    return None
