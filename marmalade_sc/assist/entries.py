"""Words with their pages, made from the tables that exist elsewhere: language, instruments, scales, settings."""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final, Protocol

from marmalade_sc.assist.members import AT_THE_PROMPT, FUNCTIONS, HANDLES, MEMBERS, Row
from marmalade_sc.assist.page import Page, Word
from marmalade_sc.sdk.instruments import Bank, Instrument, Orchestra

__all__ = [
    "LanguageEntry",
    "bank_word",
    "chord_words",
    "common_controls",
    "control_words",
    "function_words",
    "instrument_word",
    "language_words",
    "note_words",
    "row_word",
    "scale_words",
    "setting_words",
    "sound_words",
    "track_word",
    "user_words",
]

_NOT_TYPED: Final = frozenset({"buf", "rate", "freq"})
"""Controls that a note's pitch or a bank's number decides; they come behind the others."""
_KINDS: Final = {"sources": "function", "signal": "signal"}


class LanguageEntry(Protocol):
    """A row of the table of the language; see `patterns.language.Entry`."""

    @property
    def name(self) -> str: ...
    @property
    def group(self) -> str: ...
    @property
    def signature(self) -> str: ...
    @property
    def doc(self) -> str: ...
    @property
    def object(self) -> object: ...
    @property
    def is_method(self) -> bool: ...
    @property
    def examples(self) -> tuple[str, ...]: ...


def language_words(table: Mapping[str, LanguageEntry]) -> tuple[tuple[Word, ...], tuple[Word, ...]]:
    """What the language has at top level, and as methods of patterns."""
    top, methods = [], []
    for name, entry in table.items():
        prefix = "p." if entry.is_method and entry.object is None else ""
        uses = f"p.{entry.signature}, or {entry.signature} as a change" if entry.is_method and not prefix else ""
        doc = f"{entry.doc}\n\nUse it as {uses}." if uses else entry.doc
        page = Page(name, prefix + entry.signature, doc, entry.examples)
        arguments = entry.signature.removeprefix(entry.name)
        if entry.object is not None:
            kind = _KINDS.get(entry.group, "transform")
            result = "pattern" if kind != "transform" else "function"
            top.append(Word(name, kind, _brief(entry.doc), page, result=result))
        if entry.is_method:
            methods.append(Word(name, "method", f"{arguments} {_brief(entry.doc)}", page, result="pattern"))
    return tuple(top), tuple(methods)


def row_word(row: Row, kind: str, prefix: str = "") -> Word:
    """A member or function of the tables of `members`."""
    page = Page(prefix + row.name, prefix + row.signature, row.doc, row.examples)
    return Word(row.name, kind, _brief(row.doc), page, result=row.result)


@cache
def function_words() -> tuple[Word, ...]:
    """hush, undo, help and the like, and the handles clock and jam."""
    handles = [row_word(row, "handle") for row in HANDLES]
    return (*handles, *(row_word(row, "function") for row in (*FUNCTIONS, *AT_THE_PROMPT)))


def control_words(instrument: Instrument) -> tuple[Word, ...]:
    """The controls of an instrument, as keyword arguments with unit, range and default."""
    words = []
    for name, place in instrument.index.items():
        unit = instrument.units[place] if place < len(instrument.units) else ""
        doc = instrument.docs[place] if place < len(instrument.docs) else ""
        low, high = f"{instrument.lows[place]:g}", f"{instrument.highs[place]:g}"
        default = f"{instrument.defaults[place]:g}"
        meta = f"{default}{' ' + unit if unit else ''}, {low} to {high}"
        text = f"{doc[:1].upper()}{doc[1:]}.\n" if doc else ""
        page = Page(
            f"{instrument.name}.{name}",
            f"{name}={default}",
            f"{text}A control of {instrument.name}: {low} to {high}{' ' + unit if unit else ''}, {default} when not "
            "given.",
        )
        words.append(Word(name, "control", f"{meta}  {doc}".rstrip(), page, f"{name}="))
    words.sort(key=lambda word: word.name in _NOT_TYPED)
    return tuple(words)


