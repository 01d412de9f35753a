"""Undo, scenes, sets, crashes and what views watch, on a real player."""

import os
import signal
import threading
from pathlib import Path

import pytest

from marmalade_sc.player.supervision import running
from tests.live.players import LivePlayer, hearing, playing
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


def plays(player: LivePlayer) -> set[str]:
    return {name for name, track in player.ask("tracks")["tracks"].items() if track["plays"]}


def test_undo_works_while_a_block_hangs_and_the_next_generation_knows_of_it(player: LivePlayer) -> None:
    track = player.track()
    for name in ("bd", "sn"):
        player.evaluate(f'{track} >> s("{name}*4")')
    stuck = threading.Thread(target=player.ask, args=("evaluate",), kwargs={"code": "while True: pass"})
    stuck.start()
    eventually(lambda: player.ask("undo", track=track).get("landings"))
    assert player.ask("interrupt")["interrupted"]
    stuck.join(20)
    player.evaluate("x = 1")  # a new generation
    assert "nothing to undo" not in str(player.ask("undo", track=track))  # the first pattern's own step is left
    assert track not in plays(player)
    player.evaluate(f"redo({track}, steps=2)")
    assert track in plays(player)


def test_scenes_and_history_survive_a_killed_live_host(player: LivePlayer) -> None:
    one, other = player.track(), player.track()
    player.evaluate(f'{one} >> s("bd*4")\n{one}.gain(-3)')
    player.ask("save_scene", name=f"of-{one}")
    player.evaluate(f'{one}.stop()\n{other} >> s("hh*4")')
    player.kill("live")
    eventually(lambda: player.ask("tracks").get("tracks") and other in plays(player), 60.0)
    eventually(lambda: f"of-{one}" in player.ask("names").get("scenes", []))
    answer = player.ask("scene", name=f"of-{one}")
    assert answer.get("landings"), answer
    assert answer["landings"][0]["what"] == f"scene of-{one}"
    assert {one} <= plays(player)
    player.wait_for_notes(one, 8, 40.0)
    player.evaluate("undo()")
    eventually(lambda: other in plays(player) and one not in plays(player), 60.0)


def test_a_set_is_saved_and_loaded(player: LivePlayer) -> None:
    track, other = player.track(), player.track()
    player.evaluate(f'{track} >> s("bd*4")\n{track}.gain(-7)')
    assert "saved" in player.evaluate(f'save("of-{track}")')["value"]
    player.evaluate(f'{track} >> s("sn*8")\n{other} >> s("hh*4")\n{track}.gain(0)')
    answer = player.evaluate(f'load("of-{track}")')
    assert answer["landings"][-1]["what"] == f"sets/of-{track}.py"
    assert player.ask("status")["set"] == f"of-{track}"
    eventually(lambda: plays(player) == {track})
    assert player.ask("tracks")["tracks"][track]["mix"]["gain_db"] == -7
    assert f"of-{track}" in player.ask("names")["sets"]
    error = player.ask("load_set", name="of-nothing")["error"]
    assert error["code"] == "name"
    (player.places.sets / f"of-{other}.py").write_text("# mine\n")
    assert "by hand" in player.ask("save_set", name=f"of-{other}")["error"]["message"]


def test_steps_levels_and_the_scope_are_told_to_who_asks_and_only_then(player: LivePlayer) -> None:
    track = player.track()
    with hearing(player, "steps", "levels", "scope") as heard:
        answer = player.ask("evaluate", code=f'{track} >> bass("0 3 5 7")', source="mine.py")
        assert not answer.get("error")

        def enough() -> bool:
            levels = [set(event["levels"]) for event in list(heard) if event["event"] == "levels"]
            kinds = {event["event"] for event in list(heard)}
            return {"steps", "scope"} <= kinds and any({track, "master"} <= each for each in levels)

        eventually(enough)
        player.evaluate("y = 2")  # the next generation must know, too
        count = len(heard)
        eventually(lambda: any(event["event"] == "steps" for event in heard[count:]))
        player.kill("live")
        count = len(heard)
        eventually(lambda: any(event["event"] == "steps" for event in heard[count:]), 30)
    steps = [step for event in heard if event["event"] == "steps" for step in event["steps"] if step[1] == track]
    assert steps[0][4][0][:2] == ["mine.py", 1]
    assert steps[0][3] is not None
    notes = player.notes(track)
    assert len({step[0] for step in steps} & set(notes)) >= len(steps) // 2  # due when the note was
    scope = next(event for event in reversed(heard) if event["event"] == "scope")
    assert len(scope["left"]) == len(scope["right"]) == 1024
    assert eventually(lambda: float(player.engine().get("latency_ms", 0))) > 5


