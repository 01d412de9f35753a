"""The log of evaluations: what was played comes again, note by note, from blocks and where they landed."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.errors import JamError, UsageError
from marmalade_sc.live.commands import as_code, operation_of
from marmalade_sc.player.live.evaluations import Evaluated, EvaluationLog, Evaluations, read_evaluations
from marmalade_sc.player.live.reevaluation import EvaluationPlayer
from marmalade_sc.testing.server import ServerDouble
from tests.live_package.stage import MS, ROWS, START, Stage, orchestra

FADE = 'd1.xfade(2) >> s("hh*8?0.3")'
BLOCKS = (
    'd1 >> s("bd*4")',
    FADE,
    'd2.at("1 beat") >> s("sn(3,8)")',
    "undo()",
    "hush(d1)",
    "clock.ramp(150, bars=2)",
    "clock.nudge(.03)",
    "clock.pause()",
    "clock.play()",
    'scene.save("a")',
    "scene.next()",
    "d1.gain(-6)",
    "d1.mute()",
)
COMMANDS = (
    {"name": "tempo", "bpm": 100.0, "now": True},
    {"name": "undo"},
    {"name": "mute", "track": "d1"},
    {"name": "hush"},
    {"name": "pause"},
    {"name": "play"},
    {"name": "next_scene"},
)


class Logged(Stage):
    """A stage that writes down what is done, as the live host does."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = self.scheduler.timeline
        self.rows: list[Evaluated] = []

    def step(self, what: object) -> None:
        now = self.clock.now()
        try:
            if isinstance(what, dict):
                operations = [operation_of(what, self.scheduler)]
            else:
                operations = list(self.session.evaluate(str(what)).operations)
                self.scheduler.begin(operations, now)
            earliest = self.scheduler.earliest(now, len(operations))
            landings = self.scheduler.carry_out(operations, now, earliest)
        except UsageError:
            return
        command = what if isinstance(what, dict) else None
        self.rows.append(
            Evaluated(
                now,
                str(earliest),
                "" if command else str(what),
                "block",
                command,
                tuple(str(each.cycle) for each in landings),
            )
        )
        self._frame()

    def sounded(self) -> list[tuple[int, str]]:
        return onsets(self.server)


def onsets(server: ServerDouble) -> list[tuple[int, str]]:
    """Time and name of each note."""
    found = [(onset.when, onset.wire) for onset in server.onsets if not onset.wire.startswith("marmalade")]
    return sorted(found)


def replayed(found: Evaluations, start: int, end: int) -> list[tuple[int, str]]:
    player = EvaluationPlayer(orchestra(), found, start)
    voices = VoiceTable(WALL)
    voices.add(
        [
            dict(row, wall=f"{row['name']}.{row['hash']}.w")
            for row in ({**each, "hash": "0123456789ab"} for each in ROWS)
        ]
    )
    dispatcher, server = Dispatcher(voices, Mixer()), ServerDouble()
    server.send(dispatcher.restore(), player.clock.now())
    for now, packets in player.run(dispatcher, end):
        server.send(packets, now)
    server.run_until(end)
    return onsets(server)


STEPS = st.lists(st.tuples(st.floats(0.05, 1.5), st.sampled_from([*BLOCKS, *COMMANDS])), max_size=8)


@given(STEPS)
@example([(0.15, {"name": "tempo", "bpm": 100.0, "now": True}), (1.47, FADE), (0.746, FADE)])  # just before the bar
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_was_played_is_played_again_at_the_same_times(steps: list[tuple[float, object]]) -> None:
    stage = Logged()
    stage.step('d1 >> s("bd*8")\nd2 >> s("hh*4")')
    for seconds, what in steps:
        stage.run(seconds)
        stage.step(what)
    stage.run(3)
    start = START + 77 * UNITS_PER_SECOND
    shift = start - stage.scheduler.timing.settled - stage.scheduler.timing.frame - stage.rows[0].at
    end = stage.clock.now() + shift
    again = replayed(Evaluations(stage.begun, tuple(stage.rows)), start, end)
    # At the end, and within the fade of a hush, a note may have begun in one and not yet in the other.
    fades = [row.at + shift for row in stage.rows if "hush" in f"{row.code} {row.command}"]

    def counts(when: int) -> bool:
        return when < end - 200 * MS and not any(fade <= when < fade + 200 * MS for fade in fades)

    wanted = [(when + shift, wire) for when, wire in stage.sounded() if counts(when + shift)]
    found = [each for each in again if counts(each[0])]
    assert [wire for _, wire in found] == [wire for _, wire in wanted]
    assert all(abs(one[0] - other[0]) <= 2 for one, other in zip(found, wanted, strict=True))


