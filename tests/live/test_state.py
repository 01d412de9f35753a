"""What instances say of themselves, in a real player: tags, strips, credits, the schedule, history."""

from pathlib import Path

import pytest

from marmalade_sc.jam.streams import StateLog
from tests.live.players import LivePlayer
from tests.live.test_generators import CLIENT, add, row, run, stage
from tests.player.deadline import eventually

pytestmark = pytest.mark.live
__all__ = ["stage"]

MOVING = (
    CLIENT
    + """
ask("XADD", TAGS + "Energy", "*", "value", "0.5", "type", "number", "unit", "1", "doc", "how much")
print(ask("XADD", TAGS + "Energy", "*", "value", "high").decode(), flush=True)
found = "$"
while True:
    note("kick", now() + 200, amp=.5)
    told = ask("XREVRANGE", "state:controls:" + PATH, "+", "-", "COUNT", "1")
    if told and b"1.0" in told[0][1] and found == "$":
        found = ask("XADD", TAGS + "Track", "*", "value", WHERE)
        ask("XADD", TAGS + "Composer", "*", "value", "Somebody Else")
    time.sleep(.1)
"""
)


def test_tags_say_who_made_it_and_where_it_plays(stage: LivePlayer, tmp_path: Path) -> None:
    one, other = stage.track(), stage.track()
    add(stage, "moving", MOVING.replace("WHERE", repr(other)))
    stage.ask("record", path=str(tmp_path / "take.wav"))
    path = run(stage, "moving", track=one)["instance"]
    stage.wait_for_notes(one, 5)
    player = path.partition(":")[0]
    rows = {(each["tag"], each["who"]): each for each in stage.ask("tags")["tags"]}
    assert rows["Composer", path]["value"] == player and rows["Track", path]["value"] == one
    energy = rows["Energy", path]
    assert (energy["value"], energy["type"], energy["unit"], energy["doc"]) == (0.5, "number", 1, "how much")
    assert "declared as number" in row(stage, path)["denials"][0]
    assert [each["composer"] for each in stage.ask("credits")["credits"] if each["path"] == path] == [player]

    stage.evaluate('jam["moving"].set(density=1)')
    stage.wait_for_notes(other, 5)
    assert eventually(lambda: stage.peak_db(other) > -40)
    assert row(stage, path)["track"] == other
    assert not stage.ask("mute", track=other).get("error")
    assert eventually(lambda: stage.peak_db(other) < -60)
    stage.kill("engine")
    stage.ask("unmute", track=other)
    stage.wait_for_notes(other, 5, within_s=30)
    stage.ask("stop_recording")
    stage.ask("stop", name=path)
    eventually(lambda: row(stage, path)["state"] == "ended")
    assert path not in [each["path"] for each in stage.ask("credits")["credits"]]
    points = stage.ask("history", name=f"{path}:Track")["points"]
    assert [each["fields"]["value"] for each in points] == [one, other, None]
    assert not [each for each in stage.ask("tags")["tags"] if each["who"] == path], "Energy was its own"
    assert [each["fields"]["value"] for each in stage.ask("history", name=f"{path}:Composer")["points"]] == [
        player,
        "Somebody Else",
        None,
    ]


def test_no_generator_moves_into_a_strip_of_the_performers(stage: LivePlayer) -> None:
    """Its ceiling would hold there, and what plays there would fade when it goes."""
    own, other = stage.track(), stage.track()
    stage.evaluate(f'{own} >> s("bd*4")')
    stage.wait_for_notes(own, 4)
    add(stage, "mover", MOVING.replace("WHERE", repr(own)))
    path = run(stage, "mover", track=other)["instance"]
    stage.wait_for_notes(other, 3)
    stage.evaluate('jam["mover"].set(density=1)')
    eventually(lambda: any(own in each["what"] for each in stage.ask("denials", name=path)["denials"]))
    assert row(stage, path)["track"] == other
    stage.wait_for_notes(other, 3)
    stage.evaluate(f"hush({own})")


