"""The keys of the table, bound to what they do."""

from collections.abc import Callable, Mapping

from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

from marmalade_sc.settings.keymap import Chord, Keymap, expanded

__all__ = ["Deed", "action_keys"]

Deed = Callable[[KeyPressEvent, int], None]
"""What an action does: gets the key's event, and the number that was pressed for those that take one (else 0)."""


def action_keys(keymap: Keymap, deeds: Mapping[str, Deed]) -> KeyBindings:
    """Bindings of all actions that have a deed; a deed that fails must not end the shell, so it must not raise."""
    keys = KeyBindings()
    for name, chords in keymap.chords.items():
        deed = deeds.get(name)
        if deed is None:
            continue
        for chord in chords:
            for pressed, number in expanded(chord):
                _add(keys, pressed, deed, number)
    return keys


def _add(keys: KeyBindings, chord: Chord, deed: Deed, number: int) -> None:
    @keys.add(*chord, save_before=lambda event: False)  # or pressing "redo" would count as a change of the text
    def _(event: KeyPressEvent) -> None:
        deed(event, number)
