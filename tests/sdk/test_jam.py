"""What a generator's author holds, driven frame by frame under a virtual clock."""

import stat
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.errors import GeneratorError, JamError, UsageError
from marmalade_sc.sdk.offline import Part, Performance, Scene, main, perform

CATALOGUE = Path(__file__).parent.parent / "generators" / "orchestra.json"
HEAD = """#!/usr/bin/env python3
from marmalade_sc.sdk.jam import Jam
from marmalade_sc.sdk.language import note, s
jam = Jam()
"""
Set = tuple[Fraction | int, str, Mapping[str, object]]


def written(folder: Path, code: str, name: str = "one") -> Path:
    path = folder / name
    path.mkdir()
    entry = path / "play"
    entry.write_text(HEAD + code + "\njam.run()\n")
    entry.chmod(entry.stat().st_mode | stat.S_IXUSR)
    return path


def played(folder: Path, code: str, cycles: int = 4, writes: Sequence[Set] = (), seed: int = 1) -> Performance:
    return perform([Part(written(folder, code))], Scene(CATALOGUE, cycles, seed, writes=writes))


def begins(found: Performance, voice: str) -> list[Fraction]:
    return [note.cycle for _, note in found.notes if note.voice == voice]


def test_a_voice_plays_its_pattern_from_the_start(tmp_path: Path) -> None:
    found = played(tmp_path, 'jam.kick >> s("bd*4")', 2)
    assert begins(found, "kick") == [Fraction(n, 4) for n in range(8)]
    assert not found.complaints


def test_what_is_played_early_begins_on_the_bar(tmp_path: Path) -> None:
    """A conductor that speaks an eighth of a bar before is followed on the bar, not one bar later."""
    code = """
@jam.every(bars=1, early=0.125)
def bar():
    jam.tag("Context", "drop" if jam.bar == 2 else "verse")
jam.when("Context == 'drop'", lambda: jam.kick >> s("bd"))
"""
    assert begins(played(tmp_path, code), "kick") == [2, 3]


def test_a_condition_fires_once_for_each_time_that_it_becomes_true(tmp_path: Path) -> None:
    code = 'jam.when("players > 2", lambda: jam.once("bell", s("bell")))'
    writes: list[Set] = [(n, "state:players", {"count": count}) for n, count in enumerate((1, 3, 4, 2, 5))]
    assert [int(each) for each in begins(played(tmp_path, code, 6, writes), "bell")] == [1, 4]


def test_changed_fires_with_each_change(tmp_path: Path) -> None:
    code = 'jam.when("changed(players)", lambda: jam.tag("seen", jam.state["players"]))'
    writes: list[Set] = [(n, "state:players", {"count": count}) for n, count in enumerate((1, 3, 3, 2))]
    found = played(tmp_path, code, 5, writes)
    assert [write.fields["value"] for _, write in found.writes] == [1, 3, 2]


def test_a_wait_is_given_up_in_time(tmp_path: Path) -> None:
    code = """
@jam.every(bars=1)
def bar():
    if jam.bar == 1:
        jam.when("never == 1", lambda: jam.tag("x", 1), timeout=2.0, otherwise=lambda: jam.tag("up", jam.bar))
"""
    assert [write.fields["value"] for _, write in played(tmp_path, code, 4).writes] == [2]


def test_others_see_a_tag_two_frames_later(tmp_path: Path) -> None:
    setter = written(tmp_path, '\n@jam.every(bars=1)\ndef bar(): jam.tag("beat", jam.bar)', "setter")
    reader = written(tmp_path, 'jam.when("changed(beat)", lambda: jam.tag("saw", jam.tags["beat"]))', "reader")
    found = perform([Part(setter), Part(reader)], Scene(CATALOGUE, 2))
    times = {(write.key, write.fields["value"]): write.at_ms for _, write in found.writes}
    assert times["tags:local:reader:1:saw", 1] - times["tags:local:setter:1:beat", 1] == 50


def test_history_tells_values_times_and_who(tmp_path: Path) -> None:
    code = """
@jam.every(bars=1)
def bar():
    jam.tag("beat", jam.bar)
    if jam.bar == 3:
        last = jam.tags.last_change("beat")
        jam.tag("told", f"{jam.tags.at('beat', last.at_ms - 1)} {last.value} {last.who} "
                f"{[each.value for each in jam.tags.range('beat', 0)]} {jam.tags.who('none')}")
"""
    told = [write.fields["value"] for _, write in played(tmp_path, code).writes if write.key.endswith("told")]
    assert told == ["1 2 local:one:1 [0, 1, 2] None"]


def test_a_tag_expires(tmp_path: Path) -> None:
    code = """
jam.tag("Context", "beat", seconds=1)
@jam.every(seconds=0.5)
def look(): jam.tag("seen", str(jam.tags["Context"]))
"""
    found = [write.fields["value"] for _, write in played(tmp_path, code, 2).writes if write.key.endswith("seen")]
    assert found == ["None", "beat", "beat", "None", "None", "None", "None", "None"]


