"""What the user's code has bound, as editors and completion want to know it: kind, signature, a line of help."""

import inspect
from collections.abc import Mapping
from types import ModuleType

from marmalade_sc.live.handles import Effect, PlacedTrack, TrackHandle
from marmalade_sc.patterns.controls import Voice
from marmalade_sc.patterns.pattern import Pattern

__all__ = ["Bound", "described", "described_anew", "shown"]

Bound = dict[str, str]
"""name, kind, signature, doc."""

_LONGEST = 80


def described(name: str, value: object) -> Bound:
    """One name. Never raises, whatever the value does when it is looked at."""
    try:
        kind, signature, doc = _facts(value)
    except Exception:  # a value of the user's may raise anything when it is looked at
        kind, signature, doc = "value", "", ""
    return {"name": name, "kind": kind, "signature": signature[:_LONGEST], "doc": doc[:400]}


def _facts(value: object) -> tuple[str, str, str]:
    if isinstance(value, TrackHandle):
        return "track", "", ""
    if isinstance(value, Pattern):
        period = value.period
        return "pattern", "", f"repeats every {period} bars" if period else ""
    if isinstance(value, Effect):
        return "effect", "", repr(value)
    if isinstance(value, ModuleType):
        return "module", "", _first_line(value.__doc__)
    if isinstance(value, type):
        return "class", _signature(value), _first_line(value.__doc__)
    if callable(value):
        return "function", _signature(value), _first_line(getattr(value, "__doc__", ""))
    if isinstance(value, bool | int | float | complex | str | bytes | None):
        return "value", type(value).__name__, repr(value)[:_LONGEST]
    return "value", type(value).__name__, ""


def _signature(value: object) -> str:
    try:
        return str(inspect.signature(value)) if callable(value) else ""
    except (TypeError, ValueError):
        return ""


def _first_line(text: object) -> str:
    return text.strip().partition("\n")[0] if isinstance(text, str) else ""


def described_anew(
    names: Mapping[str, object], own: Mapping[str, object], kept: Mapping[str, tuple[int, Bound]]
) -> dict[str, tuple[int, Bound]]:
    """What is bound besides `own` names, by name, with its id; taken from what was kept where it is still the same.

    An instrument under its own name is what it was, also with a default of the user's.
    """
    mine = {
        name: value
        for name, value in names.items()
        if not name.startswith("_")
        and (name not in own or value is not own[name])
        and not (isinstance(value, Voice) and value.name == name)
    }
    return {
        name: kept[name] if name in kept and kept[name][0] == id(value) else (id(value), described(name, value))
        for name, value in mine.items()
    }


def shown(value: object) -> str:
    """The value of a block as the shell says it; nothing for what is said elsewhere."""
    if isinstance(value, TrackHandle | PlacedTrack):
        return ""
    if inspect.ismethod(value) or inspect.isfunction(value):  # `hush` without its brackets does nothing
        name = value.__name__.lstrip("_")
        return f"{name} is a function: {name}() calls it"
    text = repr(value)
    return text if len(text) <= 10_000 else text[:10_000] + " ..."
