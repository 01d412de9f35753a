"""Settings changed: one key of config.toml, with everything else in it as it was."""

import contextlib
import re
from pathlib import Path

from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.keymap import read_keys
from marmalade_sc.settings.lines import with_value
from marmalade_sc.settings.load import read_config
from marmalade_sc.settings.table import Value, find

__all__ = ["change"]

_KEYS = "keys."


def change(path: Path, key: str, text: str | None) -> Value:
    """Write a setting, given as text, to the file at `path`; None takes it out. Returns what it is then.

    Raises:
        SettingsError: there is no such setting, it cannot be that, or the file cannot be read or written.
    """
    setting = find(key)
    new = None if text is None else setting.parse(text)
    written = read_config(path)  # a file with a mistake in it is not written over
    if key.startswith(_KEYS):
        texts = {name: str(each.value) for name, each in written.items()}
        _check_keys({**texts, key: str(setting.default if new is None else new)}, key)
    aside = path.with_name(path.name + ".part")
    try:
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside.write_text(with_value(old, key, new), encoding="utf-8")
        if path.exists():
            aside.chmod(path.stat().st_mode & 0o777)
        aside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink()
        raise SettingsError(
            f"{path} cannot be written: {error.strerror}", hint="Make room or choose another --dir."
        ) from error
    return setting.default if new is None else new


def _check_keys(texts: dict[str, str], key: str) -> None:
    """Raise SettingsError where this key would keep the next shell from opening; what was wrong before may wait."""
    try:
        read_keys({name.removeprefix(_KEYS): text for name, text in texts.items() if name.startswith(_KEYS)})
    except SettingsError as error:
        if re.search(rf"\b{re.escape(key)}\b", error.message):
            raise
