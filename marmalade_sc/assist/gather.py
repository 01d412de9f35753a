"""Puts `Words` together, and lists their pages."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from marmalade_sc.assist import entries
from marmalade_sc.assist.lessons import lessons
from marmalade_sc.assist.members import MEMBERS
from marmalade_sc.assist.page import Page, Word
from marmalade_sc.assist.topics import COMMANDS, OPERATORS, TOPICS, notation_page
from marmalade_sc.sdk.instruments import Orchestra

if TYPE_CHECKING:
    from marmalade_sc.assist.words import Words

__all__ = ["gathered", "pages_of"]

_ALIAS = "(the same as "
"""What the page of another name of an instrument has; one page of each is enough for a list."""


def gathered(
    make: "type[Words]",
    language: Mapping[str, object] | None,
    orchestra: object | None,
    names: Mapping[str, object] | None,
    settings: Iterable[Mapping[str, object]] | None,
    files: Callable[[str], Iterable[str]],
    jams: Sequence[str],
    generators: Sequence[str],
) -> "Words":
    """See `Words.of`."""
    if language is None:
        from marmalade_sc.patterns.language import language as whole

        language = whole()
    found = orchestra if isinstance(orchestra, Orchestra) else Orchestra(())
    names = names or {}
    top, methods = entries.language_words(cast(Mapping[str, entries.LanguageEntry], language))
    by_wire: dict[str, tuple[Word, ...]] = {}
    controls: dict[str, tuple[Word, ...]] = {}
    instruments: dict[str, Word] = {}
    for name, instrument in sorted(found.instruments().items()):
        if instrument.wire not in by_wire:
            by_wire[instrument.wire] = entries.control_words(instrument)
        controls[name] = by_wire[instrument.wire]
        instruments[name] = entries.instrument_word(name, instrument, controls[name])
    sounds = entries.sound_words(found, instruments)
    for word in sounds:
        if word.kind == "bank" and "sampler1" in controls:
            controls[word.name] = controls["sampler1"]
    named_voices = {word.name: word for word in sounds if word.name.isidentifier()}
    voices = tuple(named_voices[name] for name in sorted(named_voices))
    effects = tuple(instruments[name] for name in sorted(found.effects()))
    members = {
        kind: tuple(entries.row_word(row, "method", _prefix(kind)) for row in rows) for kind, rows in MEMBERS.items()
    }
    members["pattern"] = methods
    functions = entries.function_words()
    mine = entries.user_words(_rows(names.get("names")))
    tracks = {word.name: word for word in mine if word.kind == "track"}
    for name in _texts(names.get("tracks")):
        tracks[name] = entries.track_word(name)
    mine = tuple(word for word in mine if word.name not in tracks)
    banks = tuple(entries.bank_word(bank) for bank in found.banks().values())
    named = {word.name: word for word in (*banks, *effects, *voices, *functions, *top, *mine, *tracks.values())}
    results = {word.name: word.result for word in (*effects, *voices, *functions, *top) if word.name not in tracks}
    results["voice"] = "voice"
    return make(
        language=top,
        functions=functions,
        voices=voices,
        effects=effects,
        members=members,
        sounds=sounds,
        controls=controls,
        common=entries.common_controls(),
        scales=entries.scale_words(),
        chords=entries.chord_words(),
        notes=entries.note_words(),
        settings=entries.setting_words(settings),
        tracks=tuple(tracks.values()),
        mine=mine,
        scenes=_texts(names.get("scenes")),
        sets=_texts(names.get("sets")),
        jams=tuple(jams),
        generators=tuple(generators),
        counts={name: len(bank.samples) for name, bank in found.banks().items()},
        files=files,
        results=results,
        methods={kind: {word.name: word.result for word in words} for kind, words in members.items()},
        top=named,
    )


def pages_of(words: "Words") -> Iterator[Page]:
    """Every page: the user's own first, then the language, instruments, topics, tables."""
    groups = (words.mine, words.tracks, words.language, words.functions, words.voices, words.effects)
    for group in groups:
        yield from (word.page for word in group if _ALIAS not in word.page.doc)
    for member in words.members.values():
        yield from (word.page for word in member)
    yield from (word.page for word in words.sounds if _ALIAS not in word.page.doc)
    yield from TOPICS
    yield notation_page()
    yield from operator_pages()
    yield from table_pages(words)
    yield from (lesson.page() for lesson in lessons())
    for group in (words.common, words.scales, words.chords, words.settings, words.notes):
        yield from (word.page for word in group)


def operator_pages() -> Iterator[Page]:
    """One page for each mark of the notation."""
    for name, _, doc, example in OPERATORS:
        yield Page(name, "", f"{name}  in a notation. {doc}", (example,) if example else ())


def table_pages(words: "Words") -> Iterator[Page]:
    """Whole tables: scales, chords, controls, settings, keys, commands, sounds."""
    yield Page("scales", 'scale="minor"', _table(words.scales), ('b1 >> pluck("0 .. 7", scale="dorian", root="d5")',))
    yield Page("chords", "c'maj7, Cmaj7", _table(words.chords), ('p1 >> pad(chord("<Am7 Dm9>").voicing())',))
    yield Page("controls", "", _table(words.common), ('b1 >> bass("0 3", scale="minor", root="a2", dur=.8)',))
    yield Page("sounds", 's("...")', _table(words.sounds), ('d1 >> s("bd ~ sn ~, hh*8")',))
    yield Page("settings", 'config("key", value)', _table(words.settings), ("config()",))
    yield Page("shell", "", "Keys of the shell; each can be changed with config.\n\n" + _keys(words), ())
    lines = "\n".join(f"  marmalade {name:<9} {doc}" for name, doc in COMMANDS.items())
    yield Page("commands", "marmalade COMMAND", f"{lines}\n\nmarmalade COMMAND --help says more.")
    for name, doc in COMMANDS.items():
        yield Page(f"marmalade {name}", "", f"{doc}\n\nmarmalade {name} --help lists its options.")


def _keys(words: "Words") -> str:
    rows = [word for word in words.settings if word.name.startswith("keys.")]
    if not rows:
        return "  F9  Silence all tracks.\n  F10  Silence everything at once, whatever else hangs."
    lines = []
    for word in rows:
        keys = word.meta.partition("  ")[0].strip('"')
        does = word.page.doc.partition("\n")[0].removeprefix("Keys of the shell. ")
        lines.append(f"  {keys:<24} {does}")
    return "\n".join(lines)


def _table(words: Iterable[Word]) -> str:
    rows = [(word.name, word.meta) for word in words]
    width = min(24, max((len(name) for name, _ in rows), default=0))
    return "\n".join(f"  {name:<{width}}  {meta}" for name, meta in rows)


def _prefix(kind: str) -> str:
    return "d1." if kind == "track" else f"{kind}."


def _rows(value: object) -> list[Mapping[str, object]]:
    return [row for row in value if isinstance(row, Mapping) and row.get("name")] if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple | Mapping) else ()
