"""`marmalade lights`, as an editor runs it beside a real player."""

import json
import subprocess
import sys
import threading

import pytest

from tests.live.players import LivePlayer
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


def test_an_editor_is_told_what_sounds_where_its_lines_are_now(player: LivePlayer) -> None:
    """Each note of the pattern is lit, and goes with its line; the end of standard input ends it."""
    track = player.track()
    text = f'{track} >> s("bd sn")\n'
    answer = player.ask("evaluate", code=text, source="lit.py")
    assert not answer.get("error"), answer
    column = text.index("bd") + 1
    command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(player.places.root), "lights"]
    with subprocess.Popen(
        [*command, "--source", "lit.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as lamp:
        assert lamp.stdin is not None and lamp.stdout is not None
        told: list[dict[str, object]] = []
        lines = lamp.stdout
        reader = threading.Thread(target=lambda: told.extend(json.loads(line) for line in lines), daemon=True)
        reader.start()
        try:
            one, other = [1, column, 2], [1, column + 3, 2]
            for lit in ([one], [other], [one]):
                eventually(lambda lit=lit: {"source": "lit.py", "lit": lit} in told, 30.0)  # type: ignore[misc]
                told.clear()
            lamp.stdin.write("no JSON\n" + json.dumps({"source": "lit.py", "text": "\n\n" + text}) + "\n")
            lamp.stdin.flush()
            eventually(lambda: {"source": "lit.py", "lit": [[3, column + 3, 2]]} in told, 30.0)
            lamp.stdin.close()
            assert lamp.wait(30.0) == 0
            reader.join(10.0)
        finally:
            lamp.kill()
