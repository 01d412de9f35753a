"""Settings for the shells of a player: shown with what they may be, changed with the same checks as on disk."""

from collections.abc import Mapping

from marmalade_sc.errors import SettingsError
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.settings.change import change
from marmalade_sc.settings.load import Settings, load
from marmalade_sc.settings.places import Places
from marmalade_sc.settings.table import SETTINGS, find, written

__all__ = ["configure", "configure_as"]

_LATER = {
    "shell": "The next shell goes by it.",
    "keys": "The next shell goes by it.",
    "render": "The next render goes by it.",
    "tempo": "The next start goes by it; now, write clock.bpm = ... or clock.beats_per_bar = ...",
}
_NEXT_START = "It takes effect when the player is started again."


def configure(places: Places, running: Settings, key: str | None, value: object = None, unset: bool = False) -> Message:
    """The answer to the command `config`: rows of settings, changed first where a value is given.

    Args:
        running: what the player was started with.
        unset: take it out of the file, so that its default counts.

    Raises:
        SettingsError: there is no such setting, or it cannot be that.
    """
    if key is not None:
        find(key)
    said = ""
    changes = unset or value is not None
    if changes:
        if key is None:
            raise SettingsError("Nothing to set", hint='Write config("tempo.bpm", 130).')
        if unset and value is not None:
            raise SettingsError(f"{key} cannot be set and unset", hint=f'Write config("{key}", unset=True).')
        text = str(value).lower() if isinstance(value, bool) else str(value)
        new = change(places.config, key, None if unset else text)
        later = _LATER.get(key.partition(".")[0], _NEXT_START)
        said = f"{key} = {written(new)}{' (default)' if unset else ''}. {later}"
    settings = load(places.config)
    if key is not None and changes and settings[key].value != new:
        said = f"{key} = {written(new)} is written, but {settings[key].origin} goes before the file."
    rows: list[Message] = []
    for name, each in settings:
        if key is None or name == key:
            row: Message = {
                "key": name,
                "value": each.value,
                "origin": each.origin,
                "doc": SETTINGS[name].doc,
                "allowed": SETTINGS[name].allowed,
                "now": running[name].value,
            }
            rows.append(row)
    return {"ok": True, "settings": rows, "value": said or "\n".join(map(_line, rows))}


def configure_as(places: Places, running: Settings, message: Mapping[str, object]) -> Message:
    """`configure` by the fields of a message."""
    key = message.get("key")
    return configure(
        places, running, None if key is None else str(key), message.get("value"), message.get("unset") is True
    )


def _line(row: Message) -> str:
    value, now = written(row["value"]), written(row["now"])  # type: ignore[arg-type]  # values of settings
    waits = "" if value == now else f"  (now {now}, until the player is started again)"
    return f"{row['key']:28} {value:16} {row['origin']}{waits}"