def test_credits_lie_next_to_a_recording(stage: LivePlayer, tmp_path: Path) -> None:
    track = stage.track()
    add(stage, "credited", CLIENT + "\nwhile True:\n    note('kick', now() + 200)\n    time.sleep(.1)\n")
    path = run(stage, "credited", track=track)["instance"]
    stage.wait_for_notes(track, 3)
    stage.ask("record", path=str(tmp_path / "take.wav"))
    eventually(lambda: stage.engine().get("recording"))
    stage.wait_for_notes(track, 3)
    stage.ask("stop_recording")
    text = eventually(lambda: (file := tmp_path / "take.wav.credits.txt").exists() and file.read_text())
    assert f"on {track}, from 0:00 to the end" in text and path.partition(":")[0] in text


def test_the_schedule_is_set_followed_and_edited(stage: LivePlayer) -> None:
    stage.evaluate('jam.schedule("one 1 -> two\\ntwo 500 -> one")')
    place = eventually(lambda: (found := stage.ask("schedule")).get("place", {}).get("context") == "two" and found)
    since = place["place"]["since"]
    assert place["place"]["next"] == ["one"] and "▶ two" in place["value"]
    stage.evaluate('jam.schedule("two 400 -> three\\nthree 4 -> one", edit=True)')
    eventually(lambda: "three" in (stage.ask("schedule")["place"]["next"] or []))
    found = stage.ask("schedule")
    assert found["place"]["since"] == since and found["place"]["context"] == "two", "an edit moves nobody"
    bad = stage.ask("set_schedule", text="two 4 -> nowhere", edit=True)
    assert "nowhere" in bad["error"]["text"]


def test_players_and_the_way_to_them_are_series(stage: LivePlayer) -> None:
    state = StateLog(str(stage.places.state_socket))
    try:
        players = eventually(lambda: state.latest("state:players"))
        (own,) = players["ids"]  # type: ignore[misc]
        assert players["count"] == 1
        network = eventually(lambda: state.latest(f"state:network:{own}"))
        assert network["rtt_ms"] == 0 and "load" in network
        assert {"device", "rate", "inputs", "outputs"} <= set(state.latest("state:engine:main"))
    finally:
        state.close()


def test_what_is_refused_is_in_the_log_and_a_series(stage: LivePlayer) -> None:
    """By the gateway, the filter of system calls and the engine alike; a flood of it is folded."""
    program = (
        CLIENT
        + r"""
for _ in range(300):
    ask("FLUSHALL")
try:
    os.chroot("/")
except OSError:
    pass
frame(1, [string("/quit") + string(",")])
frame(2, [], 4, b'{"mute": true}', track="d9")
ask("XADD", EVENTS, "*", "v", "9", "data", "x")
print("done", flush=True)
time.sleep(600)
"""
    )
    add(stage, "denied", program)
    path = run(stage, "denied", track=stage.track())["instance"]
    eventually(lambda: "done" in row(stage, path)["lines"], 30)

    def counted() -> dict[str, int]:
        found: dict[str, int] = {}
        for each in stage.ask("denials", name=path)["denials"]:
            found[each["who"]] = found.get(each["who"], 0) + each["count"]
        return found

    found = eventually(lambda: (c := counted()) and {"gateway", "filter", "engine"} <= set(c) and c)
    eventually(lambda: counted()["gateway"] >= 300 and counted()["engine"] >= 3)
    assert found["filter"] >= 1
    refused = row(stage, path)["refused"]
    assert {"gateway", "filter", "engine"} <= {each["who"] for each in refused}
    assert len(stage.ask("denials", name=path)["denials"]) <= 30, "folded"
    logs = "\n".join(file.read_text(errors="replace") for file in stage.places.logs.glob("*.log"))
    for who in ("gateway", "filter", "engine"):
        assert f"refused to {path} by {who}" in logs
    assert "FLUSHALL" in stage.ask("denials", name="denied")["value"]


