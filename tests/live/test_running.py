"""A whole player: started, every process killed in turn, the supervisor killed, nothing left."""

import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from marmalade_sc.errors import PlayerError, SettingsError
from marmalade_sc.jam.jams import Jams
from marmalade_sc.player.base.processes import ProcessId, children_of, wait_for_end
from marmalade_sc.player.control.protocol import request
from marmalade_sc.player.supervision import running
from marmalade_sc.settings.places import Places
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

_QUIET = {"audio.driver": "dummy", "audio.period": "1024"}


@pytest.fixture
def places(tmp_path: Path) -> Iterator[Places]:
    places = Places.find(tmp_path / "spieler é")  # as the player itself will find them, also with an XDG_RUNTIME_DIR
    yield places
    running.stop(places)


def family(pid: int) -> list[ProcessId]:
    """A process and all that it started, however deep."""
    found = [process] if (process := ProcessId.of(pid)) else []
    for child in children_of(pid):
        found += family(child)
    return found


def pids(status: running.Status | None) -> dict[str, object]:
    return {str(entry["name"]): entry["pid"] for entry in status.processes} if status else {}


def test_every_process_may_be_killed_and_comes_back_with_what_needs_it(places: Places) -> None:
    """On stage anything may die; what does not need the dead one must not even notice."""
    up = running.start(places, _QUIET)
    assert up.is_up
    assert running.start(places, _QUIET) == up, "a second start joins"
    ours = children_of(os.getpid())
    assert not any(up.supervisor.pid in children_of(child) for child in ours), "else we would have to reap it"
    for name, expected in (
        ("redis-state", {"redis-state"}),
        ("redis-events", {"redis-events"}),
        ("foundry", {"foundry"}),
        ("live", {"live"}),
        ("hub", {"hub"}),
        ("engine", {"engine"}),
        ("jackd", {"jackd", "engine"}),
    ):
        before = pids(running.status(places))
        os.kill(int(str(before[name])), signal.SIGKILL)

        def is_back(name: str = name, old: object = before[name]) -> bool:
            now = running.status(places)
            return now is not None and now.is_up and pids(now)[name] not in (None, old)

        eventually(is_back)
        after = pids(running.status(places))
        assert {each for each in after if after[each] != before[each]} == expected
    everything = family(up.supervisor.pid)
    assert running.stop(places)
    assert not running.stop(places)
    assert not any(process.lives for process in everything)
    assert not places.processes.exists()


def test_when_the_supervisor_is_killed_nothing_plays_on_and_the_next_start_is_clean(places: Places) -> None:
    up = running.start(places, _QUIET, "sunday")
    assert up.jam == "sunday"
    everything = family(up.supervisor.pid)
    assert len(everything) > 7
    os.kill(up.supervisor.pid, signal.SIGKILL)
    for process in everything:
        assert wait_for_end(process, 3.0)
    assert running.status(places) is None
    eventually(lambda: not places.runtime.exists())
    assert not list(Path("/dev/shm").glob(f"jack*{places.runtime.name[-8:]}*"))
    assert running.start(places, _QUIET).jam == "sunday"


def test_a_start_that_cannot_succeed_says_why(places: Places) -> None:
    with pytest.raises(SettingsError, match="tempo.bpm"):
        running.start(places, {"tempo.bpm": "x"})
    with pytest.raises(PlayerError, match="No JACK server called 'nowhere' runs"):
        running.start(places, {"audio.driver": "jack", "audio.device": "nowhere"})


def test_who_moves_to_another_jam_can_speak_to_the_player_at_once(places: Places) -> None:
    running.start(places, _QUIET, "first")
    running.choose(places, _QUIET, "first")
    Jams(places, "first").make("second", datetime.now(UTC))
    for jam in ("second", "first", "first"):
        assert running.move(places, jam)
        found = running.status(places)
        assert found is not None and found.is_up and found.jam == jam
        assert request(places.control_socket, "evaluate", code='d1 >> s("bd")')["ok"]
