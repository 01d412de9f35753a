"""F14: a state server that has no memory left, or answers late, costs records of the state and no note."""

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.live.players import LivePlayer, off_grid
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.faults]


@contextlib.contextmanager
def state_server(player: LivePlayer) -> Iterator[Any]:
    client = redis.Redis(unix_socket_path=str(player.places.state_socket))
    try:
        yield client
    finally:
        client.close()


def test_without_memory_and_with_late_answers_the_music_plays_on(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*16")')
    player.wait_for_notes(track, 16)
    with state_server(player) as state:
        before = state.config_get("maxmemory")["maxmemory"]
        state.config_set("maxmemory", "1")
        try:
            with pytest.raises(redis.exceptions.OutOfMemoryError):
                state.xadd("state:probe", {"value": "1"})
            player.wait_for_notes(track, 32)
            assert player.evaluate("1 + 1")["value"] == "2"
        finally:
            state.config_set("maxmemory", before)
        sent = player.engine()["sent"]
        eventually(lambda: player.engine()["sent"] > sent, 30.0)  # its state is written again
        state.client_pause(1500, all=True)
    player.wait_for_notes(track, 32, 30.0)
    sent = player.engine()["sent"]
    eventually(lambda: player.engine()["sent"] > sent, 30.0)
    assert off_grid(player.notes(track), player.timeline(), 16) == ([], [], 0)
