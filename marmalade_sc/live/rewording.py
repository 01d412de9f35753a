"""What Python says of calls, members and assignments, in the words of the language: no classes, no `__call__`."""

import inspect
import re
from collections.abc import Mapping
from typing import Final

from marmalade_sc.errors import nearest
from marmalade_sc.live.desk import JamHandle, SceneHandle
from marmalade_sc.live.handles import ClockHandle, TrackHandle
from marmalade_sc.live.hosted import GeneratorCall, GeneratorHandle
from marmalade_sc.patterns.controls import Voice
from marmalade_sc.patterns.language import language

__all__ = ["ELSEWHERE", "reworded"]

_OURS: Final = {"ClockHandle": "clock", "JamHandle": "jam", "SceneHandle": "scene"}
"""Classes of what the user knows by another name."""
_HANDLES: Final[Mapping[str, tuple[type, str]]] = {
    "TrackHandle": (TrackHandle, "d1"),
    "ClockHandle": (ClockHandle, "clock"),
    "JamHandle": (JamHandle, "jam"),
    "SceneHandle": (SceneHandle, "scene"),
}
"""Classes whose methods the user calls, and on what."""
_LESSONS: Final[Mapping[str, str]] = {
    "Tutorial.run": "tutorial.run(1), of another lesson tutorial.run(1, 3)",
    "Tutorial.next": "tutorial.next(); tutorial(3) shows lesson 3",
    "Tutorial.previous": "tutorial.previous(); tutorial(3) shows lesson 3",
}
_FROZEN: Final = "FrozenInstanceError"
_FROZEN_SLOTS: Final = "super(type, obj): obj "
"""What is said when a value that stays as it is gets a member; the latter begins what is said of one with slots."""

_TEMPO: Final = "The tempo is clock.bpm = 120."
_SOUNDS: Final = 'Sounds are played by name: d1 >> s("bd sn").'
_RECORDING: Final = (
    'jam.record("take.wav") begins a recording, F12 does, too. Stems are rendered: save("a"), then in a terminal '
    "marmalade render sets/a.py --stems FOLDER."
)
_MOVING: Final = 'What moves is a text, cutoff="<400 1600>", or a signal, cutoff=sine(16).range(400, 1600).'
ELSEWHERE: Final[Mapping[str, str]] = {
    **dict.fromkeys(("Clock", "bpm", "tempo", "setcps", "setcpm", "cps", "use_bpm"), _TEMPO),
    **dict.fromkeys(("play", "sample", "samples", "buf", "drum"), _SOUNDS),
    **dict.fromkeys(("record", "rec", "start_recording"), _RECORDING),
    **dict.fromkeys(("hat", "hihat", "hats"), 'The hi-hat is hh: d1 >> s("hh*8"), or hh("0*8").'),
    **dict.fromkeys(("verb", "room", "rev_"), "The effect is reverb: d1.fx = reverb(.3)."),
    **dict.fromkeys(("linvar", "var", "expvar", "sinvar"), _MOVING),
    **dict.fromkeys(("Scale", "Root", "use_synth"), 'Instruments have theirs: bass("0 3", scale="minor", root="a2").'),
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
    is_pattern = text.startswith("'Pattern' object has no attribute")
    if kind == _FROZEN or text.startswith(_FROZEN_SLOTS) or is_pattern:
        return _assigned(line, is_pattern)
    if isinstance(error, AttributeError):
        return _member(error)
    if isinstance(error, TypeError):
        return _no_control(text) or _no_argument(text) or _missing(text) or _too_many(text)
    return None


def _member(error: AttributeError) -> tuple[str, str] | None:
    """A member that clock, jam, scene or an instrument do not have."""
    if not error.name:
        return None
    if isinstance(error.obj, Voice):
        name = error.obj.name
        return f"{name} has no {error.name!r}", f"Controls stand behind the notes: {name}(..., {error.name}=...)."
    if isinstance(error.obj, GeneratorCall | GeneratorHandle):
        called = f'jam["{error.obj.name}"]'
        hint = f"It has .transpose(5), and controls where its program has some: {called}(density=.8)."
        return f"{called} is a program that makes its own notes: it has no {error.name!r}", hint
    owner = _OURS.get(type(error.obj).__name__)
    if owner is None:
        return None
    has = [name for name in dir(type(error.obj)) if not name.startswith("_")]
    near = nearest(error.name, has)
    hint = f"Did you mean {owner}.{near}?" if near else f"{owner} has: {', '.join(has)}."
    return f"{owner} has no {error.name!r}", hint


def _assigned(line: str, is_pattern: bool) -> tuple[str, str] | None:
    """`beat.amp = .3`: a pattern stays as it is; `bass.cutoff *= 2`: so does an instrument, but for its defaults."""
    said = re.match(r"\s*(\w+)\.(\w+)\s*[-+*/|]?=(?!=)\s*([^;#]*)", line)
    if said is None:
        return None
    name, control, value = said[1], said[2], said[3].strip() or "..."
    hint = (
        f"Write {name}.set({control}={value})." if is_pattern else f"Write {name}.{control} = {value} in a line alone."
    )
    return f"{name}.{control} cannot be set", hint


def _no_control(text: str) -> tuple[str, str] | None:
    """`s("hh", amp=.1)`: a function of patterns takes no controls, as an instrument does."""
    said = re.fullmatch(r"(\w+)\(\) got an unexpected keyword argument '(\w+)'", text)
    if said is None or said[1] not in language():
        return None
    name, control = _called(said[1]), said[2]
    return f"{name} takes no {control!r}", f"Controls of a pattern are set behind it: {name}(...).set({control}=...)"


def _no_argument(text: str) -> tuple[str, str] | None:
    """`d1.fade(db=0, beats=4)`, `jam.share(b1, tags="acid")`."""
    said = re.fullmatch(r"(\w+)\.(\w+)\(\) got an unexpected keyword argument '(\w+)'", text)
    if said is None or (written := _written(said[1], said[2])) is None:
        return None
    return f"{said[2]} takes no {said[3]!r}", f"It is written {written}."


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
    if (said := _LESSONS.get(f"{owner}.{name}")) is not None:
        return said
    if owner is None:
        entry = language().get(name)
        return None if entry is None else entry.signature.replace("sound(", "s(", 1)
    kind, called = _HANDLES.get(owner, (None, ""))
    found = getattr(kind, name, None)
    if not callable(found):
        return None
    parameters = list(inspect.signature(found).parameters.values())[1:]
    words = [each.name if each.default is each.empty else f"{each.name}={each.default!r}" for each in parameters]
    return f"{called}.{name}({', '.join(words)})"


def _called(name: str) -> str:
    return "s" if name == "sound" else name
