"""`generator.toml`: what a generator is called, needs and asks for, and its controls. Strict: nothing is guessed."""

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import IdError, ManifestError, Where, nearest
from marmalade_sc.ids import check_name

__all__ = ["NAME", "SCHEDULE", "Control", "Manifest", "check_key", "read_manifest"]

NAME: Final = "generator.toml"
SCHEDULE: Final = ("schedule:main",)
"""What `schedule = "write"` asks for."""
_LARGEST: Final = 64 << 10
_MOST: Final = 64
_VERSION: Final = re.compile(r"\d+(\.\d+){0,3}([a-z.+-][A-Za-z0-9.+-]{0,30})?")
_CONTROL: Final = re.compile(r"[a-z][a-z0-9_]{0,31}")
_KEY: Final = re.compile(r"(tags|state|schedule):[A-Za-z0-9+_:-]{1,200}")
_TOML_LINE: Final = re.compile(r"\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True)
class Control:
    """A number that is set while an instance runs."""

    default: float
    low: float
    high: float
    unit: str = ""
    doc: str = ""

    def clamp(self, value: float) -> float:
        """`value` within the range."""
        return min(self.high, max(self.low, value))


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `generator.toml` says.

    Attributes:
        tags: names of the tags that it sets.
        programs: what it runs with, such as python3 or redis-cli; they must be on the player's machine.
        synthdefs: sounds of the player's catalogue that it plays.
        writes: keys of the state, beside its own, that it asks to write; the user grants them.
        keeps_state: whether what it knows outlives a reload of its code.
    """

    name: str
    version: str = "0"
    title: str = ""
    composer: str = ""
    tags: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    synthdefs: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    keeps_state: bool = False
    controls: Mapping[str, Control] = field(default_factory=lambda: MappingProxyType({}))

    def settle(self, given: Mapping[str, float], older: Mapping[str, float] | None = None) -> dict[str, float]:
        """Values of all controls: `given` where it says so, else `older`, else the defaults.

        Raises:
            ManifestError: a control does not exist, or a value is no finite number or not in the control's range. A
                generator without a manifest takes any control.
        """
        found = {name: control.default for name, control in self.controls.items()} | dict(older or {})
        for name, value in given.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise ManifestError(f"{name} cannot be {value!r:.40}", hint="A control is a number.")
            control = self.controls.get(name)
            if control is None and (self.controls or not _CONTROL.fullmatch(name) or len(found) >= _MOST):
                close = nearest(name, self.controls)
                hint = f"Did you mean {close!r}?" if close else f"It has: {', '.join(self.controls) or 'none'}."
                raise ManifestError(f"{self.name} has no control {name!r:.40}", hint=hint)
            if control is not None and not control.low <= value <= control.high:
                unit = f" {control.unit}" if control.unit else ""
                raise ManifestError(
                    f"{name} cannot be {value:g}", hint=f"{self.name} takes {control.low:g} to {control.high:g}{unit}."
                )
            found[name] = float(value)
        return found


def read_manifest(data: bytes, source: str = NAME) -> Manifest:
    """The manifest in the bytes of a file.

    Raises:
        ManifestError: it is not TOML, or says what cannot be; with the line where that is known.
    """
    if len(data) > _LARGEST:
        raise ManifestError(f"{source} has {len(data)} bytes", hint=f"It may have {_LARGEST}.")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ManifestError(f"{source} is not UTF-8 text", hint="Save it as UTF-8.") from error
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = _TOML_LINE.search(str(error))
        last = text.splitlines() or [""]
        line, column = (int(found[1]), int(found[2])) if found else (len(last), len(last[-1]) + 1)
        where = Where(source, line, column, last[line - 1]) if line <= len(last) else None
        raise ManifestError(f"{source} is not TOML: {str(error).partition(' (at')[0]}", where=where) from None
    return _Reader(source, text).manifest(table)


def check_key(value: str) -> str:
    """`value`, if a manifest may ask to write it. Raises IdError."""
    if not _KEY.fullmatch(value):
        raise IdError(f"{value!r:.40} is no key", hint="Write schedule:..., or tags:<player>:<generator>:...")
    return value


class _Reader:
    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self.text = text

    def manifest(self, table: Mapping[str, object]) -> Manifest:
        top = ("name", "version", "title", "composer", "tags", "keeps_state", "needs", "controls")
        self.only(table, top, "")
        if "name" not in table:
            raise ManifestError(f"{self.source} has no name", hint='Write: name = "drums".')
        needs = self.table(table, "needs")
        self.only(needs, ("programs", "synthdefs", "writes", "schedule"), "needs")
        asks = self.line(needs, "schedule")
        if asks not in ("", "write", "read"):
            raise self.wrong("schedule", f"cannot be {asks!r:.40}", 'Write: schedule = "write".')
        writes = self.names(needs, "writes", check_key)
        return Manifest(
            name=self.checked("name", self.line(table, "name"), lambda each: check_name(each, "generator")),
            version=self.matching(table, "version", "0", _VERSION, 'Write numbers with points: version = "1.2".'),
            title=self.line(table, "title"),
            composer=self.line(table, "composer"),
            tags=self.names(table, "tags", lambda each: check_name(each, "tag")),
            programs=self.names(needs, "programs", lambda each: check_name(each, "program")),
            synthdefs=self.names(needs, "synthdefs", self.plain),
            writes=tuple(dict.fromkeys([*writes, *(SCHEDULE if asks == "write" else ())])),
            keeps_state=self.switch(table, "keeps_state"),
            controls=MappingProxyType(self.controls(self.table(table, "controls"))),
        )

    def controls(self, table: Mapping[str, object]) -> dict[str, Control]:
        if len(table) > _MOST:
            raise self.wrong("controls", f"has {len(table)} controls", f"It may have {_MOST}.")
        found = {}
        for name in table:
            if not _CONTROL.fullmatch(name):
                raise self.wrong(name, "cannot name a control", "Use a-z, 0-9 and _, a letter first.")
            row = self.table(table, name)
            self.only(row, ("default", "low", "high", "unit", "doc"), name)
            default, low, high = (self.number(row, each, name) for each in ("default", "low", "high"))
            if not low <= default <= high:
                raise self.wrong(name, f"has the default {default:g} outside {low:g} to {high:g}")
            found[name] = Control(default, low, high, self.line(row, "unit"), self.line(row, "doc"))
        return found

    def only(self, table: Mapping[str, object], known: tuple[str, ...], inside: str) -> None:
        for key in table:
            if key not in known:
                close = nearest(key, known)
                hint = f"Did you mean {close!r}?" if close else f"It may have: {', '.join(known)}."
                raise self.wrong(key, f"is not known{f' in {inside}' if inside else ''}", hint)

    def table(self, table: Mapping[str, object], key: str) -> Mapping[str, object]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            raise self.wrong(key, "is not a table", f"Write: [{key}]")
        return value

    def line(self, table: Mapping[str, object], key: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str) or len(value) > 400 or not all(each.isprintable() for each in value):
            raise self.wrong(key, "is not one line of text")
        return value

    def matching(
        self, table: Mapping[str, object], key: str, otherwise: str, pattern: re.Pattern[str], hint: str
    ) -> str:
        value = self.line(table, key) or otherwise
        if not pattern.fullmatch(value):
            raise self.wrong(key, f"cannot be {value!r:.40}", hint)
        return value

    def switch(self, table: Mapping[str, object], key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self.wrong(key, "is neither true nor false")
        return value

    def number(self, table: Mapping[str, object], key: str, inside: str) -> float:
        value = table.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(key if key in table else inside, f"needs a number {key!r}", f"Write: {key} = 0.5")
        return float(value)

    def names(self, table: Mapping[str, object], key: str, check: Callable[[str], str]) -> tuple[str, ...]:
        value = table.get(key, [])
        if not isinstance(value, list) or len(value) > _MOST or not all(isinstance(each, str) for each in value):
            raise self.wrong(key, "is not a list of names", f'Write: {key} = ["one", "two"], at most {_MOST}.')
        return tuple(dict.fromkeys(self.checked(key, each, check) for each in value))

    def checked(self, key: str, value: str, check: Callable[[str], str]) -> str:
        try:
            return check(value)
        except IdError as error:
            raise self.wrong(key, f"has {value!r:.40}, which may not be", error.hint) from None

    @staticmethod
    def plain(value: str) -> str:
        return check_name(value, "synthdef")

    def wrong(self, key: str, what: str, hint: str = "") -> ManifestError:
        mark = re.compile(rf"^\s*(\[.*)?[\"']?{re.escape(key)}[\"']?\s*(=|\])")
        for number, line in enumerate(self.text.splitlines(), 1):
            if mark.search(line) or re.search(rf"[\[.]{re.escape(key)}\]", line):
                column = line.find(key) + 1
                where = Where(self.source, number, max(1, column), line, len(key))
                return ManifestError(f"{key!r:.60} {what}", where=where, hint=hint)
        return ManifestError(f"{self.source}: {key!r:.60} {what}", hint=hint)
