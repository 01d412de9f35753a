"""Settings as they are in force: defaults, config.toml, the environment and options, each with its origin."""

import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from marmalade_sc.errors import SettingsError, Where, nearest
from marmalade_sc.settings.lines import TomlLine, key_lines
from marmalade_sc.settings.table import PREFIX, SETTINGS, Value, find, suggestion

__all__ = ["RESERVED", "Effective", "Settings", "load", "read_config", "survey"]

RESERVED = frozenset(
    PREFIX + name for name in ("DIR", "GOLDEN", "JAM_ORIGIN", "LIFELINE_FD", "PLUGINS", "READY_FD", "SHARED", "SOUND")
)
"""Variables with our prefix that are no settings; `MARMALADE_DIR` is the player directory."""


@dataclass(frozen=True, slots=True)
class Effective:
    """A value in force and where it came from, in words: `default`, `config.toml line 3`, a variable or an option."""

    value: Value
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, each with the value in force. Every key of the table is there."""

    values: Mapping[str, Effective]

    def __getitem__(self, key: str) -> Effective:
        find(key)
        return self.values[key]

    def __iter__(self) -> Iterator[tuple[str, Effective]]:
        return iter(self.values.items())

    def text(self, key: str) -> str:
        """A setting that is text, a choice or a path. Raises SettingsError for an unknown key."""
        return str(self._typed(key, str))

    def integer(self, key: str) -> int:
        """A setting that is a whole number. Raises SettingsError for an unknown key."""
        return int(self._typed(key, int))

    def number(self, key: str) -> float:
        """A setting that is a number. Raises SettingsError for an unknown key."""
        return float(self._typed(key, float, int))

    def switch(self, key: str) -> bool:
        """A setting that is on or off. Raises SettingsError for an unknown key."""
        return bool(self._typed(key, bool))

    def path(self, key: str, otherwise: Path) -> Path:
        """A setting that is a path, `~` resolved; `otherwise` where it is empty."""
        text = self.text(key)
        return Path(text).expanduser() if text else otherwise

    def _typed(self, key: str, *kinds: type) -> Value:
        value = self[key].value
        if type(value) not in kinds:
            raise TypeError(f"{key} is {type(value).__name__}, asked for as {kinds[0].__name__}")
        return value


def load(
    config: Path | None = None,
    env: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> Settings:
    """The settings in force: defaults < `config` < `env` < `options`.

    Args:
        config: config.toml; one that does not exist is an empty one.
        env: the environment; only `MARMALADE_*` is read.
        options: key to text, as given on the command line.

    Raises:
        SettingsError: an unknown key or a wrong value; the message names the place and the nearest valid key.
    """
    settings, mistakes = survey(config, env, options)
    if mistakes:
        raise mistakes[0]
    return settings


def survey(
    config: Path | None = None,
    env: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
) -> tuple[Settings, list[SettingsError]]:
    """As `load`, for who looks for mistakes: the settings without what is wrong, and everything that is wrong."""
    values = {key: Effective(setting.default, "default") for key, setting in SETTINGS.items()}
    mistakes: list[SettingsError] = []
    for source in (
        _from_config(config) if config is not None else (),
        _from_env(os.environ if env is None else env),
        _from_options(options or {}),
    ):
        for key, found in source:
            if isinstance(found, SettingsError):
                mistakes.append(found)
            else:
                values[key] = found
    return Settings(MappingProxyType(values)), mistakes


_Found = Iterator[tuple[str, Effective | SettingsError]]
"""Keys with their value, or with what is wrong with it."""


def read_config(path: Path) -> dict[str, Effective]:
    """What config.toml sets.

    Raises:
        SettingsError: it cannot be read, is not TOML, or has an unknown key or a wrong value; with file and line.
    """
    values: dict[str, Effective] = {}
    for key, found in _from_config(path):
        if isinstance(found, SettingsError):
            raise found
        values[key] = found
    return values


def _from_config(path: Path) -> _Found:
    try:
        tree, lines = _toml(path)
    except SettingsError as error:
        yield "", error
        return
    for key, value in _leaves(tree):
        try:
            yield key, _checked(path, key, value, lines.get(key))
        except SettingsError as error:
            yield key, error


def _toml(path: Path) -> tuple[dict[str, object], Mapping[str, TomlLine]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return {}, {}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}", hint="Its settings must be UTF-8 text.") from error
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    return tree, key_lines(text)


def _checked(path: Path, key: str, value: object, line: TomlLine | None) -> Effective:
    where = None
    if line is not None:
        where = Where(str(path), line.number, line.column, line.text, line.length)
    setting = SETTINGS.get(key)
    if setting is None:
        raise SettingsError(f"There is no setting {key!r:.80}", where=where, hint=suggestion(key))
    try:
        checked = setting.check(value)
    except SettingsError as error:
        raise SettingsError(error.message, where=where, hint=error.hint) from None
    return Effective(checked, f"{path.name} line {line.number}" if line else path.name)


def _leaves(tree: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in tree.items():
        key = prefix + name
        if isinstance(value, dict) and (value or key in SETTINGS):
            yield from _leaves(value, key + ".")
        elif not isinstance(value, dict):
            yield key, value


def _from_env(env: Mapping[str, str]) -> _Found:
    known = {setting.env: setting for setting in SETTINGS.values()}
    for name in sorted(env):
        if not name.startswith(PREFIX) or name in RESERVED:
            continue
        if name not in known:
            close = nearest(name, known)
            hint = f"Did you mean {close}?" if close else "`marmalade config show` lists all settings."
            yield "", SettingsError(f"The environment sets {name}, which is no setting.", hint=hint)
            continue
        try:
            yield known[name].key, Effective(known[name].parse(env[name]), f"variable {name}")
        except SettingsError as error:
            yield known[name].key, SettingsError(f"The variable {name}: {error.message}", hint=error.hint)


def _from_options(options: Mapping[str, str]) -> _Found:
    for key, text in options.items():
        try:
            yield key, Effective(find(key).parse(text), "option --set")
        except SettingsError as error:
            yield key, error
