"""Documentation at the cursor, by name, and by a question mark at a line's end. Pure, never raises."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from marmalade_sc.assist.complete import keywords
from marmalade_sc.assist.fuzzy import fitting
from marmalade_sc.assist.owners import Owner, callee, owner
from marmalade_sc.assist.page import Page, Word
from marmalade_sc.assist.scan import Place, read, tokens_of
from marmalade_sc.assist.texts import role_of, step_before, text_word

if TYPE_CHECKING:
    from marmalade_sc.assist.words import Words

__all__ = ["Signature", "document", "page_of", "question", "signature_at"]

_QUESTION: Final = re.compile(r"(?:.*[^\w.]\.?)?([^\W\d][\w.]*)\s*\?")
_ABOUT_A_MARK: Final = re.compile(r"([~*/!@?|:%^',_]|<>|< >|\[\]|\[ \]|\{\}|\{ \}|\(\)|\( \))\s*\?")
_MARKS: Final = {"[": "[ ]", "]": "[ ]", "<": "< >", ">": "< >", "{": "{ }", "}": "{ }", "(": "( )", ")": "( )"}
_BEGUN: Final = 3
"""Letters from which on a name that is only begun is explained."""
_SINGLE: Final = frozenset("~*/!@?|:%^',_")


@dataclass(frozen=True, slots=True)
class Signature:
    """The call that the cursor is in.

    Attributes:
        text: how it is written, `every(cycles, change)`.
        start, end: the part of `text` that is the argument of the cursor; equal where that is not known.
        doc: of the argument when it is a control, else of the call; one line.
    """

    text: str
    start: int
    end: int
    doc: str

    def to_json(self) -> dict[str, object]:
        """As the control protocol carries it."""
        return {"text": self.text, "start": self.start, "end": self.end, "doc": self.doc}


def document(code: str, position: int, words: "Words") -> Page | None:
    """The page of what stands at the cursor; of the call around it where that has none; else None."""
    place = read(code, position)
    if place.is_comment:
        return None
    if place.text is not None:
        found = _in_text(place, words)
    else:
        found = _in_code(place, words)
    return found or _around(place, words)


def page_of(name: str, words: "Words") -> Page | None:
    """The page of a name as people say it: "every", "d1.fade", "clock.bpm", "bass.cutoff", "minor", "*"."""
    name = name.strip()
    name = {"<>": "< >", "[]": "[ ]", "{}": "{ }", "()": "( )"}.get(name, name)
    if not name:
        return None
    word = words.top.get(name)
    if word is not None:
        return word.page
    head, _, tail = name.rpartition(".")
    if head:
        found = _member(head, tail, words)
        if found is not None:
            return found
    pages = list(words.pages())
    for fits in (_is, _is_lower, _is_member):
        for page in pages:
            if fits(page.title, name):
                return page
    return None


def question(code: str) -> str | None:
    """What a line asks about: "every" for `every?` or `d1 >> s("bd").every?`; None when it is no question."""
    line = code.strip()
    if "\n" in line or not line.endswith("?"):
        return None
    found = _QUESTION.fullmatch(line) or _ABOUT_A_MARK.fullmatch(line)
    if found is None or any(token.kind == "comment" for token in tokens_of(line)):
        return None
    place = read(line, len(line))
    return found[1].rstrip(".") if place.text is None else None


def signature_at(code: str, position: int, words: "Words") -> Signature | None:
    """The innermost call around the cursor, with the argument that the cursor is in; None outside of all calls."""
    place = read(code, position)
    if place.is_comment:
        return None
    for call in reversed(place.calls):
        name, above = callee(place.tokens, call.index, words)
        page = _callee_page(name, above, words) if call.bracket == "(" and name else None
        if page is None or "(" not in page.signature:
            continue
        if call.keyword:
            control = next((word for word in keywords(name, above, words) if word.name == call.keyword), None)
            doc = control.meta if control is not None else ""
            text = f"{name}({call.keyword}=)"
            return Signature(text, len(name) + 1, len(text) - 2, doc)
        start, end = _parameter(page.signature, call.argument)
        return Signature(page.signature, start, end, page.doc.partition("\n")[0])
    return None


def _in_code(place: Place, words: "Words") -> Page | None:
    name = place.name + place.rest
    if not name:
        return None
    if place.is_member:
        above = owner(place.tokens, len(place.tokens) - 2, words)
        members = words.members.get(above.kind, ())
        return _word_page(above, name, words) or _begun(name, place, members)
    call = place.calls[-1] if place.calls else None
    if call is not None and call.bracket == "(":
        called, above_call = callee(place.tokens, call.index, words)
        control = next((word for word in keywords(called, above_call, words) if word.name == name), None)
        if control is not None and (name not in words.top or place.mark_behind == "="):
            return control.page
    return words.top[name].page if name in words.top else _begun(name, place, words.top.values())


def _begun(name: str, place: Place, words: Iterable[Word]) -> Page | None:
    """The page of the first name that begins so, while it is being typed."""
    if place.rest or len(name) < _BEGUN:
        return None
    found = fitting(name, words)
    return found[0].page if found and found[0].name.startswith(name) else None


def _in_text(place: Place, words: "Words") -> Page | None:
    text = place.text
    assert text is not None
    role = role_of(place, words)
    step = text_word(text)
    if step and role in ("sound", "number", "pitch", "note", "scale", "symbol", "rhythm"):
        found = _step_page(role, step, words)
        if found is not None:
            return found
    elif role in ("setting", "page", "voice"):
        return page_of(text.content, words)
    near = text.content[len(text.before) : len(text.before) + 1] if not step_before(text.before) else ""
    for mark in (near, text.before[-1:]):
        if mark in _MARKS or mark in _SINGLE:
            return page_of(_MARKS.get(mark, mark), words)
    return None


def _step_page(role: str, step: str, words: "Words") -> Page | None:
    if role == "sound":
        name = step.partition(":")[0]
        return next((word.page for word in words.sounds if word.name == name), None)
    if role == "scale":
        return next((word.page for word in words.scales if word.name == step.rpartition(":")[2]), None)
    if "'" in step or role == "symbol":
        name = step.split("'")[1] if "'" in step else step
        tails = (name, name[1:], name[2:])
        return next((word.page for tail in tails for word in words.chords if word.name == tail), None)
    return next((word.page for word in words.notes if word.name == step), None)


def _around(place: Place, words: "Words") -> Page | None:
    for call in reversed(place.calls):
        name, above = callee(place.tokens, call.index, words)
        if name and (found := _callee_page(name, above, words)) is not None:
            return found
    return None


def _callee_page(name: str, above: Owner | None, words: "Words") -> Page | None:
    return page_of(name, words) if above is None else _word_page(above, name, words)


def _word_page(above: Owner, name: str, words: "Words") -> Page | None:
    kinds: Iterable[str] = (above.kind,) if above.kind in words.members else words.members
    for kind in kinds:
        for word in words.members[kind]:
            if word.name == name:
                return word.page
    return None


def _member(head: str, tail: str, words: "Words") -> Page | None:
    """`d1.fade`, `p.fast`, `bass.cutoff`, `bass.amp`."""
    if head in words.controls:
        return next((word.page for word in words.voice_controls((head,)) if word.name == tail), None)
    kind = "pattern" if head == "p" else words.kind_of(head.partition("(")[0].partition(".")[0])
    return next((word.page for word in words.members.get(kind, ()) if word.name == tail), None)


def _parameter(signature: str, argument: int) -> tuple[int, int]:
    """Where the parameter stands in the signature; the last one where it takes any number."""
    start = signature.index("(") + 1
    end = signature.rindex(")")
    parts = signature[start:end].split(",")
    at = min(argument, len(parts) - 1) if any("*" in part for part in parts) else argument
    if at >= len(parts):
        return end, end
    begin = start + sum(len(part) + 1 for part in parts[:at])
    part = parts[at]
    begin += len(part) - len(part.lstrip())
    return begin, begin + len(part.strip())


def _is(title: str, name: str) -> bool:
    return title == name


def _is_lower(title: str, name: str) -> bool:
    return title.lower() == name.lower()


def _is_member(title: str, name: str) -> bool:
    return title.rpartition(".")[2] == name and title != name
