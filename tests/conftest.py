"""Fixtures for tests on real servers: one player that they share, in a fresh home with a name that is not ASCII.

What stands for a threat or a fault is marked as such, wherever it is.
"""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.live.players import LivePlayer, playing
from tests.peers.threats import WHERE

_TESTS = Path(__file__).parent

# A shell without job control lets what it starts in the background ignore these, and so would all that tests start.
for _ignored, _as_usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(_ignored) is signal.SIG_IGN:
        signal.signal(_ignored, _as_usual)

# A slow machine is no fault of an example; what must be fast is a bar in bench/.
settings.register_profile("marmalade", deadline=None)
settings.load_profile("marmalade")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`-m faults` runs all that the list of threats names."""
    named = {place for places in WHERE.values() for place in places}
    for item in items:
        name = item.name.partition("[")[0]
        if item.path.is_relative_to(_TESTS) and f"{item.path.relative_to(_TESTS).as_posix()}::{name}" in named:
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def shared_player(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePlayer]:
    """A player with its own dummy JACK server; starting one takes seconds, so tests share it."""
    home = tmp_path_factory.mktemp("haus é")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
            patch.delenv(name, raising=False)
        with playing(home / "spieler") as player:
            yield player


@pytest.fixture
def player(shared_player: LivePlayer) -> Iterator[LivePlayer]:
    """The shared player, silent and at a bar a second before and after a test."""
    shared_player.evaluate("hush()\nclock.play()\nclock.bpm = 240")
    yield shared_player
    shared_player.evaluate("hush()")
