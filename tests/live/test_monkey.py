"""A few hundred things that a seeded monkey does at the shell; bench/monkey.py does ten thousand."""

import pytest

from tests.live.monkey import Monkey
from tests.live.players import LivePlayer
from tests.live.shells import QUIET, shell
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


def beside_tracks(player: LivePlayer) -> int:
    """Synths that are not a track's strip: clock, master, strips of guests, and voices."""
    return int(player.engine()["synths"]) - len(player.ask("tracks")["tracks"])


@pytest.mark.parametrize("seed", [1])
def test_whatever_a_monkey_does_the_shell_answers_and_the_music_goes_on(player: LivePlayer, seed: int) -> None:
    log = player.places.logs / "shell.log"
    log.unlink(missing_ok=True)
    track = player.track()
    player.evaluate("hush()")
    eventually(lambda: "synths" in player.engine())
    before = beside_tracks(player)
    with shell(player, settings={**QUIET, "shell.suggest": "true"}) as terminal:
        monkey = Monkey(terminal, seed)
        for _ in range(250):
            monkey.act()
            assert terminal.process.poll() is None, monkey.done[-20:]
        assert monkey.is_answered(), (monkey.done[-20:], terminal.text)
    assert not log.exists(), (log.read_text(), monkey.done)
    # It may have left anything: a block that hangs, a recording, a pause, a bar of a minute.
    for command, fields in (
        ("interrupt", {}),
        ("stop_recording", {}),
        ("play", {}),
        ("tempo", {"bpm": 240, "now": True}),
    ):
        player.ask(command, **fields)
    player.evaluate(f'hush()\nunmute()\nunsolo()\nclock.play()\nclock.bpm = 240\n{track} >> s("hh*8")')
    player.wait_for_notes(track, 8)
    player.evaluate("hush()")
    eventually(lambda: beside_tracks(player) <= before, 30.0)
