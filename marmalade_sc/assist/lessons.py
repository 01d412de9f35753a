"""The lessons of the tutorial: one source, `lessons/*.md`, for the shell and for docs/tutorial.md."""

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from marmalade_sc.assist.page import Page

__all__ = ["Lesson", "Part", "lessons", "tutorial_page"]

_COLUMNS: Final = 78
"""Paragraphs are as wide: the smallest terminal that people have has 80 columns, and breaks of its own look torn."""
_FENCE: Final = re.compile(r"^```([a-z]*)\n(.*?)^```\n?", re.MULTILINE | re.DOTALL)
_FILE: Final = re.compile(r"# (\w+/\w+\.py)\n")
_GOES_ON: Final = re.compile(r"[\s)\]}]|(?:else|elif|except|finally)\b")

_HEAD: Final = """# Tutorial

Short lessons from the first sound to a set that can be rendered. The same lessons are in the shell: `tutorial()` shows
the one where you are, `tutorial.next()` the next, `tutorial.run(1)` runs its first example. Made from
`marmalade_sc/assist/lessons/`; every line runs in a test.

More: [playing.md](playing.md), [language.md](language.md), [notation.md](notation.md), [synthdefs.md](synthdefs.md).
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph ("text"), an example that can be evaluated ("example"), a file to be saved ("file"), or commands for
    a terminal ("terminal"). `name` is of the file."""

    kind: str
    text: str
    name: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Lesson:
    """One lesson: its number from 1, title and parts."""

    number: int
    title: str
    parts: tuple[Part, ...]

    @property
    def examples(self) -> tuple[str, ...]:
        """What can be evaluated, in order."""
        return tuple(part.text for part in self.parts if part.kind == "example")

    def text(self) -> str:
        """The lesson for a terminal, its examples numbered."""
        shown, number = [f"Lesson {self.number} of {len(lessons())}: {self.title}"], 0
        last = ""
        for part in self.parts:
            mark = "    "
            if part.kind == "example":
                number += 1
                mark = f"{number:>2}  "
            body = part.text if part.kind == "text" else _indented(part.text, mark)
            if part.kind == last == "example" and "\n" not in body:
                shown[-1] += "\n" + body
            else:
                shown.append(body)
            last = part.kind
        return "\n\n".join(shown)

    def page(self) -> Page:
        """The lesson as a page of documentation."""
        said = "\n\n".join(part.text for part in self.parts if part.kind == "text")
        return Page(f"lesson {self.number}", f"tutorial({self.number})", f"{self.title}\n\n{said}", self.examples)

    __repr__ = text


@cache
def lessons() -> tuple[Lesson, ...]:
    """All lessons, in order."""
    folder = Path(__file__).parent / "lessons"
    found = []
    for number, path in enumerate(sorted(folder.glob("*.md")), 1):
        title, _, body = path.read_text(encoding="utf-8").partition("\n")
        found.append(Lesson(number, title.removeprefix("# "), tuple(_parts(body))))
    return tuple(found)


def tutorial_page() -> str:
    """The text of docs/tutorial.md."""
    folder = Path(__file__).parent / "lessons"
    parts = [_HEAD]
    for number, path in enumerate(sorted(folder.glob("*.md")), 1):
        title, _, body = path.read_text(encoding="utf-8").partition("\n")
        parts.append(f"## {number}. {title.removeprefix('# ')}\n\n{body.strip()}\n")
    return "\n".join(parts)


def _parts(body: str) -> Iterator[Part]:
    at = 0
    for found in _FENCE.finditer(body):
        yield from _texts(body[at : found.start()])
        at = found.end()
        code = found[2].rstrip("\n")
        if found[1] != "python":
            yield Part("terminal", code)
        elif (file := _FILE.match(found[2])) is not None:
            yield Part("file", found[2][file.end() :], file[1])
        else:
            yield from (Part("example", each) for each in _examples(code))
    yield from _texts(body[at:])


def _texts(body: str) -> Iterator[Part]:
    for paragraph in body.split("\n\n"):
        if words := paragraph.split():
            yield Part("text", textwrap.fill(" ".join(words), _COLUMNS, break_on_hyphens=False))


def _examples(code: str) -> Iterator[str]:
    """Statements of a block: a line that is indented, or ends a bracket, goes with the one before it."""
    lines: list[str] = []
    for line in code.split("\n"):
        if lines and line.strip() and not _GOES_ON.match(line):
            yield "\n".join(lines).rstrip()
            lines = []
        if line.strip() or lines:
            lines.append(line)
    if lines:
        yield "\n".join(lines).rstrip()


def _indented(text: str, first: str) -> str:
    lines = text.rstrip("\n").split("\n")
    return "\n".join([first + lines[0], *("    " + line if line else "" for line in lines[1:])])
