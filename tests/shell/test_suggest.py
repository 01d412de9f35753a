"""Completions while typing are quiet where they would be in the way."""

import asyncio
from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.suggest import Suggestions


@pytest.fixture
async def suggestions(tmp_path: Path) -> Suggestions:
    """Those of a player without instruments; they are there."""
    found = Suggestions(ShellOptions.of(load(None, {}), Places.find(tmp_path, {}), {"TERM": "xterm"}))
    assert not offered(found, "hus", False), "nothing until the words are there"
    found.read({"tracks": ["mytrack1"], "names": []})
    for _ in range(1000):
        if offered(found, "hus", False):
            break
        await asyncio.sleep(0.01)
    return found


def offered(suggestions: Suggestions, text: str, typed: bool) -> list[str]:
    event = CompleteEvent(text_inserted=typed, completion_requested=not typed)
    return [each.text for each in suggestions.get_completions(Document(text, len(text)), event)]


async def test_names_are_offered_with_their_documentation(suggestions: Suggestions) -> None:
    event = CompleteEvent(text_inserted=True)
    first = next(iter(suggestions.get_completions(Document("x = 1\nhus", 9), event)))
    assert first.text == "hush" and first.start_position == -3
    assert "ilence" in str(getattr(first, "doc", ""))


@pytest.mark.parametrize("text", ["", "x ", "d1 >> s(", '"bd 2', "hush"])
async def test_nothing_comes_up_by_itself_where_no_word_begins(suggestions: Suggestions, text: str) -> None:
    assert offered(suggestions, text, True) == []


async def test_questions_pages_and_signatures(suggestions: Suggestions) -> None:
    assert suggestions.question("every?") == "every"
    assert suggestions.question("every") == ""
    page = suggestions.page_named("every")
    assert page is not None and page.examples
    assert suggestions.page_at(Document("hush", 2)) is not None
    text = "d1 >> s('bd').every(4, "
    line = "".join(part for _, part in suggestions.signature(Document(text, len(text))))
    assert line.startswith(" every(")
    assert suggestions.signature(Document("x", 1)) == []


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ('chord("A', "Am7"),
        ('chord("<Am7 D', "Dm9"),
        ('b1 >> s("bd", scale="maj', "major"),
        ('b1 >> s("bd").set(scale="minor', "minorPentatonic"),
        ("note(\"c'", "major"),
    ],
)
async def test_texts_are_completed_while_they_are_typed(suggestions: Suggestions, text: str, among: str) -> None:
    """An A alone is a chord, and so nothing came until somebody asked."""
    found = offered(suggestions, text, True)
    assert among in found, found


async def test_what_load_takes_is_offered_from_the_first_quote_on(suggestions: Suggestions, tmp_path: Path) -> None:
    """A new player has no set yet: the bundled one is there, and one that an editor saves is as soon as it is."""
    for text in ('load("', 'load("st', "load('st"):
        assert offered(suggestions, text, True) == ["starter"]
    (tmp_path / "sets").mkdir()
    (tmp_path / "sets" / "stage.py").write_text("x = 1")
    (tmp_path / "sets" / "no name.py").write_text("x = 1")
    (tmp_path / "jams" / "stube").mkdir(parents=True)
    for _ in range(1000):
        if offered(suggestions, 'load("st', True) == ["stage", "starter"]:
            break
        await asyncio.sleep(0.01)
    assert offered(suggestions, 'load("', True) == ["stage", "starter"]
    assert offered(suggestions, 'jam.start("', True) == ["stube"]
    assert offered(suggestions, 's("', True) == []


@pytest.mark.parametrize("text", ['n("0 3', 'b1 >> s("hh*8', 's("bd(3'])
async def test_numbers_are_typed_without_a_menu(suggestions: Suggestions, text: str) -> None:
    assert offered(suggestions, text, True) == []
