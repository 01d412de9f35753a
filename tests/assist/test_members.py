"""The tables against what the live host binds; every example of every page runs."""

from collections.abc import Iterator
from fractions import Fraction

import pytest

from marmalade_sc.assist import Page, Words
from marmalade_sc.assist.guide import Guide, Tutorial
from marmalade_sc.assist.members import AT_THE_PROMPT, FUNCTIONS, HANDLES, MEMBERS
from marmalade_sc.assist.topics import COMMANDS, RELATED
from marmalade_sc.cli.main import COMMANDS as COMMAND_LINE
from marmalade_sc.errors import UsageError
from marmalade_sc.live.desk import JamHandle, SceneHandle
from marmalade_sc.live.handles import ClockHandle, TrackHandle
from marmalade_sc.live.session import Session
from marmalade_sc.patterns.language import namespace
from marmalade_sc.player.live.scorename import score_name
from tests.assist.words import NAMES
from tests.live_package.stage import Stage, orchestra

NOT_FOR_PEOPLE = {"name", "begin"}
TO_BE_SET = {"clock": {"beats_per_bar"}}
KINDS = {"track": TrackHandle, "clock": ClockHandle, "jam": JamHandle, "scene": SceneHandle, "tutorial": Tutorial}


def guided() -> Session:
    session = Stage().session
    guide = Guide(session)
    session.extend({**guide.names(), **score_name(session, lambda: Fraction(4))}, guide.asked)
    return session


@pytest.mark.parametrize("kind", MEMBERS)
def test_the_table_of_a_handle_has_all_its_actions_and_no_other(kind: str) -> None:
    """An action that is not in the table is never found by Tab."""
    there = {name for name in vars(KINDS[kind]) if not name.startswith("_")} - NOT_FOR_PEOPLE
    assert {row.name for row in MEMBERS[kind]} == there | TO_BE_SET.get(kind, set())


def test_the_functions_of_a_session_are_all_in_the_table() -> None:
    session = guided()
    ours = {name for name in session.names if not name.startswith("_")}
    ours -= {*namespace(), *orchestra().names(), *orchestra().effects()}
    assert ours == {row.name for row in (*FUNCTIONS, *HANDLES)}


def test_the_commands_are_those_of_the_command_line() -> None:
    assert dict(COMMANDS) == {name: slot.help for name, slot in COMMAND_LINE.items()}


def test_words_that_people_say_are_single_and_small() -> None:
    assert all(word == word.lower() and " " not in word for word in RELATED)


def examples(words: Words) -> Iterator[tuple[Page, str]]:
    for page in words.pages():
        for example in page.examples:
            if not page.title.startswith("lesson") and page.title not in {row.name for row in AT_THE_PROMPT}:
                yield page, example


def test_every_example_of_every_page_can_be_evaluated() -> None:
    """What F1 shows can be inserted and run."""
    words = Words.of(orchestra=orchestra(), names=NAMES)
    stage = Stage()
    guide = Guide(stage.session)
    stage.session.extend({**guide.names(), **score_name(stage.session, lambda: Fraction(4))}, guide.asked)
    for block in (
        'd1 >> s("bd")\nb1 >> bass("0")\nd2 >> s("sn")\nr1 >> silence()\ng1 >> silence()\nd9 >> s("bd")',
        'beat = s("bd")\npluck = keys = pad = bass\ndelay = drive = lpf\nscene.save("verse")\nscene.save("chorus")',
        'd1 >> s("sn")\nb1 >> bass("3")',
        'd1 >> s("sn*2")',
        "undo(d1)",
    ):
        stage.evaluate(block)
    wrong = []
    for page, example in examples(words):
        try:
            stage.session.evaluate(example)
        except UsageError as error:
            wrong.append(f"{page.title}: {example}: {str(error).splitlines()[0]}")
    assert "\n".join(wrong) == ""
