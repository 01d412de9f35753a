"""A disk that takes no more: the music plays on, the trouble is said, and what can be kept is kept again afterwards.

A file that may not grow is to a process the same failed write as a full disk, and needs no rights; tests/live/
test_servers.py has a small file system as well.
"""

import pytest

from tests.live.players import LivePlayer, off_grid
from tests.live.scarcity import no_more_room
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


def test_an_event_log_that_cannot_be_written_costs_the_log_and_no_note(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*16")')
    player.wait_for_notes(track, 16)
    before = player.engine()
    with no_more_room(player.pid("engine")):
        eventually(lambda: "cannot be written" in player.engine().get("log_error", ""))
        logged = len(player.notes(track))
        eventually(lambda: player.engine()["sent"] > before["sent"] + 32)
        assert len(player.notes(track)) <= logged + 8
    eventually(lambda: player.engine().get("log_error") == "")
    notes = player.wait_for_notes(track, 16)
    assert off_grid(notes, player.timeline(), 16)[0] == []
    assert off_grid(notes[-16:], player.timeline(), 16) == ([], [], 0)
    after = player.engine()
    assert (after["late_played"], after["late_dropped"]) == (before["late_played"], before["late_dropped"])


def test_a_state_server_that_cannot_write_costs_the_state_s_safety_and_no_note(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*16")')
    player.wait_for_notes(track, 16)
    pid = player.pid("redis-state")
    with no_more_room(pid):
        player.wait_for_notes(track, 32)
        assert player.evaluate("1 + 1")["value"] == "2"
        sent = player.engine()["sent"]
        eventually(lambda: player.engine()["sent"] > sent)  # the state is written again, if not kept
        assert player.pid("redis-state") == pid
    player.wait_for_notes(track, 16)
    assert off_grid(player.notes(track), player.timeline(), 16) == ([], [], 0)
    sent = player.engine()["sent"]
    eventually(lambda: player.engine()["sent"] > sent)
