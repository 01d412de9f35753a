"""Settings for the shells of a player: shown with what they may be, changed with the same checks as on disk."""

from marmalade_sc.errors import SettingsError
from marmalade_sc.player.control import Message
from marmalade_sc.settings.change import change
from marmalade_sc.settings.load import Settings, load
from marmalade_sc.settings.places import Places
from marmalade_sc.settings.table import SETTINGS, find, written

__all__ = ["configure"]

_LATER = {
    "shell": "The next shell goes by it.",
    "render": "The next render goes by it.",
    "tempo": "The next start goes by it; now, write clock.bpm = ... or clock.beats_per_bar = ...",
}
_NEXT_START = "It takes effect when the player is started again."


def configure(places: Places, running: Settings, key: str | None, value: object) -> Message:
    """The answer to the command `config`: rows of settings, changed first where a value is given.

    Args:
        running: what the player was started with.

    Raises:
        SettingsError: there is no such setting, or it cannot be that.
    """
    if key is not None:
        find(key)
    said = ""
    if value is not None:
        if key is None:
            raise SettingsError("Nothing to set", hint='Write config("tempo.bpm", 130).')
        text = str(value).lower() if isinstance(value, bool) else str(value)
        new = change(places.config, key, text)
        later = _LATER.get(key.partition(".")[0], _NEXT_START)
        said = f"{key} = {written(new)}. {later}"
    settings = load(places.config)
    if key is not None and value is not None and settings[key].value != new:
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


def _line(row: Message) -> str:
    value, now = written(row["value"]), written(row["now"])  # type: ignore[arg-type]  # values of settings
    waits = "" if value == now else f"  (now {now}, until the player is started again)"
    return f"{row['key']:28} {value:16} {row['origin']}{waits}"
