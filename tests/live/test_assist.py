"""Completion, help and the tutorial in a real player."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from marmalade_sc.assist.lessons import lessons
from tests.live.players import LivePlayer
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


def texts(player: LivePlayer, code: str) -> list[str]:
    answer = player.ask("complete", code=code, position=len(code))
    assert not answer.get("error"), answer
    return [row["text"] for row in answer["completions"]]


def test_completion_knows_the_bundled_sounds_and_what_was_just_bound(player: LivePlayer) -> None:
    assert "kick" in texts(player, 'd1 >> s("kic')
    assert "cutoff=" in texts(player, 'b1 >> bass("0", cut')
    assert "every" in texts(player, 's("bd").ev')
    player.evaluate('zoetrope = s("bd")\nzz7 >> s("bd")')
    assert "zoetrope" in texts(player, "zoe")
    assert "zz7" in texts(player, "zz")
    assert texts(player, "zz7.fa")[0] == "fade"


def test_a_scene_that_was_saved_is_offered(player: LivePlayer) -> None:
    player.evaluate('zz7 >> s("bd")\nscene.save("zoescene")')
    eventually(lambda: "zoescene" in texts(player, 'scene("zoe'), 10.0)
    player.evaluate('scene.delete("zoescene")')


def test_documentation_comes_over_the_socket(player: LivePlayer) -> None:
    page = player.ask("document", name="bass")
    assert "cutoff" in page["doc"] and "Hz" in page["doc"]
    code = "hush()"
    assert player.ask("document", code=code, position=2)["title"] == "hush"
    call = player.ask("complete", code="hush(", position=5)["call"]
    assert call["text"].startswith("hush(")


@contextlib.contextmanager
def _hanging(player: LivePlayer) -> Iterator[None]:
    """An evaluation that does not end while the block runs, in a thread that waits for its answer."""
    thread = Thread(target=player.ask, args=("evaluate",), kwargs={"code": "while True: pass"})
    thread.start()
    try:
        yield
    finally:
        eventually(lambda: player.ask("interrupt").get("interrupted"), 20.0)
        thread.join(30.0)


def test_completion_goes_on_while_an_evaluation_hangs(player: LivePlayer) -> None:
    """Typing goes on while heavy code is evaluated."""
    player.evaluate("before_it_hung = 1")
    assert "before_it_hung" in texts(player, "before_it")
    with _hanging(player):
        for _ in range(5):
            assert "before_it_hung" in texts(player, "before_it")
            assert player.ask("document", name="every")["title"] == "every"


def test_a_question_is_answered(player: LivePlayer) -> None:
    assert player.evaluate("every?")["value"].startswith("every(cycles, change)")
    assert "degrade" in player.evaluate('search("random")')["value"]


def test_lessons_are_played_and_the_place_is_kept(player: LivePlayer) -> None:
    """From the first sound on, as a newcomer runs them."""
    assert "Lesson 1 of" in player.evaluate("tutorial(1)")["value"]
    path: Path = player.places.root / "tutorial.json"
    for number in (1, 3, 5, 6, 10):
        player.evaluate(f"hush()\ntutorial({number})")
        for example in range(1, len(lessons()[number - 1].examples) + 1):
            answer = player.evaluate(f"tutorial.run({example})")
            assert answer["value"].startswith(lessons()[number - 1].examples[example - 1])
    assert json.loads(path.read_text(encoding="utf-8"))["lesson"] == 10
    player.evaluate("tutorial.run(1, 1)")
    player.wait_for_notes("d1", 2)
    assert "Lesson 11 of" in player.evaluate("tutorial.next()")["value"]
    player.evaluate('hush()\ntutorial(1)\nscene.delete("verse")\nscene.delete("chorus")')
