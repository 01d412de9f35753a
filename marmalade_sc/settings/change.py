"""Settings changed: one key of config.toml, with everything else in it as it was."""

import contextlib
from pathlib import Path

from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.lines import with_value
from marmalade_sc.settings.load import read_config
from marmalade_sc.settings.table import Value, find

__all__ = ["change"]


def change(path: Path, key: str, text: str | None) -> Value:
    """Write a setting, given as text, to the file at `path`; None takes it out. Returns what it is then.

    Raises:
        SettingsError: there is no such setting, it cannot be that, or the file cannot be read or written.
    """
    setting = find(key)
    new = None if text is None else setting.parse(text)
    read_config(path)  # a file with a mistake in it is not written over
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
