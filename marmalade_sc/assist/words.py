"""Everything that can be named at a moment: the language, the instruments, what the user has bound."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.assist.page import Page, Word

__all__ = ["Words"]

_TRACK: Final = re.compile(r"[a-z]{1,12}\d{1,4}")
_KNOWN: Final = frozenset({"track", "pattern", "voice", "bank", "effect", "transform", "function"})
_HANDLES: Final = ("clock", "jam", "scene", "tutorial")


def _no_files(start: str) -> Iterable[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Words:
    """See the module. Made by `of`; immutable, so it may be kept until something changes.

    Attributes:
        language, functions, voices, effects: what stands at top level.
        members: by kind of owner ("pattern", "track", "clock", ...), what may follow a dot.
        sounds: what s() may say.
        controls: by name of an instrument, its own controls.
        common: controls of every voice.
        scales, chords, notes, settings: what may stand in texts.
        tracks, mine: what the user has bound.
        scenes, sets, jams, generators: names.
        counts: samples of each bank.
        files: gives what can stand behind the beginning of a path, with or without its folder; folders end with `/`.
        results, methods: what calls give; see `owners.Kinds`.
    """

    language: tuple[Word, ...]
    functions: tuple[Word, ...]
    voices: tuple[Word, ...]
    effects: tuple[Word, ...]
    members: Mapping[str, tuple[Word, ...]]
    sounds: tuple[Word, ...]
    controls: Mapping[str, tuple[Word, ...]]
    common: tuple[Word, ...]
    scales: tuple[Word, ...]
    chords: tuple[Word, ...]
    notes: tuple[Word, ...]
    settings: tuple[Word, ...]
    tracks: tuple[Word, ...] = ()
    mine: tuple[Word, ...] = ()
    scenes: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    jams: tuple[str, ...] = ()
    generators: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Callable[[str], Iterable[str]] = _no_files
    results: Mapping[str, str] = field(default_factory=dict)
    methods: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    top: Mapping[str, Word] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        language: Mapping[str, "object"] | None = None,
        orchestra: "object | None" = None,
        names: Mapping[str, object] | None = None,
        settings: Iterable[Mapping[str, object]] | None = None,
        files: Callable[[str], Iterable[str]] = _no_files,
        jams: Sequence[str] = (),
        generators: Sequence[str] = (),
    ) -> "Words":
        """The words of a moment. Takes some milliseconds: keep them until something has changed.

        Args:
            language: the table of `patterns.language`; imported now (60 ms the first time) where it is None.
            orchestra: an `sdk.instruments.Orchestra`; without it there are no instruments.
            names: the answer of the control command `names`.
            settings: the rows of the answer of `config`; the defaults where it is None.
            files: see the class; "sets/" and "recordings/" are as the shell's functions see them.
        """
        from marmalade_sc.assist.gather import gathered

        return gathered(cls, language, orchestra, names, settings, files, jams, generators)

    @property
    def instruments(self) -> Mapping[str, object]:
        """Everything that has controls, by name."""
        return self.controls

    def kind_of(self, name: str) -> str:
        """What a name stands for: the kind of an owner, "voice", "function", or "" for what cannot be known."""
        if name in _HANDLES:
            return name
        word = self.top.get(name)
        if word is not None:
            if word.kind == "signal":
                return "pattern"
            return word.kind if word.kind in _KNOWN else ""
        return "track" if _TRACK.fullmatch(name) else "pattern"

    def voice_controls(self, voices: Iterable[str]) -> tuple[Word, ...]:
        """The controls of the first voice that has any, with the common ones; of all voices where none is named."""
        found: dict[str, Word] = {}
        named = [name for name in voices if name in self.controls]
        for name in named:
            for word in self.controls[name]:
                found.setdefault(word.name, word)
        for word in self.common:
            found.setdefault(word.name, word)
        if not named:
            for words in self.controls.values():
                for word in words:
                    found.setdefault(word.name, word)
        return tuple(found.values())

    def pages(self) -> Iterable[Page]:
        """Every page there is, those with the same title in the order in which they are found."""
        from marmalade_sc.assist.gather import pages_of

        return pages_of(self)
