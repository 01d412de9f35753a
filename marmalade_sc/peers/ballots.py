"""What players vote about: one register for each question, whose value is what its writer wants. Pure.

A voice is forgotten after a minute, so that a question is settled or forgotten, and never comes true an hour later.
"""

import json
import math
from typing import Final

from marmalade_sc.errors import IdError, UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.peers.refusals import refused

__all__ = ["LASTS_MS", "TEMPO", "TRANSPORT", "VOTES", "check_question", "read_choice", "written_choice"]

VOTES: Final = "vote-"
"""The register's name begins so; the question follows."""
LASTS_MS: Final = 60_000
TEMPO: Final = "tempo"
TRANSPORT: Final = "transport"
_SLOWEST: Final = 20.0
_FASTEST: Final = 400.0
_LONGEST_QUESTION: Final = 40
_LONGEST_CHOICE: Final = 60
_WAYS: Final = ("pause", "resume")


def check_question(question: str) -> str:
    """A question as it is a part of a register's name. Raises UsageError for what is none."""
    try:
        name = check_name(question, "question")
    except IdError as error:
        raise UsageError(error.message, hint=f'Write vote("{TEMPO}", 132) or vote("encore", "yes").') from None
    if len(name) > _LONGEST_QUESTION:
        raise UsageError(f"The question {name!r:.60} is too long", hint=f"{_LONGEST_QUESTION} letters are allowed.")
    return name


def written_choice(question: str, choice: object) -> bytes:
    """A voice as a register's value: what is the same is written the same.

    Raises:
        UsageError: there is no such choice; it says what can be voted for.
    """
    try:
        return json.dumps(_checked(question, choice)).encode()
    except ValueError as error:
        raise UsageError(f"{question} {choice!r:.40} cannot be voted for", hint=f"Give {error}.") from None


def read_choice(question: str, data: bytes) -> float | str:
    """What a voice is for. Raises PeerError for what cannot be voted for, or is written in another way."""
    try:
        found = _checked(question, json.loads(data))
        if json.dumps(found).encode() != data:
            raise ValueError
    except (ValueError, RecursionError):
        raise refused("malformed", "a voice that cannot be") from None
    return found


def _checked(question: str, choice: object) -> float | str:
    """Raises ValueError with what it must be."""
    if question == TEMPO:
        if isinstance(choice, bool) or not isinstance(choice, int | float) or not math.isfinite(choice):
            raise ValueError("beats per minute")
        if not _SLOWEST <= choice <= _FASTEST:
            raise ValueError(f"{_SLOWEST:g} to {_FASTEST:g} beats per minute")
        return float(choice)
    if question == TRANSPORT and choice not in _WAYS:
        raise ValueError(" or ".join(_WAYS))
    if not isinstance(choice, str) or not 0 < len(choice) <= _LONGEST_CHOICE or not choice.isprintable():
        raise ValueError(f"1 to {_LONGEST_CHOICE} printable characters")
    return choice
