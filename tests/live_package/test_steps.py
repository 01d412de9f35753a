"""Steps: told once for each note, before it is due, with where in the block it stands."""

import json
from fractions import Fraction
from typing import Any

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.live.steps import steps_line
from tests.live_package.stage import START, Stage


def steps_of(stage: Stage) -> list[Any]:
    assert stage.scheduler.steps is not None
    line = steps_line(stage.scheduler.steps)
    assert line.endswith(b"\n")
    return list(json.loads(line)["steps"])


def watched(code: str, seconds: float = 4.0) -> tuple[Stage, list[Any]]:
    stage = Stage()
    stage.scheduler.steps = []
    done = stage.session.evaluate(code, "set.py")
    stage.do(*done.operations)
    stage.run(seconds)
    return stage, steps_of(stage)


def test_each_note_is_a_step_with_its_time_and_place() -> None:
    stage, steps = watched('d1 >> s("bd ~ sn ~, hh*2")')
    first = [each for each in steps if each[0] < stage.scheduler.timeline.timetag(Fraction(1))]
    assert [(each[0] - START, each[4]) for each in sorted(first, key=lambda each: (each[0], str(each[4])))] == [
        (0, [["set.py", 1, 10, 2]]),
        (0, [["set.py", 1, 21, 2]]),
        (UNITS_PER_SECOND, [["set.py", 1, 15, 2]]),
        (UNITS_PER_SECOND, [["set.py", 1, 21, 2]]),
    ]
    sounded = [onset.when for onset in stage.server.onsets if not onset.wire.startswith("marmalade")]
    assert sorted(each[0] for each in steps)[: len(sounded)] == sorted(sounded)


def test_steps_have_pitch_and_length() -> None:
    _, steps = watched('b1 >> bass("a5 e5", dur=.5)')
    assert [(each[1], each[2], each[3]) for each in steps[:2]] == [
        ("b1", UNITS_PER_SECOND // 2, 69.0),
        ("b1", UNITS_PER_SECOND // 2, 64.0),
    ]


def test_a_text_of_several_lines_is_followed() -> None:
    _, steps = watched('d1 >> s("""bd\n  sn\n hh""")')
    assert {tuple(place) for each in steps for place in each[4]} >= {
        ("set.py", 1, 12, 2),
        ("set.py", 2, 3, 2),
    }


def test_nothing_is_made_while_nobody_watches() -> None:
    stage = Stage()
    stage.evaluate('d1 >> s("bd*16")')
    stage.run(2)
    assert stage.scheduler.steps is None
    assert all(not note.told for notes in stage.scheduler.tracks["d1"].lane._cycles.values() for note in notes)  # type: ignore[union-attr]


def test_a_flood_is_bounded() -> None:
    stage = Stage()
    stage.scheduler.steps = []
    for number in range(40):
        done = stage.session.evaluate(f'd{number} >> s("hh*512")')
        stage.do(*done.operations)
    stage.run(3)
    assert len(steps_of(stage)) <= 2000
