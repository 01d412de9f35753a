"""What Python says of calls, members and assignments, in the words of the language: no classes, no `__call__`."""

import inspect
import re
from collections.abc import Mapping
from typing import Final

from marmalade_sc.errors import nearest
from marmalade_sc.live.handles import ClockHandle, TrackHandle
from marmalade_sc.patterns.controls import Voice
from marmalade_sc.patterns.language import language

__all__ = ["ELSEWHERE", "reworded"]

_OURS: Final = {"ClockHandle": "clock", "JamHandle": "jam", "SceneHandle": "scene"}
"""Classes of what the user knows by another name."""
_FROZEN: Final = ("FrozenInstanceError", "super(type, obj): obj must be an instance or subtype of type")
"""What is said when a value that stays as it is gets a member; the latter of one with slots (CPython 3.11)."""

_TEMPO: Final = "The tempo is clock.bpm = 120."
_SOUNDS: Final = 'Sounds are played by name: d1 >> s("bd sn").'
ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Clock", "bpm", "tempo", "setcps", "setcpm", "cps", "use_bpm"), _TEMPO),
    **dict.fromkeys(("play", "sample", "samples", "buf", "drum"), _SOUNDS),
    **dict.fromkeys(("record", "rec", "start_recording"), "F12 begins a recording, and ends it."),
    **dict.fromkeys(("stop", "stop_all", "clear", "silence_all"), "hush() silences all, d1.stop() one track."),
    **dict.fromkeys(("sleep", "live_loop", "again", "swim"), "Patterns go on by themselves; hush(d1) ends one."),
    **dict.fromkeys(("history", "watch"), "It is typed at the prompt, alone on its line."),
    "undo_all": "back(2) takes back two changes.",
    "save_scene": 'scene.save("a") keeps what plays, scene("a") brings it back.',
    "scenes": 'scene.save("a") keeps what plays, scene("a") brings it back.',
}
"""Names that other systems have, or that are keys here: what to write instead."""


def reworded(error: BaseException, line: str) -> tuple[str, str] | None:
    """What to say of a mistake, and what to do; None for one that Python has words enough for.

    Args:
        line: the line of the user's code that led to it.
    """
    text, kind = str(error), type(error).__name__
    if kind in _FROZEN or text in _FROZEN or text.startswith("'Pattern' object has no attribute"):
        return _assigned(line)
    if isinstance(error, AttributeError):
        return _member(error)
    if isinstance(error, TypeError):
        return _no_control(text) or _missing(text) or _too_many(text)
    return None


def _member(error: AttributeError) -> tuple[str, str] | None:
    """A member that clock, jam, scene or an instrument do not have."""
    if not error.name:
        return None
    if isinstance(error.obj, Voice):
        name = error.obj.name
        return f"{name} has no {error.name!r}", f"Controls stand behind the notes: {name}(..., {error.name}=...)."
    owner = _OURS.get(type(error.obj).__name__)
    if owner is None:
        return None
    has = [name for name in dir(type(error.obj)) if not name.startswith("_")]
    near = nearest(error.name, has)
    hint = f"Did you mean {owner}.{near}?" if near else f"{owner} has: {', '.join(has)}."
    return f"{owner} has no {error.name!r}", hint


def _assigned(line: str) -> tuple[str, str] | None:
    """`bass.cutoff = 900`: an instrument, or a pattern, stays as it is."""
    said = re.match(r"\s*(\w+)\.(\w+)\s*[-+*/|]?=[^=]", line)
    if said is None:
        return None
    name, control = said[1], said[2]
    hint = f"Write {name}(..., {control}=...), or .set({control}=...) behind a pattern."
    return f"{name}.{control} cannot be set", hint


def _no_control(text: str) -> tuple[str, str] | None:
    """`s("hh", amp=.1)`: a function of patterns takes no controls, as an instrument does."""
    said = re.fullmatch(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'", text)
    if said is None or said[1] not in language():
        return None
    name, control = _called(said[1]), said[2]
    return f"{name} takes no {control!r}", f"Controls of a pattern are set behind it: {name}(...).set({control}=...)"


def _missing(text: str) -> tuple[str, str] | None:
    """`d1.fade(bars=8)`, `s()`."""
    said = re.fullmatch(r"(?:(\w+)\.)?(\w+)\(\) missing \d+ required [\w -]*arguments?: (.+)", text)
    if said is None or (written := _written(said[1], said[2])) is None:
        return None
    names = re.findall(r"'(\w+)'", said[3])
    return f"{_called(said[2])} needs {' and '.join(names)}", f"It is written {written}."


def _too_many(text: str) -> tuple[str, str] | None:
    """`bass(0, 3, 5)`, `d1.mute(1)`."""
    said = re.fullmatch(r"(?:(\w+)\.)?(\w+)\(\) takes .*positional arguments? but (\d+) (?:was|were) given", text)
    if said is None:
        return None
    if (said[1], said[2]) == ("Voice", "__call__"):
        return (
            f"An instrument takes one melody, not {int(said[3]) - 1}",
            'Write its notes as one text: bass("0 3 5"), bass("[0,3,5]") for a chord.',
        )
    written = _written(said[1], said[2])
    return None if written is None else (f"{_called(said[2])} takes fewer arguments", f"It is written {written}.")


def _written(owner: str | None, name: str) -> str | None:
    """How a function of ours is called: `d1.fade(db, seconds=None)`; None for what is not ours."""
    if owner is None:
        entry = language().get(name)
        return None if entry is None else entry.signature.replace("sound(", "s(", 1)
    kind = {"TrackHandle": TrackHandle, "ClockHandle": ClockHandle}.get(owner)
    found = getattr(kind, name, None)
    if not callable(found):
        return None
    parameters = list(inspect.signature(found).parameters.values())[1:]
    words = [each.name if each.default is each.empty else f"{each.name}={each.default!r}" for each in parameters]
    return f"{'d1' if owner == 'TrackHandle' else 'clock'}.{name}({', '.join(words)})"


def _called(name: str) -> str:
    return "s" if name == "sound" else name
