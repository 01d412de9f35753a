"""What users can name is documented, what is documented is there, and links lead somewhere."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import marmalade_sc.errors
from marmalade_sc.cli.main import COMMANDS, marmalade
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.settings.table import SETTINGS
from tests.docs.fences import DOCS, PAGES, ROOT, fences

TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)

_LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")
_FOREIGN = re.compile(r"\b(pypi|crates\.io|npmjs|anaconda)\b|/(?:work|root)/", re.IGNORECASE)


def _without_code(text: str) -> str:
    return re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.DOTALL)


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            assert sub is not None
            if not sub.hidden:
                yield from _commands(sub, (*path, name))


TREE = dict(_commands(marmalade, ("marmalade",)))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for target in _LINK.findall(_without_code(page.read_text(encoding="utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name).resolve() if name else page
        if not path.exists() or (anchor and anchor not in _anchors(path)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    """A page that nothing links to is not read."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in seen or page.suffix != ".md":
            continue
        seen.add(page)
        for target in _LINK.findall(_without_code(page.read_text(encoding="utf-8"))):
            path = (page.parent / target.partition("#")[0]).resolve()
            if path.is_dir():
                waiting += path.glob("*.md")
            elif path.exists():
                waiting.append(path)
    assert sorted(str(page.relative_to(ROOT)) for page in PAGES if page not in seen) == []


def test_pages_name_no_path_of_a_machine_and_no_package_registry() -> None:
    assert _FOREIGN.findall(TEXT) == []


@pytest.mark.parametrize("path", [path for path in TREE if len(path) > 1], ids=" ".join)
def test_a_command_is_documented_with_its_options(path: tuple[str, ...]) -> None:
    assert f"{' '.join(path[-2:])}" in TEXT
    for parameter in TREE[path].params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            option = max(parameter.opts, key=len)
            assert option in TEXT, f"{' '.join(path)} {option} is not in the documentation"


def _lines() -> list[str]:
    found = []
    for page in PAGES:
        for fence in fences(page, "sh"):
            joined = fence.text.replace("\\\n", " ")
            found += [line for line in joined.splitlines() if re.match(r"(\S*/)?marmalade\b", line)]
    return found


@pytest.mark.parametrize("line", _lines())
def test_a_documented_command_line_can_be_given(line: str) -> None:
    """The command exists and has these options: a page is copied from, not read."""
    words = shlex.split(line)[1:]
    path: tuple[str, ...] = ("marmalade",)
    options = {name for parameter in TREE[path].params for name in parameter.opts}
    for word in words:
        if (*path, word) in TREE:
            path = (*path, word)
            options |= {name for parameter in TREE[path].params for name in parameter.opts}
    given = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    assert [word for word in given if word not in options] == []


def test_what_is_planned_and_not_there_is_said_so() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8").split("## What is not there yet")[1].split("\n## ")[0]
    for name in COMMANDS:
        assert (f"`marmalade {name}`" in readme) == (("marmalade", name) not in TREE)


def _errors(kind: type[MarmaladeError] = MarmaladeError) -> Iterator[type[MarmaladeError]]:
    if kind.__module__ == marmalade_sc.errors.__name__:
        yield kind
        for child in kind.__subclasses__():
            yield from _errors(child)


def test_every_error_is_documented_with_its_code_and_no_other() -> None:
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", text, re.MULTILINE))
    assert rows == {(kind.code, kind.__name__) for kind in _errors()}


def test_every_setting_is_documented() -> None:
    text = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert [key for key in SETTINGS if f"| `{key}` |" not in text] == []
