"""What one step of a notation can be: words, numbers, notes; each kind reads its own atoms."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from marmalade_sc.errors import UsageError, nearest
from marmalade_sc.patterns.chords import Modifier, chord_notes, chord_table
from marmalade_sc.patterns.event import Value
from marmalade_sc.patterns.pitch import NOTE_NAME, Note, note_number

__all__ = ["Kind", "kind_named", "plain_number"]

# Other scripts and symbols count as letters, so samples and controls may be named in any language.
WORD = re.compile(r"(?:[^\W_]|#|[^\x00-\x7f\s])(?:[\w#:.^-]|[^\x00-\x7f\s])*")
NUMBER = re.compile(r"[+-]?(?:\d+(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?(?:%\d+)?")
CHORD_NAME = re.compile(r"[A-Za-z0-9#^+-]+")
MODIFIER = re.compile(r"o+|d\d+|i\d+|i+|\d+")
MAX_DIGITS = 24
MAX_RATIONAL = 10**12  # largest numerator and denominator of a time: keeps exact arithmetic fast
MAX_CHORD_NOTES = 128

Read = Callable[[str, int], tuple[int, Value] | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How the atoms of one kind of pattern are read.

    `read(text, position)` gives the end and the value of the atom there, None when there is none, and raises
    UsageError (without a place) for one that cannot be. `expected` finishes "expected ...". `counts` says whether
    `a .. b` counts, `has_chords` whether `'` makes chords, `signed` whether `-3` is a number.
    """

    name: str
    read: Read
    expected: str
    counts: bool = True
    has_chords: bool = False
    signed: bool = True


def plain_number(text: str) -> Fraction:
    """The exact value of a number as the notation writes it: `1`, `-1.5`, `.5`, `1e3`, `1%4`."""
    if len(text) > MAX_DIGITS:
        raise UsageError(f"the number {text[:12]}... has too many digits; up to {MAX_DIGITS} characters work")
    whole, _, denominator = text.partition("%")
    if denominator:
        if not whole.lstrip("+-").isdigit() or not int(denominator):
            raise UsageError(f"{text} is not a fraction", hint="write two whole numbers: 1%4")
        return Fraction(int(whole), int(denominator))
    _, _, exponent = whole.lower().partition("e")
    if exponent and abs(int(exponent)) > 300:
        raise UsageError(f"the number {text} is out of range", hint="exponents go from -300 to 300")
    return Fraction(whole)


def _runs_on(text: str, position: int) -> bool:
    """Whether a letter or digit follows directly."""
    return position < len(text) and text[position].isalnum()


def _number_text(text: str, position: int, allow_letters: bool = False) -> tuple[int, str] | None:
    found = NUMBER.match(text, position)
    if found is None:
        return None
    end = found.end()
    if not allow_letters and _runs_on(text, end):
        word = text[position:end] + text[end]
        hint = "ratio letters are not read; write 1%8 or 0.125" if text[end] in "whqestfx" else ""
        raise UsageError(f"{word!r} is not a number", hint=hint)
    return end, found.group()


def _read_number(text: str, position: int) -> tuple[int, Value] | None:
    found = _number_text(text, position)
    return None if found is None else (found[0], float(plain_number(found[1])))


def _read_rational(text: str, position: int) -> tuple[int, Value] | None:
    found = _number_text(text, position)
    if found is None:
        return None
    number = plain_number(found[1])
    if max(abs(number.numerator), number.denominator) > MAX_RATIONAL:
        raise UsageError(f"{found[1]} is out of range for a time", hint="use numbers from 1e-12 to 1e12")
    return found[0], number


def _read_integer(text: str, position: int) -> tuple[int, Value] | None:
    found = _read_rational(text, position)
    if found is None:
        return None
    if found[1].denominator != 1:
        raise UsageError(f"{text[position : found[0]]} is not a whole number")
    return found[0], int(found[1])