def test_controls_change_while_it_plays_and_notation_reads_them(tmp_path: Path) -> None:
    code = 'jam.controls.setdefault("level", 0.2)\njam.kick >> s("bd*2").set(pan="^level")'
    writes: list[Set] = [(1, "state:controls:local:one:1", {"level": 0.75})]
    found = played(tmp_path, code, 3, writes)
    assert [round(note.controls()["pan"], 3) for _, note in found.notes] == [0.2, 0.2, 0.2, 0.75, 0.75, 0.75]


def test_it_is_told_to_end(tmp_path: Path) -> None:
    code = '@jam.on_ending\ndef end(): jam.tag("left", jam.ending.bars)'
    writes: list[Set] = [(1, "state:ending:local:one:1", {"bars": 2.0, "at": 9000, "why": "it was stopped"})]
    assert [write.fields["value"] for _, write in played(tmp_path, code, 3, writes).writes] == [2.0]


def test_that_it_is_to_end_is_a_condition(tmp_path: Path) -> None:
    code = '@jam.when("ending")\ndef end(): jam.tag("left", 1)'
    writes: list[Set] = [(1, "state:ending:local:one:1", {"bars": 2.0, "at": 9000, "why": "the jam ends"})]
    assert [write.fields["value"] for _, write in played(tmp_path, code, 3, writes).writes] == [1]


def test_a_declared_tag_takes_no_other_values(tmp_path: Path) -> None:
    code = """
jam.declare("Energy", "number", unit="dB")
jam.tag("Energy", 3)
@jam.every(bars=1)
def bad():
    jam.tag("Energy", "high")
"""
    found = played(tmp_path, code, 2, [])
    assert [write.fields for _, write in found.writes] == [{"value": 3, "type": "number", "unit": "dB"}]


def test_a_schedule_is_followed(tmp_path: Path) -> None:
    code = """
jam.schedule.set("intro 2 -> verse\\nverse 1 -> intro", begin=0)
@jam.every(bars=1)
def bar():
    jam.tag("now", f"{jam.schedule.context} {jam.schedule.since} {jam.schedule.next} {jam.schedule.bars_left}")
"""
    found = [write.fields["value"] for _, write in played(tmp_path, code, 4).writes if write.key.endswith("now")]
    assert found[1:] == ["intro 0 ('verse',) 1", "verse 2 ('intro',) 1", "intro 3 ('verse',) 2"]


def test_a_mistake_is_told_and_the_music_goes_on(tmp_path: Path) -> None:
    code = 'jam.a >> s("bd")\njam.b >> s("nothing_such")\n@jam.every(bars=1)\ndef bar(): 1 / 0'
    found = played(tmp_path, code, 2)
    assert begins(found, "a") == [0, 1]
    told = " ".join(text for _, text in found.complaints)
    assert len(found.complaints) == 2 and "nothing_such" in told and "ZeroDivisionError" in told


def test_the_same_seed_gives_the_same_and_another_one_something_else(tmp_path: Path) -> None:
    path = written(tmp_path, 'jam.h >> s("hh*16").degrade()\n@jam.every(bars=1)\ndef b(): jam.tag("r", jam.random())')
    one, again, other = (perform([Part(path)], Scene(CATALOGUE, 4, seed)) for seed in (1, 1, 2))
    assert one.lines() == again.lines() != other.lines()


@pytest.mark.parametrize(
    "code",
    ["jam.every()", "jam.every(bars=0)", "jam.when('import os')", "jam.play('a', 3)", "jam.tag('a b', 1)"],
)
def test_what_cannot_be_is_refused_where_it_is_written(tmp_path: Path, code: str) -> None:
    with pytest.raises(UsageError):
        played(tmp_path, code)


def test_a_program_that_is_no_generator_is_told_apart(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    (path / "play").write_text(HEAD)
    with pytest.raises(GeneratorError, match="ends at once"):
        perform([Part(path)], Scene(CATALOGUE))
    (path / "play").write_text("#!/bin/sh\n")
    with pytest.raises(GeneratorError, match="not written with the SDK"):
        perform([Part(path)], Scene(CATALOGUE))


def test_outside_a_player_it_says_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from marmalade_sc.sdk.jam import Jam

    monkeypatch.delenv("MARMALADE_INSTANCE", raising=False)
    with pytest.raises(JamError, match="marmalade generator run"):
        Jam()


def test_the_command_prints_events_and_tags(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, 'jam.kick >> s("bd")\njam.tag("Context", "beat")')
    assert main([str(path), "--cycles", "1", "--orchestra", str(CATALOGUE)]) == 0
    assert capsys.readouterr().out.split()[1] == "local:one:1:Context"
    assert main([str(path), "--cycles", "1", "--orchestra", str(CATALOGUE), "--json"]) == 0
    assert '"s": "kick"' in capsys.readouterr().out