@cache
def common_controls() -> tuple[Word, ...]:
    """The controls that every voice understands, whatever its synthdef."""
    from marmalade_sc.patterns.controls import CONTROLS

    return tuple(
        Word(
            each.name,
            "control",
            f"{each.unit}  {each.doc}".strip(),
            Page(each.name, f"{each.name}=", f"{each.doc[:1].upper()}{each.doc[1:]}." + _in(each.unit)),
            f"{each.name}=",
        )
        for each in CONTROLS
    )


def instrument_word(name: str, instrument: Instrument, controls: tuple[Word, ...]) -> Word:
    """A voice, sampler or effect under one of its names."""
    rows = [(word.name, word.meta) for word in controls]
    width = max((len(row[0]) for row in rows), default=0)
    table = "\n".join(f"  {control:<{width}}  {meta}" for control, meta in rows)
    also = f" (the same as {instrument.name})" if name != instrument.name else ""
    is_effect = instrument.kind == "effect"
    tail = "" if is_effect else "\n\nAnd the controls of every voice: scale, root, oct, dur ... see help('controls')."
    arguments = ", ".join(word.name for word in controls) if is_effect else "pattern, **controls"
    if is_effect:
        first = f"{instrument.defaults[0]:g}" if instrument.defaults else ""
        examples: tuple[str, ...] = (f"d1.fx = {name}({first})", "d1.fx = None")
    elif instrument.kind == "sampler":
        examples = ()
    elif "freq" in instrument.index:
        examples = (f'b1 >> {name}("0 3 5 4", scale="minor", root="a3")',) if name != "sub" else ()
        examples += (f'd1 >> s("{name}*4")',)
    else:
        examples = (f'd1 >> s("{name}*4")', f'd1 >> s("{name}(3,8)")')
    doc = f"{instrument.doc}{also}\n\n{table}{tail}" if table else instrument.doc
    meta = instrument.doc if name == instrument.name else f"{instrument.name}: {instrument.doc}"
    page = Page(name, f"{name}({arguments})", doc, examples)
    return Word(name, "effect" if is_effect else instrument.kind, _brief(meta), page, result=_made(instrument))


def bank_word(bank: Bank) -> Word:
    """A folder of samples."""
    lengths = [sample.length_s for sample in bank.samples]
    count = len(lengths)
    meta = f"{count} sample{'s' if count != 1 else ''}"
    if lengths:
        meta += f", {min(lengths):.2g} to {max(lengths):.2g} s" if count > 1 else f", {lengths[0]:.2g} s"
    doc = f"A bank of {meta}. {bank.name}:0 is the first; numbers count round."
    return Word(bank.name, "bank", meta, Page(bank.name, "", doc, (f'd1 >> s("{bank.name}:0*4")',)), result="pattern")


def sound_words(orchestra: Orchestra, instruments: Mapping[str, Word]) -> tuple[Word, ...]:
    """What s() may say, drums first: instruments under all names, and banks."""
    banks = orchestra.banks()
    found = orchestra.instruments()
    names = [name for name in orchestra.names() if name in banks or found[name].kind == "voice"]
    names.sort(key=lambda name: name in found and name not in banks and "freq" in found[name].index)
    words = []
    for name in names:
        bank = banks.get(name)
        is_bank = bank is not None and (bank.preferred or name not in found)
        words.append(bank_word(bank) if bank is not None and is_bank else instruments[name])
    return tuple(words)


@cache
def scale_words() -> tuple[Word, ...]:
    """Every name of every scale."""
    from marmalade_sc.patterns.scales import SCALES

    words = []
    for names, steps in _lines(SCALES):
        for name in names:
            others = [each for each in names if each != name]
            doc = f"The scale {name}: {steps} semitones above its root." + _also(others)
            example = f'b1 >> pluck("0 .. 7", scale="{name}", root="a4")'
            words.append(Word(name, "scale", steps, Page(name, f'scale="{name}"', doc, (example,))))
    return tuple(words)


