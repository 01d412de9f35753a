"""From the settings `keys.*` to keys as prompt_toolkit names them: read and checked. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import SettingsError, nearest
from marmalade_sc.settings.keys import ACTIONS

__all__ = ["Chord", "Keymap", "expanded", "read_keys", "table"]

Chord = tuple[str, ...]
"""Keys as prompt_toolkit names them, pressed one after the other."""

_NAMES: Final[Mapping[str, str]] = {
    **{f"f{number}": f"f{number}" for number in range(1, 25)},
    **{name: name for name in ("enter", "tab", "backspace", "delete", "insert", "home", "end", "escape")},
    **{name: name for name in ("pageup", "pagedown", "up", "down", "left", "right")},
    "space": " ",
    "comma": ",",
    "period": ".",
    "shift-tab": "s-tab",
    "ctrl-space": "c-@",
    **{f"ctrl-{letter}": f"c-{letter}" for letter in "abcdefghijklmnopqrstuvwxyz\\]^_"},
    **{f"ctrl-{name}": f"c-{name}" for name in ("left", "right", "up", "down", "home", "end", "delete")},
    **{f"shift-{name}": f"s-{name}" for name in ("left", "right", "up", "down", "home", "end", "delete")},
}
_KEEPS: Final = frozenset({("enter",), ("tab",), ("backspace",), ("up",), ("down",), ("left",), ("right",), ("c-d",)})
"""Keys without which nobody can type."""
_SAME: Final = {"c-i": "tab", "c-m": "enter", "c-h": "backspace", "c-[": "escape"}
"""A terminal sends the same for both."""


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of each action. `words` is how they are written, for people."""

    chords: Mapping[str, tuple[Chord, ...]]
    words: Mapping[str, str]

    def numbered(self, action: str) -> bool:
        """Whether the action takes the digit that is pressed."""
        return "{n}" in ACTIONS[action].keys


def read_keys(texts: Mapping[str, str]) -> Keymap:
    """The keys of all actions, from the texts of the settings by action; an action that is missing has its default.

    Raises:
        SettingsError: a key that does not exist, that types a character, that two actions share, or that begins
            another; it names the settings.
    """
    chords: dict[str, tuple[Chord, ...]] = {}
    owners: dict[Chord, str] = {}
    begins: dict[Chord, set[str]] = {}
    for name, action in ACTIONS.items():
        text = texts.get(name, action.keys)
        found = [_chord(name, words) for words in text.split(",") if words.strip()]
        for chord in found:
            if ("{n}" in action.keys) != ("{n}" in chord) or chord.count("{n}") > 2:
                raise SettingsError(
                    f"keys.{name} cannot be {text!r:.80}",
                    hint="It needs {n}, the digit, once or twice."
                    if "{n}" in action.keys
                    else "{n} is for mute and solo only.",
                )
            for pressed, _ in expanded(chord):
                _take(owners, begins, pressed, name)
        chords[name] = tuple(found)
    words = {name: texts.get(name, action.keys) for name, action in ACTIONS.items()}
    return Keymap(chords, words)


def expanded(chord: Chord) -> list[tuple[Chord, int]]:
    """The keys that are pressed, and the number that they say: `{n}` is 1 to 9, two of them are 01 to 99.

    A chord without `{n}` says 0.
    """
    digits = chord.count("{n}")
    if not digits:
        return [(chord, 0)]
    found = []
    for number in range(1, 10**digits):
        written = iter(f"{number:0{digits}}")
        found.append((tuple(next(written) if key == "{n}" else key for key in chord), number))
    return found


def _take(owners: dict[Chord, str], begins: dict[Chord, set[str]], chord: Chord, name: str) -> None:
    """The chord belongs to the action `name`; `begins` has whose chords begin with what."""
    owner = owners.get(chord, name)
    if owner != name:
        raise SettingsError(f"keys.{name} and keys.{owner} are the same key.", hint="Set one of them to another.")
    heads = [chord[:length] for length in range(1, len(chord))]
    shorter = [owners[head] for head in heads if owners.get(head, name) != name]
    longer = sorted(begins.get(chord, set()) - {name})
    if shorter or longer:
        long, short = (name, shorter[0]) if shorter else (longer[0], name)
        raise SettingsError(
            f"keys.{long} begins with the key of keys.{short}, so it can never be pressed.",
            hint="Set one of them to another.",
        )
    owners[chord] = name
    for head in heads:
        begins.setdefault(head, set()).add(name)


def _chord(name: str, words: str) -> Chord:
    keys: list[str] = []
    for word in words.split():
        rest = word
        if word.startswith("alt-") and len(word) > 4:
            keys.append("escape")
            rest = word[4:]
        keys.append(_key(name, word, rest))
    chord = tuple(keys)
    if chord in _KEEPS or (len(chord[0]) == 1):
        raise SettingsError(
            f"keys.{name} cannot be {words.strip()!r:.80}: it is needed for typing.",
            hint="Begin with alt-, ctrl- or a function key.",
        )
    return chord


def _key(name: str, word: str, rest: str) -> str:
    if rest == "{n}" or (len(rest) == 1 and rest.isprintable() and rest != ","):
        return rest
    if rest.lower() in _NAMES:
        key = _NAMES[rest.lower()]
        return _SAME.get(key, key)
    close = nearest(rest, _NAMES)
    raise SettingsError(
        f"keys.{name} names the key {word!r:.40}, which is none.",
        hint=(f"Did you mean {close!r}? " if close else "") + "Examples: f9, alt-h, ctrl-x ctrl-c.",
    )


def table(words: Mapping[str, str]) -> Sequence[tuple[str, str, str]]:
    """Rows for people: action, keys, what it does."""
    return [(name, words.get(name, action.keys), action.doc) for name, action in ACTIONS.items()]
