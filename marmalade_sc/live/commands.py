"""Commands from keys and editors as operations, and as code where they must be done again after a crash."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from marmalade_sc.errors import IdError, UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.live.operations import (
    Count,
    DropScene,
    Grid,
    Hush,
    NextScene,
    Nudge,
    Operation,
    Recall,
    Redo,
    SaveScene,
    SetMix,
    Tempo,
    Transport,
    Undo,
)
from marmalade_sc.live.scheduler import Scheduler

__all__ = ["as_code", "operation_of", "scene_name"]

_MIX_FADE_S: Final = 0.3
"""A fader that somebody else moves goes as a hand would."""


def operation_of(message: Mapping[str, object], scheduler: Scheduler) -> Operation:
    """The operation of a command from a key or an editor.

    Raises:
        UsageError: there is no such command, or it lacks something.
    """
    name, track = message.get("name"), message.get("track")
    if track is not None and track not in scheduler.tracks and not message.get("is_hosted"):
        raise UsageError(
            f"There is no track {track!r:.40}", hint=f"There are: {', '.join(scheduler.tracks) or 'none'}."
        )
    if name == "hush":
        return Hush(str(track) if track is not None else None)
    if name == "tempo":
        value = message.get("bpm")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0.1 <= value <= 10_000:
            raise UsageError(f"A tempo of {value!r:.40} bpm cannot be", hint="Give 0.1 to 10,000 beats per minute.")
        return Tempo(float(value), Grid(Fraction(0)) if message.get("now") else Grid())
    if name in ("pause", "play"):
        return Transport(name == "play", _bar(message.get("at")))
    if name == "count":
        return Count()
    if name == "nudge":
        value = message.get("seconds")
        if isinstance(value, bool) or not isinstance(value, int | float) or not -0.5 <= value <= 0.5:
            raise UsageError(f"A nudge of {value!r:.40} s cannot be", hint="Give -0.5 to 0.5 seconds.")
        return Nudge(float(value))
    if name in ("mute", "unmute", "solo", "unsolo") and track is not None:
        key = "solo" if "solo" in str(name) else "mute"
        return SetMix(str(track), {key: not str(name).startswith("un")})
    if name == "mix" and track is not None:
        gain_db, pan = message.get("gain_db"), message.get("pan")
        if not isinstance(gain_db, int | float) or not isinstance(pan, int | float):
            raise UsageError("A mix has a gain and a pan")
        settings = {"gain_db": gain_db, "pan": pan, "fade_s": _MIX_FADE_S}
        return SetMix(str(track), settings, is_shared=message.get("is_shared") is True)
    if name in ("undo", "redo", "back"):
        count = message.get("steps", 1)
        if isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= 1000:
            raise UsageError(f"{count!r:.40} steps cannot be", hint="Give a whole number from 1 to 1000.")
        kind = Redo if name == "redo" else Undo
        return kind(str(track) if track is not None else None, count)
    if name in ("next_scene", "previous_scene"):
        return NextScene(1 if name == "next_scene" else -1)
    if name in ("scene", "save_scene", "drop_scene"):
        called = scene_name(message.get("called"))
        if name == "scene":
            return Recall(called)
        return SaveScene(called) if name == "save_scene" else DropScene(called)
    raise UsageError(f"There is no command {name!r:.40}")


def _bar(at: object) -> Fraction | None:
    """A bar of the future as the protocol writes it. Raises UsageError."""
    if at is None:
        return None
    try:
        if not isinstance(at, str) or len(at) > 40:
            raise ValueError
        return Fraction(at)
    except (ValueError, ZeroDivisionError):
        raise UsageError(f"{at!r:.40} is no bar", hint='Write a whole number or a fraction: "8", "15/2".') from None


def scene_name(name: object) -> str:
    """A scene's name. Raises IdError with what a name may be."""
    if not isinstance(name, str):
        raise IdError(f"A scene cannot be called {name!r:.40}", hint='Write a name: scene.save("a").')
    return check_name(name, "scene")


def as_code(message: Mapping[str, object]) -> str:
    """What a command is as code, for a generation that has to do again what was done.

    "" where the timeline has it, and for the strips of hosted tracks: the user's code need not know their names.
    """
    if message.get("is_hosted"):
        return ""
    name, track, called = message.get("name"), message.get("track"), message.get("called")
    if name in ("hush", "mute", "unmute", "solo", "unsolo"):
        return f"{name}({track or ''})"
    if name in ("undo", "redo", "back"):
        handle = f"{track}." if track else ""
        word, count = ("redo" if name == "redo" else "undo"), int(str(message.get("steps") or 1))
        return f"{handle}{word}(steps={count})"
    if name == "scene":
        return f"scene({called!r})"
    if name in ("save_scene", "drop_scene"):
        return f"scene.{'save' if name == 'save_scene' else 'delete'}({called!r})"
    if name in ("next_scene", "previous_scene"):
        return f"scene.{str(name).partition('_')[0]}()"
    return ""