@cache
def chord_words() -> tuple[Word, ...]:
    """Every name of every chord."""
    from marmalade_sc.patterns.chords import CHORDS

    words = []
    for names, steps in _lines(CHORDS):
        for name in names:
            others = [each for each in names if each != name]
            doc = f"The chord {name}: {steps} semitones above its root." + _also(others)
            is_symbol = "^" in name  # in a notation of notes that is the value of a control
            written = f"C{name}" if is_symbol else f"c'{name}"
            example = f'p1 >> pluck(chord("{written}").voicing())' if is_symbol else f'p1 >> pluck("{written}")'
            words.append(Word(name, "chord", steps, Page(name, written, doc, (example,))))
    return tuple(words)


@cache
def note_words() -> tuple[Word, ...]:
    """Names of notes, middle octaves first."""
    from marmalade_sc.patterns.pitch import NAMES, freq_hz, note_number

    words = []
    for octave in ("", *"56432718"):
        for name in NAMES:
            number = note_number(name + octave) or 0.0
            meta = f"{freq_hz(number):.4g} Hz, note {number:g}"
            doc = f"A note: {meta}, counted from c5, middle C."
            words.append(Word(name + octave, "note", meta, Page(name + octave, "", doc)))
    return tuple(words)


def setting_words(rows: Iterable[Mapping[str, object]] | None) -> tuple[Word, ...]:
    """Settings by their keys, from the answer of `config`, or the defaults where there is none."""
    if rows is None:
        from marmalade_sc.settings.table import SETTINGS, written

        rows = [
            {"key": each.key, "value": written(each.default), "doc": each.doc, "allowed": each.allowed}
            for each in SETTINGS.values()
        ]
    words = []
    for row in rows:
        key, value, origin = str(row.get("key")), str(row.get("value")), str(row.get("origin") or "")
        where = f" ({origin})" if origin else ""
        doc = f"{row.get('doc')}\n\nIt is {value}{where}; it may be {row.get('allowed')}."
        meta = f"{value}  {row.get('allowed')}"
        words.append(Word(key, "setting", meta, Page(key, f'config("{key}")', doc, (f'config("{key}")',))))
    return tuple(words)


def track_word(name: str) -> Word:
    """A track of the user's, with what it can do."""
    rows = "\n".join(f"  {name}.{row.signature:<28} {_brief(row.doc)}" for row in MEMBERS["track"])
    page = Page(name, f"{name} >> pattern", f"A track.\n\n{rows}", (f'{name}.at("4 bars") >> s("bd*4")',))
    return Word(name, "track", "a track", page)


def user_words(rows: Iterable[Mapping[str, object]]) -> tuple[Word, ...]:
    """What the user has bound."""
    words = []
    for row in rows:
        name, kind = str(row.get("name")), str(row.get("kind") or "value")
        signature, doc = str(row.get("signature") or ""), str(row.get("doc") or "")
        signature = name + signature if signature.startswith("(") else signature
        if kind == "track":
            words.append(track_word(name))
            continue
        said = doc or f"A {kind} of yours."
        page = Page(name, "", f"{said}\n\n{signature}") if kind == "value" else Page(name, signature, said)
        words.append(Word(name, kind, _brief(doc) or signature or f"yours, a {kind}", page, result="pattern"))
    return tuple(words)


def _lines(table: str) -> list[tuple[list[str], str]]:
    rows = [line.split(" : ") for line in table.strip().splitlines()]
    return [(names.split(), steps) for names, steps in rows]


def _also(names: list[str]) -> str:
    return f" Also called {', '.join(names)}." if names else ""


def _in(unit: str) -> str:
    return f" In {unit}." if unit else ""


def _made(instrument: Instrument) -> str:
    return "effect" if instrument.kind == "effect" else "pattern"


def _brief(text: str) -> str:
    """The first sentence, without marks of code."""
    line = text.partition("\n")[0].replace("`", "")
    return line.partition(". ")[0].rstrip(".:")