def _read_note(text: str, position: int) -> tuple[int, Value] | None:
    found = _number_text(text, position, allow_letters=True)
    if found is not None:
        return found[0], Note(plain_number(found[1]))
    start = position + 1 if text[position] in "+-" else position
    name = NOTE_NAME.match(text, start)
    if name is None:
        return None
    if _runs_on(text, name.end()):
        word = re.split(r"\W", text[start:], maxsplit=1)[0]
        raise UsageError(f"{word[:20]!r} is not a note", hint="notes look like c, ef4, fs or a#3")
    number = note_number(name.group()) or 0.0
    return name.end(), Note(-number if text[position] == "-" else number)


def _read_pitch(text: str, position: int) -> tuple[int, Value] | None:
    found = _number_text(text, position, allow_letters=True)
    return _read_note(text, position) if found is None else (found[0], float(plain_number(found[1])))


def _read_word(text: str, position: int) -> tuple[int, Value] | None:
    if text[position] == "." and (found := NUMBER.match(text, position)):
        return found.end(), "0" + found.group()
    found = WORD.match(text, position)
    if found is None or not found.group().isprintable():
        return None
    end = found.end()
    if text[end - 1] == ":" and text[end : end + 1] in ("<", "[", "{"):
        end -= 1  # `a:<1 2>`: the colon joins the word with what the brackets give
    return end, text[position:end]


def _read_auto(text: str, position: int) -> tuple[int, Value] | None:
    found = NUMBER.match(text, position)
    if found is not None and not WORD.match(text, found.end()):
        return found.end(), float(plain_number(found.group()))
    return _read_word(text, position)


def _read_bool(text: str, position: int) -> tuple[int, Value] | None:
    found = _read_word(text, position)
    return None if found is None else (found[0], found[1] not in ("0", "f", "false"))


def _read_chord_name(text: str, position: int) -> tuple[int, Value] | None:
    found = CHORD_NAME.match(text, position)
    if found is None:
        return None
    name = found.group()
    if chord_notes(name) is None:
        near = nearest(name, chord_table())
        raise UsageError(f"there is no chord {name!r}", hint=f"did you mean {near!r}?" if near else "")
    return found.end(), name


def _read_modifier(text: str, position: int) -> tuple[int, Value] | None:
    found = MODIFIER.match(text, position)
    if found is None:
        return None
    word = found.group()
    digits = word.lstrip("id")
    count = int(digits) if digits.isdigit() else len(word)
    if count > MAX_CHORD_NOTES:
        raise UsageError(f"{word}: a chord has at most {MAX_CHORD_NOTES} notes")
    action = {"o": "open", "d": "drop", "i": "invert"}.get(word[0], "range")
    return found.end(), Modifier(action, count)


@lru_cache(maxsize=1)
def _kinds() -> dict[str, Kind]:
    table = (
        Kind("string", _read_word, "a name such as bd", counts=False, signed=False),
        Kind("number", _read_number, "a number"),
        Kind("note", _read_note, "a note such as c, ef4 or 3", has_chords=True),
        Kind("pitch", _read_pitch, "a degree such as 3 or a note such as ef4", has_chords=True),
        Kind("auto", _read_auto, "a number or a name"),
        Kind("bool", _read_bool, "t, f, 1 or 0", counts=False, signed=False),
        Kind("rational", _read_rational, "a number"),
        Kind("integer", _read_integer, "a whole number"),
        Kind("chord name", _read_chord_name, "the name of a chord such as maj7", counts=False, signed=False),
        Kind(
            "chord modifier", _read_modifier, "a chord modifier: i, ii, o, d1 or a number of notes", counts=False,
            signed=False,
        ),
    )  # fmt: skip
    return {kind.name: kind for kind in table}


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises:
        UsageError: when there is none.
    """
    kind = _kinds().get(name)
    if kind is None:
        raise UsageError(f"there is no kind of notation {name!r}", hint="use string, number or note")
    return kind