def test_a_loop_in_a_playing_pattern_does_not_stop_the_other_tracks(player: LivePlayer) -> None:
    track, bad = player.track(), player.track()
    player.evaluate(f'{track} >> s("hh*8")\n{bad} >> s("bd*4")')
    first = player.wait_for_notes(track, 4)[0]
    late = player.engine()["late_dropped"]
    with hearing(player, "output") as heard:
        code = (
            "import time\nbegun = time.monotonic()\n"
            "def loop(v):\n    while time.monotonic() > begun + 3: pass\n    return v\n"
            f'{bad} >> s("sn*4?").fmap(loop)'
        )
        player.evaluate(code)
        eventually(lambda: any("takes too long" in str(event.get("text")) for event in list(heard)), 30)
        player.wait_for_notes(track, 16)
    notes = [note for note in player.notes(track) if note >= first]
    gaps = [later - note for note, later in zip(notes, notes[1:], strict=False)]
    assert max(gaps) < (1 << 32) // 2  # an eighth of a bar of a second is 1/8 s; none is missing for long
    assert player.engine()["late_dropped"] - late <= 2
    assert not any("hangs" in str(event.get("text")) for event in heard)
    player.wait_for_notes(bad, 4)  # the version before it


def test_a_hundred_keys_in_a_row_make_nothing_late(player: LivePlayer) -> None:
    """Each key writes a frame of its own; once that put off the next one by 25 ms each, and a second was lost."""
    track = player.track()
    player.evaluate(f'{track} >> s("hh*16")')
    player.evaluate(f'{track} >> s("hh*16").set(amp=.5)')
    player.wait_for_notes(track, 16)
    late = player.engine()["late_dropped"]
    for number in range(100):
        player.ask("redo" if number % 2 else "undo", track=track)
        player.ask("unmute", track=track)
    player.wait_for_notes(track, 32)
    assert player.engine()["late_dropped"] == late


def test_settings_are_shown_and_checked(player: LivePlayer) -> None:
    assert "tempo.bpm" in player.evaluate("config()")["value"]
    error = player.ask("evaluate", code='config("tempo.bpm", "fast")')["error"]
    assert "tempo.bpm cannot be" in error["message"]
    assert "Did you mean" in player.ask("config", key="tempo.bmp")["error"]["text"]


def test_what_played_comes_back_after_a_crash_of_the_whole_player(tmp_path: Path) -> None:
    root = tmp_path / "p"
    with playing(root) as player:
        player.evaluate('def beat():\n    print("counted in")\n    return "bd*4"\nd1 >> s(beat())')
        player.evaluate("d1.gain(-5)\nclock.bpm = 200")
        player.ask("mute", track="d1")
        autosave = player.places.jam("home").root / "autosave.py"
        eventually(lambda: autosave.exists() and "d1.mute()" in autosave.read_text())
        status = running.status(player.places)
        assert status is not None
        family = player.processes()
        os.kill(status.supervisor.pid, signal.SIGKILL)
        eventually(lambda: running.status(player.places) is None)
        eventually(lambda: not any(process.lives for process in family), 20)
        player.start()
        with hearing(player, "news") as heard:
            eventually(lambda: any("restore()" in str(event.get("text")) for event in list(heard)))
        with hearing(player, "output") as heard:  # what code printed was said when it was typed
            answer = player.evaluate("restore()")
            assert answer["value"] == "restore plays"
            player.evaluate('print("done")')
            eventually(lambda: any("done" in str(event.get("text")) for event in list(heard)))
            assert not any("counted in" in str(event.get("text")) for event in heard)
        assert plays(player) == {"d1"}
        mix = player.ask("tracks")["tracks"]["d1"]["mix"]
        assert (mix["gain_db"], mix["mute"]) == (-5, True)
        assert player.evaluate("beat()")["value"] == "'bd*4'"
        eventually(lambda: abs(float(player.timeline().bpm(player.timeline().segments[-1].cycle)) - 200) < 1e-6)
    with playing(root) as player, hearing(player, "news") as heard:  # and it ended in order
        player.evaluate("1 + 1")
        assert not any("restore()" in str(event.get("text")) for event in heard)
