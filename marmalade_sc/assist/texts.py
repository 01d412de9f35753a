"""Completion inside strings: what a string is for, and which word of it the cursor stands in."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from marmalade_sc.assist.fuzzy import fitting
from marmalade_sc.assist.owners import Owner, callee
from marmalade_sc.assist.page import Page, Word
from marmalade_sc.assist.scan import Call, Place, Text
from marmalade_sc.assist.topics import GRIDS, OPERATORS

if TYPE_CHECKING:
    from marmalade_sc.assist.words import Words

__all__ = ["in_text", "role_of", "step_before"]

_FUNCTIONS: Final = {
    **dict.fromkeys(("s", "sound", "stack", "cat", "fastcat", "slowcat", "seq"), "sound"),
    "n": "number",
    "note": "note",
    "degree": "number",
    "chord": "symbol",
    "voice": "voice",
    "help": "page",
    "scene": "scene",
    "load": "set",
    "save": "set",
    "config": "setting",
    "watch": "file",
}
_MEMBERS: Final = {
    "pattern": {"scale": "scale", "arp": "arp", "add": "pitch", "sub": "pitch", "struct": "rhythm", "mask": "rhythm"},
    "track": {"at": "grid", "group": "track"},
    "scene": {"save": "scene"},
    "jam": {"start": "jam", "switch": "jam", "record": "file", "play": "generator"},
}
_KEYWORDS: Final = {
    "s": "sound",
    "sound": "sound",
    "scale": "scale",
    "root": "note",
    "note": "note",
    "chord": "symbol",
    "at": "grid",
    "degree": "number",
    "mode": "arp",
}
_NO_TEXTS: Final = frozenset({"print", "open", "len", "int", "float", "str", "search", "history", "getattr"})
_NOTATION: Final = frozenset({"sound", "number", "note", "pitch", "symbol", "scale", "rhythm"})
_PLAIN: Final = frozenset(
    {"page", "scene", "set", "setting", "grid", "track", "jam", "value", "voice", "arp", "file", "generator"}
)
_WORD: Final = frozenset("#:.^-_")
_CHORD: Final = frozenset("#^+-")
_LETTERS: Final = "abcdefg"


def in_text(place: Place, words: "Words") -> tuple[int, list[Word]]:
    """Where the word under the cursor begins, and what may stand there, best first."""
    text = place.text
    assert text is not None
    role = role_of(place, words)
    if role == "" or ("\n" in text.before and role not in _NOTATION):
        return place.position, []
    if role == "file":
        return place.position - len(text.before), _files(text.before, words)
    if role in _PLAIN:
        return text.start, fitting(text.before, _plain(role, place, words))
    step = step_before(text.before)
    if "'" in step and role in ("note", "pitch"):
        return _chord(place, step, words)
    if role == "sound" and ":" in step:
        return _number(place, step, words)
    if role == "scale" and ":" in step:
        step = step.rpartition(":")[2]
    found = fitting(step, _steps(role, step, words))
    known = not step or any(word.name == step for word in found[:1])
    if known:
        found += _operators(text.before, step, found[:1])
    return place.position - len(step), found


def role_of(place: Place, words: "Words") -> str:
    """What the string of the cursor is for; "" where nothing is known to stand there."""
    if not place.calls:
        return "sound" if _plays(place) else ""
    call = place.calls[-1]
    name, above = callee(place.tokens, call.index, words)
    if call.bracket == "[" and name == "jam":
        return "generator"
    if call.bracket != "(":
        return "sound"
    return _argument(call, name, above, words)


def _argument(call: Call, name: str, above: Owner | None, words: "Words") -> str:
    if call.keyword:
        return _KEYWORDS.get(call.keyword, "number")
    if above is not None and above.kind:
        return _MEMBERS.get(above.kind, {}).get(name, "number" if above.kind == "pattern" else "")
    if name == "config" and call.argument == 1:
        return "value"
    if name in words.controls and name not in _FUNCTIONS:
        return "pitch"
    if name in _NO_TEXTS:
        return ""
    if words.kind_of(name) == "transform":
        return _MEMBERS["pattern"].get(name, "number")
    return _FUNCTIONS.get(name, "sound")


def _plays(place: Place) -> bool:
    """`d1 >> "bd"` is a mistake that is told; what is meant is a sound. `x = "bd"` may be one."""
    return bool(place.tokens) and place.tokens[-1].text in (">>", "=", "+")


def step_before(text: str) -> str:
    """The step of a notation that ends at the end of the text, without what cannot begin one."""
    begin = len(text)
    while begin and (text[begin - 1].isalnum() or text[begin - 1] in _WORD or text[begin - 1] in "'+"):
        begin -= 1
    return text[begin:].lstrip("-.'+:^")


def _steps(role: str, step: str, words: "Words") -> Iterable[Word]:
    if role == "sound":
        return words.sounds
    if role == "scale":
        return (*words.scales, *words.notes) if step[:1] in _LETTERS and step[1:2].isdigit() else words.scales
    if role in ("note", "pitch"):
        return words.notes
    if role == "symbol":
        return _symbols(step, words)
    if role == "rhythm":
        return _rhythms()
    return ()


def _symbols(step: str, words: "Words") -> list[Word]:
    """Chord symbols: roots first, then the names of chords behind the root that was typed."""
    if not step or step[0].lower() not in _LETTERS:
        roots = [f"{letter}{sign}" for letter in "CDEFGAB" for sign in ("", "m")]
        return [Word(root, "chord", "minor" if "m" in root else "major", Page(root)) for root in roots]
    root = step[:2] if step[1:2] in ("#", "b", "s", "f") and step[1:4] != "sus" else step[:1]
    found = [Word(root, "chord", "0 4 7", Page(root, "", "The major chord."))]
    for word in words.chords:
        if not word.name.startswith(("+", "-")):
            found.append(Word(root + word.name, "chord", word.meta, word.page))
    return found


def _rhythms() -> list[Word]:
    return [
        Word(name, "value", meta, Page(name, "", f"{name}: {meta}."))
        for name, meta in (("t", "here"), ("f", "not here"), ("1", "here"), ("0", "not here"))
    ]


def _chord(place: Place, step: str, words: "Words") -> tuple[int, list[Word]]:
    """Behind a note and `'`: the name of a chord, then what is done to it."""
    last = step.rpartition("'")[2]
    if step.count("'") == 1:
        found: Sequence[Word] = [word for word in words.chords if "^" not in word.name]
    else:
        table = (("i", "first inversion"), ("ii", "second inversion"), ("o", "open"), ("d1", "highest note dropped"))
        notes = (("3", "three notes"), ("4", "four notes"), ("5", "five notes"))
        found = [Word(name, "operator", meta, Page("'", "", meta)) for name, meta in (*table, *notes)]
    return place.position - len(last), fitting(last, found)


def _number(place: Place, step: str, words: "Words") -> tuple[int, list[Word]]:
    """Behind `bd:`: the numbers that the bank has."""
    bank, _, typed = step.partition(":")
    count = min(words.counts.get(bank, 0), 128)
    known = words.top.get(bank)
    page = known.page if known else Page(bank)
    found = [Word(str(number), "sample", f"{number + 1} of {count}", page) for number in range(count)]
    return place.position - len(typed), fitting(typed, found) if ":" not in typed else []


def _operators(before: str, step: str, known: Sequence[Word]) -> list[Word]:
    """Marks of the notation that may come next: behind a step what changes it, elsewhere what stands alone."""
    follows = bool(step) or before[-1:] in (">", "]", ")", "}")
    found = []
    for name, suffix, doc, example in OPERATORS:
        page = Page(name, "", doc, (example,) if example else ())
        if follows and suffix:
            found.append(Word(name, "operator", doc, page, step + suffix))
        elif not follows and not suffix and name in ("~", "[ ]", "< >", "{ }"):
            found.append(Word(name, "operator", doc, page, name[0]))
    return found


def _files(before: str, words: "Words") -> list[Word]:
    """Paths behind what is typed of one."""
    folder, _, typed = before.rpartition("/")
    head = f"{folder}/" if "/" in before else ""
    found = []
    for path in words.files(before):
        name = path.removeprefix(head)
        kind = "folder" if name.endswith("/") else "file"
        found.append(Word(name, kind, "", Page(name), head + name))
    return fitting(typed, found)


def _plain(role: str, place: Place, words: "Words") -> list[Word]:
    """What a whole string may be."""
    if role == "setting":
        return list(words.settings)
    if role == "value":
        return _values(place.calls[-1].first, words)
    if role == "voice":
        return list(words.voices)
    if role == "track":
        return list(words.tracks)
    if role == "page":
        return [Word(page.title, "page", _first(page), page) for page in words.pages()]
    names: dict[str, Sequence[str]] = {
        "scene": words.scenes,
        "set": words.sets,
        "jam": words.jams,
        "generator": words.generators,
        "grid": GRIDS,
        "arp": ("up", "down", "updown", "downup"),
    }
    metas = {"grid": "where the change lands", "arp": "order of the notes"}
    meta = metas.get(role, f"a {role}")
    return [Word(name, role, meta, Page(name, "", f"{name}: {meta}.")) for name in names.get(role, ())]


def _values(key: str, words: "Words") -> list[Word]:
    """The choices of a setting."""
    from marmalade_sc.settings.table import SETTINGS

    setting = SETTINGS.get(key)
    choices = setting.choices if setting is not None else ()
    return [Word(choice, "value", f"{key}", Page(key, "", setting.doc if setting else "")) for choice in choices]


def _first(page: Page) -> str:
    return (page.doc or page.signature).partition("\n")[0]


def text_word(text: Text) -> str:
    """The whole step of a notation that the cursor stands in or behind."""
    step = step_before(text.before)
    end = len(text.before)
    while end < len(text.content) and (text.content[end].isalnum() or text.content[end] in _WORD):
        end += 1
    return step + text.content[len(text.before) : end]
