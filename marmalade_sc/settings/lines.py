"""Where the keys of a TOML text stand, and one of them changed with everything else left as it is."""

import re
import tomllib
from dataclasses import dataclass

from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.table import Value, written

__all__ = ["TomlLine", "key_lines", "with_value"]

_HEADER = re.compile(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(#.*)?$")
_KEY = re.compile(r"""\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")


@dataclass(frozen=True, slots=True)
class TomlLine:
    """A key's line: `number` and `column` count from 1, `length` is that of the key as written."""

    number: int
    column: int
    length: int
    text: str


def key_lines(text: str) -> dict[str, TomlLine]:
    """The line of each dotted key. Keys inside inline tables and multi-line values are not found."""
    found: dict[str, TomlLine] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _dotted(header[1]) + "."
        elif key := _KEY.match(line):
            found.setdefault(table + _dotted(key[1]), TomlLine(number, key.start(1) + 1, len(key[1]), line))
    return found


def with_value(text: str, key: str, value: Value | None) -> str:
    """`text` with `key` (table and name) set to `value`, or taken out where `value` is None; comments stay, on the line
    of a key that is taken out as well.

    Raises:
        SettingsError: the file writes the key in a way that is not a line of its own.
    """
    lines = text.splitlines(keepends=True)
    table, _, name = key.rpartition(".")
    place = key_lines(text).get(key)
    if place is not None:
        old = lines[place.number - 1]
        head = old[: place.column - 1 + place.length]
        comment = _comment(old)
        if value is not None:
            lines[place.number - 1] = f"{head} = {written(value)}{comment}\n"
        else:
            lines[place.number - 1] = f"{comment.strip()}\n" if comment else ""
    elif value is not None:
        header = next((n for n, line in enumerate(lines) if _table_of(line) == table), None)
        if header is None:
            if lines and not lines[-1].endswith("\n"):
                lines[-1] += "\n"
            lines.append(f"{chr(10) if lines else ''}[{table}]\n{name} = {written(value)}\n")
        else:
            lines[header] = lines[header].rstrip("\n") + "\n"
            lines.insert(header + 1, f"{name} = {written(value)}\n")
    changed = "".join(lines)
    if not _says(changed, key, value):
        raise SettingsError(f"{key} cannot be changed in this file.", hint="Edit config.toml by hand.")
    return changed


def _dotted(written_key: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in written_key.split("."))


def _table_of(line: str) -> str | None:
    header = _HEADER.match(line)
    return _dotted(header[1]) if header else None


def _comment(line: str) -> str:
    """The comment behind the value of a line, found by what TOML still reads the same without it."""
    bare = line.rstrip("\r\n")
    try:
        value = tomllib.loads(bare)
    except tomllib.TOMLDecodeError:
        return ""
    for mark in (n for n, c in enumerate(bare) if c == "#"):
        try:
            if tomllib.loads(bare[:mark]) == value:
                return "  " + bare[mark:]
        except tomllib.TOMLDecodeError:
            continue
    return ""


def _says(text: str, key: str, value: Value | None) -> bool:
    try:
        node: object = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    for part in key.split("."):
        node = node.get(part) if isinstance(node, dict) else None
    return node == value and type(node) is type(value)
