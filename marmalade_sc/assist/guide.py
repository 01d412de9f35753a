"""What the user calls in a session: help(), search(), tutorial(), and `every?` at a line's end."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import shorten
from typing import Protocol

from marmalade_sc.assist.document import page_of, question
from marmalade_sc.assist.lessons import Lesson, lessons
from marmalade_sc.assist.page import Page
from marmalade_sc.assist.search import search
from marmalade_sc.assist.words import Words
from marmalade_sc.errors import UsageError, nearest
from marmalade_sc.sdk.instruments import Orchestra

__all__ = ["Example", "Found", "Guide", "InMemory", "Progress", "Stage", "Tutorial"]

_OVERVIEW = """Ask for a page by its name: help("every"), help(bass), or with a question mark: d1? every? bass.cutoff?

  tutorial()          lessons, each with lines to run
  help("notation")    the marks inside texts
  help("tracks")      what a track can do
  help("sounds")      what s("...") may say
  help("controls")    what every instrument takes
  help("effects")     chains of effects
  help("scales")      also help("chords") and help("chance")
  help("pitfalls")    what catches most people
  help("shell")       its keys
  help("settings")    what can be configured
  help("commands")    marmalade on the command line
  search("random")    all pages with a word"""
_SHOWN = 30
_WIDTH = 90
"""Characters of what is said of a page that was found."""


class Stage(Protocol):
    """What a guide needs of the session in which it is used."""

    @property
    def orchestra(self) -> Orchestra: ...

    def bound(self) -> Sequence[Mapping[str, str]]:
        """What the user has bound: name, kind, signature, doc of each."""

    def named(self, value: object) -> str:
        """The name under which the session knows a thing, "" for none."""

    def run_inside(self, code: str, source: str) -> object:
        """Evaluate code as part of the block that is evaluated now; gives the value of its last expression."""


class Progress(Protocol):
    """Which lesson the user is at, from 1; kept while the player does not run."""

    lesson: int


class InMemory:
    """Progress that is not kept."""

    def __init__(self) -> None:
        self.lesson = 1


class Found:
    """Pages that a search found; shown as a list."""

    def __init__(self, text: str, pages: list[Page]) -> None:
        self.text = text
        self.pages = pages

    def __repr__(self) -> str:
        if not self.pages:
            return f"No page has {self.text!r}. help() lists the topics."
        rows = [(page.title, _first_line(page)) for page in self.pages[:_SHOWN]]
        width = max(len(title) for title, _ in rows)
        lines = [f"  {title:<{width}}  {said}" for title, said in rows]
        more = len(self.pages) - len(lines)
        tail = [f"  and {more} more"] if more else []
        return "\n".join([*lines, *tail, "", f'help("{rows[0][0]}") shows the first.'])


def _first_line(page: Page) -> str:
    return shorten((page.doc or page.signature).partition("\n")[0], _WIDTH, placeholder=" ...")


class Example:
    """An example that was run: its code, and what its last expression gave."""

    def __init__(self, code: str, value: object) -> None:
        self.code = code
        self.value = value

    def __repr__(self) -> str:
        is_said = self.value is not None and not hasattr(self.value, "__rshift__")  # a track has nothing to say
        return f"{self.code}\n\n{self.value!r}" if is_said else self.code


class Tutorial:
    """`tutorial()`, `tutorial(3)`, `tutorial.next()`, `tutorial.previous()`, `tutorial.run(1)`."""

    def __init__(self, stage: Stage, progress: Progress) -> None:
        self._stage = stage
        self._progress = progress

    def __call__(self, number: int | None = None) -> Lesson:
        """The lesson where you are, or lesson `number`, where you are then."""
        if number is not None:
            self._progress.lesson = _lesson(number).number
        return self._here()

    def next(self) -> Lesson:
        """The next lesson; the last one again at the end."""
        self._progress.lesson = min(len(lessons()), self._here().number + 1)
        return self._here()

    def previous(self) -> Lesson:
        """The lesson before."""
        self._progress.lesson = max(1, self._here().number - 1)
        return self._here()

    def run(self, number: int, lesson: int | None = None) -> Example:
        """Evaluate example `number` of the lesson where you are, or of another.

        Raises:
            UsageError: there is no such example.
        """
        found = self._here() if lesson is None else _lesson(lesson)
        count = len(found.examples)
        if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= count:
            raise UsageError(f"Lesson {found.number} has no example {number!r:.20}", hint=f"It has 1 to {count}.")
        code = found.examples[number - 1]
        return Example(code, self._stage.run_inside(code, f"lesson {found.number}, example {number}"))

    def __repr__(self) -> str:
        return repr(self._here())

    def _here(self) -> Lesson:
        return lessons()[min(len(lessons()), max(1, self._progress.lesson)) - 1]


class Guide:
    """See the module.

    Args:
        stage: the session.
        progress: of the tutorial.
        settings: gives the rows of `config`; defaults are shown without it.
    """

    def __init__(
        self,
        stage: Stage,
        progress: Progress | None = None,
        settings: Callable[[], Iterable[Mapping[str, object]] | None] | None = None,
    ) -> None:
        self._stage = stage
        self._settings = settings
        self._tutorial = Tutorial(stage, progress or InMemory())

    def names(self) -> dict[str, object]:
        """What is to be bound in the session."""
        return {"help": self.help, "search": self.search, "tutorial": self._tutorial}

    def help(self, thing: object = None) -> Page:
        """The page of a name in quotes, of a thing, or an overview."""
        words = self._words()
        if thing is None:
            return Page("help", "help(name)", _OVERVIEW)
        if isinstance(thing, str):
            return page_of(thing, words) or _missing(str(thing), words)
        name: object = self._stage.named(thing) or getattr(thing, "name", "")
        if not name and (owner := self._stage.named(getattr(thing, "__self__", None))):
            name = f"{owner}.{getattr(thing, '__name__', '')}"
        page = page_of(name, words) if isinstance(name, str) and name else None
        return page or _page_of_value(thing)

    def search(self, text: object) -> Found:
        """All pages that have these words."""
        return Found(str(text), search(str(text), self._words()))

    def asked(self, code: str) -> str:
        """The code that is meant: `every?` is `help("every")`; anything else is itself."""
        name = question(code)
        return code if name is None else f"help({name!r})"

    def _words(self) -> Words:
        settings = self._settings() if self._settings is not None else None
        names = {"names": list(self._stage.bound())}
        return Words.of(orchestra=self._stage.orchestra, names=names, settings=settings)


def _lesson(number: object) -> Lesson:
    count = len(lessons())
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= count:
        raise UsageError(f"There is no lesson {number!r:.20}", hint=f"There are lessons 1 to {count}.")
    return lessons()[number - 1]


def _missing(name: str, words: Words) -> Page:
    near = nearest(name, {page.title for page in words.pages()})
    parts = [f"There is no page called {name!r:.60}."]
    if near:
        parts.append(f'The nearest is help("{near}").')
    if found := search(name, words):
        parts.append("These have the word: " + ", ".join(page.title for page in found[:8]) + ".")
    return Page(name[:60], "", " ".join(parts))


def _page_of_value(value: object) -> Page:
    from marmalade_sc.patterns.pattern import Pattern

    if isinstance(value, Pattern):
        doc = f"A pattern: {value!r}\n\nBehind a dot it can be changed: .fast(2), .every(4, rev) ... Tab lists all."
        return Page("pattern", "track >> pattern", doc)
    doc = inspect.getdoc(value) or "" if callable(value) else ""
    title = getattr(value, "__name__", "") or type(value).__name__
    return Page(str(title), "", f"{doc or repr(value)[:2000]}")