def test_a_block_that_cannot_be_done_again_is_told_and_left_out() -> None:
    stage = Logged()
    stage.step('d1 >> s("bd*4")')
    rows = [stage.rows[0], Evaluated(stage.rows[0].at + MS, None, "1/0", "block 2")]
    said: list[str] = []
    player = EvaluationPlayer(orchestra(), Evaluations(stage.begun, tuple(rows)), START, said.append)
    assert sum(len(frames) for _, frames in player.frames(player.clock.now() + UNITS_PER_SECOND)) > 0
    assert len(said) == 1
    assert "ZeroDivisionError" in said[0]


@pytest.mark.parametrize("code", ["raise KeyboardInterrupt", "raise SystemExit(143)"])
def test_what_ends_the_command_ends_it_while_a_block_is_evaluated(code: str) -> None:
    """Ctrl-C in that moment was told as a mistake of the block, and the replay went on for minutes."""
    stage = Logged()
    stage.step('d1 >> s("bd*4")')
    rows = [stage.rows[0], Evaluated(stage.rows[0].at + MS, None, code, "block 2")]
    player = EvaluationPlayer(orchestra(), Evaluations(stage.begun, tuple(rows)), START)
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        list(player.frames(player.clock.now() + UNITS_PER_SECOND))


def test_a_log_is_read_as_it_was_written_and_a_torn_line_left_out(tmp_path: Path) -> None:
    said: list[str] = []
    stage = Logged()
    stage.step('d1 >> s("bd*4")')
    log = EvaluationLog(tmp_path / "history", 7, said.append)
    log.begin(stage.begun)
    log.begin(stage.begun)  # a process that was started again
    log.note("x = 'ä'", "block 1", {"at": 1 << 40, "cycle": "3/4", "landings": []})
    log.note("", "key", {"at": 1 << 41, "cycle": None, "command": {"name": "pause"}})
    log.end(1 << 42)
    with (tmp_path / "history" / "evaluations-7.jsonl").open("a") as file:
        file.write('{"code": "torn')
    found = read_evaluations(tmp_path / "history")
    assert found.timeline == stage.begun
    assert found.end == 1 << 42
    assert found.rows == (
        Evaluated(1 << 40, "3/4", "x = 'ä'", "block 1"),
        Evaluated(1 << 41, None, "", "key", {"name": "pause"}),
    )
    assert said == []
    player = EvaluationPlayer(orchestra(), found, START)
    assert player.seconds == ((1 << 42) - (1 << 40)) / UNITS_PER_SECOND


def test_old_sessions_go_and_the_last_with_anything_in_it_is_read(tmp_path: Path) -> None:
    stage = Logged()
    for origin in range(20):
        log = EvaluationLog(tmp_path, origin, print)
        log.begin(stage.begun)
        if origin == 18:
            log.note("x", "block 1", {"at": 5, "cycle": "0"})
    assert len(list(tmp_path.iterdir())) <= 17
    assert [row.code for row in read_evaluations(tmp_path).rows] == ["x"]
    with pytest.raises(JamError, match="no log of evaluations"):
        read_evaluations(tmp_path / "nowhere")


def test_a_disk_that_is_full_is_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "history").write_text("in the way")
    log = EvaluationLog(tmp_path / "history", 1, said.append)
    log.begin(Stage().scheduler.timeline)
    for _ in range(3):
        log.note("x", "block", {"at": 1})
    assert len(said) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"name": "undo", "track": "d1"},
        {"name": "undo"},
        {"name": "redo", "steps": 2},
        {"name": "back", "steps": 3},
        {"name": "save_scene", "called": "b"},
        {"name": "scene", "called": "a"},
        {"name": "next_scene"},
        {"name": "previous_scene"},
        {"name": "drop_scene", "called": "a"},
        {"name": "hush"},
        {"name": "mute", "track": "d1"},
    ],
    ids=json.dumps,
)
def test_a_command_and_its_code_ask_the_same(message: dict[str, object]) -> None:
    """After a crash the code is evaluated; what was pressed must come out."""
    stage = Stage()
    for line in ('d1 >> s("bd")', 'd1 >> s("sn")\nscene.save("a")', 'd1 >> s("hh")', "undo()", "undo()"):
        stage.evaluate(line)
    (operation,) = stage.session.evaluate(as_code(message)).operations
    assert operation == operation_of(message, stage.scheduler)
    assert Fraction(1) == getattr(getattr(operation, "grid", None), "cycles", Fraction(1)) or message["name"] == "mute"