def test_controls_are_patterned_while_it_plays(stage: LivePlayer) -> None:
    program = (
        CLIENT
        + """
at = "0"
while True:
    for _, rows in ask("XREAD", "BLOCK", 5000, "STREAMS", "state:controls:" + PATH, at) or []:
        for at, fields in rows:
            print(fields[1].decode(), flush=True)
"""
    )
    add(stage, "woven", program)
    track = stage.track()
    path = run(stage, "woven", track=track)["instance"]
    assert not stage.ask("control", name=path, controls={"density": "<.25 .75>*2"}).get("error")
    eventually(lambda: row(stage, path)["lines"].count("0.75") >= 3 and row(stage, path)["lines"].count("0.25") >= 3)
    bad = stage.ask("control", name=path, controls={"density": "<.25"})
    assert bad["error"], "what cannot be read changes nothing"
    stage.kill("generators")
    eventually(lambda: row(stage, path).get("state") == "playing", 30)
    eventually(lambda: row(stage, path)["lines"].count("0.75") >= 2, 30)
    stage.evaluate('jam["woven"].set(density=.1)')
    assert row(stage, path)["controls"] == {"density": 0.1}
    stage.ask("stop", name=path)


def test_a_control_of_a_track_is_set_by_its_name(stage: LivePlayer) -> None:
    add(stage, "named", CLIENT + "\nwhile True:\n    time.sleep(1)\n")
    stage.evaluate('g7 >> jam["named"](density="<.2 .4>")')
    assert eventually(lambda: row(stage, "g7").get("controls", {}).get("density") in (0.2, 0.4))
    stage.evaluate("g7.density = .9")
    assert eventually(lambda: row(stage, "g7")["controls"] == {"density": 0.9})
    stage.evaluate("g7.density = saw.range(0, 1)")
    eventually(lambda: row(stage, "g7")["controls"]["density"] not in (0.9, 0.2, 0.4))
    answer = stage.ask("evaluate", code="g7.density = [1]")
    assert answer["error"]
    stage.evaluate("hush(g7)")


CONDUCTOR = (
    CLIENT
    + r"""
import json
way = json.dumps({"start": "a", "nodes": [{"name": "a", "bars": 8, "tags": {}, "ways": []}]})
while True:
    said = ask("XADD", "schedule:main", "*", "schedule", way, "begin", "0", "seed", "1")
    print("refused" if said.startswith(b"-") else "written", flush=True)
    time.sleep(.2)
"""
)


def test_a_conductor_writes_what_it_was_granted_until_that_is_revoked(stage: LivePlayer) -> None:
    """It passes the gateway as a checked command, and takes effect for what runs."""
    from click.testing import CliRunner

    from marmalade_sc.cli.main import marmalade

    def command(*words: str) -> str:
        done = CliRunner().invoke(marmalade, ["--dir", str(stage.places.root), "generator", *words])
        assert done.exit_code == 0, done.output
        return done.output

    add(stage, "leader", CONDUCTOR, generator_dot_toml=b'name = "leader"\n[needs]\nschedule = "write"\n')
    path = run(stage, "leader", track=stage.track())["instance"]
    player = path.partition(":")[0]

    def last() -> str:
        return str((row(stage, path)["lines"] or [""])[-1])

    eventually(lambda: last() == "refused")
    assert "not granted" in command("grants")
    command("grant", player, "schedule:main")
    eventually(lambda: last() == "written")
    assert "not granted" not in command("grants").replace("other", "")
    eventually(lambda: "a" in stage.ask("schedule").get("schedule", {}).get("start", ""))
    command("revoke", player, "schedule:main")
    eventually(lambda: last() == "refused")
    # The answer to the instance and the row in the log leave the gateway on two ways.
    eventually(lambda: any("schedule:main" in each["what"] for each in stage.ask("denials", name=path)["denials"]))
    stage.ask("stop", name=path)
