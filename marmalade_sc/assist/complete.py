"""Completion: what may be written where the cursor stands. Pure, tolerant of unfinished code, never raises."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from marmalade_sc.assist.fuzzy import fitting
from marmalade_sc.assist.owners import Owner, callee, owner
from marmalade_sc.assist.page import Completion, Page, Word
from marmalade_sc.assist.scan import Call, Place, read
from marmalade_sc.assist.texts import in_text
from marmalade_sc.assist.topics import PYTHON

if TYPE_CHECKING:
    from marmalade_sc.assist.words import Words

__all__ = ["complete"]

_TAKE_CHANGES: Final = frozenset(
    {"every", "sometimes", "often", "rarely", "always", "never", "off", "superimpose", "jux"}
)
_TAKE_TRACKS: Final = frozenset({"mute", "unmute", "solo", "unsolo", "hush", "undo", "redo", "group"})
_PLAYED: Final = frozenset({"pattern", "function"})
"""Kinds of the user's own names that may stand behind `d1 >>`; not a module that was imported, nor a number."""
_QUOTED: Final = frozenset({"scale", "root", "s", "sound", "at", "chord"})


def complete(code: str, position: int, words: "Words") -> tuple[int, list[Completion]]:
    """What may stand at the cursor, best first.

    Args:
        code: all of it, finished or not.
        position: of the cursor, in characters from 0; brought into the code where it is outside.

    Returns:
        Where the part begins that a completion replaces (up to the cursor), and the completions.
    """
    place = read(code, position)
    if place.is_comment:
        return place.position, []
    if place.text is not None:
        start, found = in_text(place, words)
    elif place.name[:1].isdigit():
        return place.position, []
    elif place.is_member:
        above = owner(place.tokens, len(place.tokens) - 2, words)
        start, found = place.start, fitting(place.name, _members(above, words))
    else:
        start, found = place.start, fitting(place.name, _candidates(place, words))
    return start, [Completion(word.written, word.kind, word.meta, word.page.text()) for word in found]


def _members(above: Owner, words: "Words") -> Iterable[Word]:
    """What may stand behind a dot; behind an instrument its controls, to be set: `bass.cutoff = `."""
    if above.kind in ("voice", "bank"):
        controls = words.voice_controls(above.voices)
        return (Word(each.name, each.kind, each.meta, each.page, f"{each.name} = ") for each in controls)
    return words.members.get(above.kind, ())


def _candidates(place: Place, words: "Words") -> Iterable[Word]:
    """Words for a place in code that is behind no dot: the special ones of the place first."""
    if _takes_effect(place):
        yield from words.effects
        return
    call = place.calls[-1] if place.calls else None
    if call is not None and call.bracket == "(":
        name, above = callee(place.tokens, call.index, words)
        if call.keyword:
            yield from _values(call, name, words)
        else:
            yield from _arguments(call, name, above, words)
    is_right = bool(place.tokens) and place.tokens[-1].text == ">>"
    is_played = call is not None or is_right  # what makes a sound first
    yield from (word for word in words.mine if not is_right or word.kind in _PLAYED)
    if not is_right:
        yield from words.tracks
    if not is_played:
        yield from words.functions
    yield from words.language
    yield from words.voices
    if is_played:
        yield from words.functions
    if is_right:
        yield from (word for word in words.mine if word.kind not in _PLAYED)
        yield from words.tracks
    yield from words.effects
    yield from (Word(name, "python", "Python", Page(name, "", "A word of Python.")) for name in PYTHON)


def _takes_effect(place: Place) -> bool:
    """Behind `d1.fx =`, and behind a `|` in such a line."""
    texts = [token.text for token in place.tokens[-60:]]
    if "\n" in texts:
        texts = texts[len(texts) - texts[::-1].index("\n") :]
    return texts[-1:] in (["="], ["|"]) and not place.calls and texts[1:4] == [".", "fx", "="]


def _arguments(call: Call, name: str, above: Owner | None, words: "Words") -> Iterable[Word]:
    """What the call takes: changes, tracks, controls by name; those that are given already come last."""
    if name in _TAKE_CHANGES and (above is None or above.kind == "pattern"):
        yield from (word for word in words.language if word.kind == "transform")
    if name in _TAKE_TRACKS or (above is not None and above.kind == "track" and name == "send"):
        is_send = name == "send"
        yield from (Word(t.name, "track", t.meta, t.page, f"{t.name}=" if is_send else "") for t in words.tracks)
    given: list[Word] = []
    for word in keywords(name, above, words):
        if word.name in call.given:
            given.append(Word(word.name, word.kind, f"given  {word.meta}", word.page, word.text))
        else:
            yield word
    yield from given


def keywords(name: str, above: Owner | None, words: "Words") -> tuple[Word, ...]:
    """The arguments that a call takes by name."""
    if above is not None and above.kind == "pattern" and name == "set":
        return words.voice_controls(above.voices)
    if above is None and name in words.controls and words.kind_of(name) in ("voice", "bank", "effect"):
        return words.controls[name] if words.kind_of(name) == "effect" else words.voice_controls((name,))
    known = _known(name, above, words)
    return _parameters(known.page) if known is not None else ()


def _known(name: str, above: Owner | None, words: "Words") -> Word | None:
    if above is None:
        return words.top.get(name)
    return next((word for word in words.members.get(above.kind, ()) if word.name == name), None)


def _parameters(page: Page) -> tuple[Word, ...]:
    """The parameters with a default in a signature such as `hush(*tracks, fade=0.02)`."""
    inside = page.signature.partition("(")[2].rpartition(")")[0]
    found = []
    for part in inside.split(","):
        name, equals, default = part.strip().partition("=")
        if equals and name.isidentifier():
            meta = f"{default} when not given"
            found.append(Word(name, "argument", meta, Page(name, page.signature, page.doc), f"{name}="))
    return tuple(found)


def _values(call: Call, name: str, words: "Words") -> Iterable[Word]:
    """Values for `keyword=`: texts in quotes where a text is meant, the default and a signal where a number is."""
    keyword = call.keyword
    if keyword in _QUOTED:
        from marmalade_sc.assist.topics import GRIDS

        grids = [Word(grid, "grid", "", Page(grid)) for grid in GRIDS]
        groups = {"scale": words.scales, "root": words.notes, "at": grids, "chord": ()}
        for word in groups.get(keyword, words.sounds):
            yield Word(word.name, word.kind, word.meta, word.page, f'"{word.written}"')
        return
    control = next((word for word in words.controls.get(name, ()) if word.name == keyword), None)
    if control is None:
        return
    default = control.page.signature.partition("=")[2]
    yield Word(default, "value", f"the default  {control.meta}", control.page)
    ends = control.meta.partition(", ")[2].split()
    if len(ends) >= 3 and ends[1] == "to":
        text = f"sine(4).range({ends[0]}, {ends[2]})"
        yield Word("sine", "signal", f"from {ends[0]} to {ends[2]} and back in four bars", control.page, text)
