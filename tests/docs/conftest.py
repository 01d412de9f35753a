"""Everything that comes with Marmalade, built once: what the examples play."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.sdk.instruments import Orchestra
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Orchestra, Sequence[Mapping[str, object]]]:
    """All bundled synthdefs, without anybody's own samples or settings."""
    folder: Path = tmp_path_factory.mktemp("player")
    places = Places.find(folder, {})
    orchestra, definitions = orchestra_for(places, load(None, {}))
    return orchestra, definitions.rows
