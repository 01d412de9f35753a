"""The lessons as they are read."""

import re

from marmalade_sc.assist import page_of
from marmalade_sc.assist.lessons import lessons
from tests.assist.words import words


def test_there_are_about_fourteen_short_ones() -> None:
    found = lessons()
    assert 13 <= len(found) <= 16
    assert [lesson.number for lesson in found] == list(range(1, len(found) + 1))
    for lesson in found:
        assert lesson.title and lesson.examples
        assert len(lesson.text().splitlines()) <= 45, f"lesson {lesson.number} does not fit a screen"
        assert all(len(line) <= 120 for line in lesson.text().splitlines())


def test_examples_are_numbered_in_order() -> None:
    for lesson in lessons():
        numbers = [int(number) for number in re.findall(r"^ ?(\d+)  ", lesson.text(), re.MULTILINE)]
        assert numbers == list(range(1, len(lesson.examples) + 1))


def test_blocks_are_cut_into_statements() -> None:
    examples = lessons()[8].examples
    assert "def wide(p):\n    return p.jux(rev).off(1/8, add(7))" in examples
    for lesson in lessons():
        for example in lesson.examples:
            compile(example, "example", "exec")


def test_every_lesson_has_a_page() -> None:
    page = page_of("lesson 3", words())
    assert page is not None
    assert "Instruments" in page.doc


def test_lessons_fit_into_80_columns() -> None:
    """Lines of 120 were broken once more by the terminal, a word here and there."""
    texts = [part.text for lesson in lessons() for part in lesson.parts if part.kind == "text"]
    assert max(len(line) for text in texts for line in text.split("\n")) <= 78
