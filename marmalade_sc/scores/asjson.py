"""Scores as JSON values: notes in rows, errors, and the tree of what was written."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Final

from marmalade_sc.errors import UsageError
from marmalade_sc.scores.score import Score

__all__ = ["FIELDS", "error_object", "score_object", "tree_object"]

FIELDS: Final = (
    "part",
    "offset",
    "duration",
    "audible-duration",
    "midi-note",
    "volume",
    "track-volume",
    "panning",
    "midi-channel",
)
"""What the columns of a row of notes are; times in milliseconds."""


def score_object(score: Score) -> dict[str, object]:
    """`parts` (instrument by part), `notes` (rows of FIELDS, by time, part and pitch) and `markers` (ms by name)."""
    ids = {part.number: part.id for part in score.parts}
    return {
        "parts": {part.id: part.instrument.name for part in score.parts},
        "notes": [[ids[note.part], *note[1:9]] for note in score.notes],
        "markers": dict(score.markers),
    }


def error_object(error: UsageError) -> dict[str, object]:
    """`error` (the message) and, where it is known, `line` and `column`."""
    found: dict[str, object] = {"error": error.message}
    if error.where is not None:
        found |= {"line": error.where.line, "column": error.where.column}
    if error.hint:
        found["hint"] = error.hint
    return found


def tree_object(value: object) -> object:
    """A tree as JSON values: each node has `type`, its `line` and `column`, and its fields."""
    if is_dataclass(value) and not isinstance(value, type):
        found: dict[str, object] = {"type": type(value).__name__}
        for field in fields(value):
            inside = getattr(value, field.name)
            if field.name == "at":
                found["line"], found["column"] = inside
            elif field.name != "size":
                found[field.name] = tree_object(inside)
        return found
    if isinstance(value, tuple | list):
        return [tree_object(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): tree_object(item) for key, item in value.items()}
    return value
