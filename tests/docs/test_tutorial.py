"""The tutorial: docs/tutorial.md is made from the lessons, and every line of them runs."""

import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.assist.guide import Guide
from marmalade_sc.assist.lessons import Lesson, lessons, tutorial_page
from marmalade_sc.live.operations import Replace
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.sdk.instruments import Orchestra
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from tests.docs.fences import DOCS
from tests.docs.test_examples import Stage

Everything = tuple[Orchestra, Sequence[Mapping[str, object]]]
PAGE = DOCS / "tutorial.md"


def test_the_page_is_made_from_the_lessons() -> None:
    if os.environ.get("WRITE_GOLDEN"):
        PAGE.write_text(tutorial_page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == tutorial_page()


def _with_files(lesson: Lesson, everything: Everything, folder: Path) -> Everything:
    """What can be played when the files of the lesson were saved."""
    files = [part for part in lesson.parts if part.kind == "file"]
    if not files:
        return everything
    for part in files:
        path = folder / part.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(part.text, encoding="utf-8")
    orchestra, definitions = orchestra_for(Places.find(folder, {}), load(None, {}), folder / "synthdefs")
    return orchestra, definitions.rows


@pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: f"{lesson.number} {lesson.title}")
def test_every_line_of_a_lesson_runs(
    lesson: Lesson, everything: Everything, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line that fails is where a newcomer stops; each lesson stands by itself, for people jump."""
    stage = Stage(_with_files(lesson, everything, tmp_path))
    guide = Guide(stage.session)
    stage.session.extend(guide.names(), guide.asked)
    complaints: list[str] = []
    stage.scheduler.faults.say = complaints.append
    did = False
    for number, example in enumerate(lesson.examples, 1):
        done = stage.evaluate(f"tutorial.run({number}, {lesson.number})")
        did = did or bool(done.operations or done.orders or done.value)
        assert done.value.startswith(example)
        for operation in done.operations:
            if isinstance(operation, Replace) and "silence" not in example:
                assert operation.lane.pattern.onsets(Fraction(0), Fraction(4), operation.lane.seed), example
        stage.play(1)
    capsys.readouterr()
    assert did
    assert complaints == []
    assert stage.dispatcher.counts.late_dropped == 0
    assert dict(stage.dispatcher.counts.reasons) == {}
