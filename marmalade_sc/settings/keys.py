"""The one table of the shell's keys: each action, the keys it has by default, and what it does."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["ACTIONS", "Action"]


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a key of the shell does.

    Attributes:
        keys: as in the setting `keys.<name>`: alternatives between commas, keys that are pressed one after the other
            between spaces, `{n}` for any of the digits 1 to 9, twice for 01 to 99. Alt comes as Escape before the key,
            so every key here works in every terminal, in tmux and over ssh; Ctrl-Enter and the like do not, and are
            not used.
        doc: one sentence.
    """

    name: str
    keys: str
    doc: str


def _table(*rows: Action) -> Mapping[str, Action]:
    return MappingProxyType({row.name: row for row in rows})


ACTIONS: Mapping[str, Action] = _table(
    Action("evaluate_block", "alt-enter, ctrl-o", "Evaluate the block under the cursor; at the prompt all of it."),
    Action("evaluate_line", "f5, alt-l", "Evaluate the line under the cursor."),
    Action("evaluate_all", "f6, alt-a", "Evaluate all that is there."),
    Action("hush", "f9, alt-h", "Silence all tracks within 20 ms."),
    Action("panic", "f10, alt-p", "Silence everything at once, whatever else hangs."),
    Action(
        "interrupt",
        "ctrl-c",
        "Interrupt an evaluation that runs; otherwise close a search or a panel, or empty the line.",
    ),
    Action("mute", "alt-{n}, alt-0 {n} {n}", "Mute the n-th track of the status bar, or unmute it."),
    Action("solo", "alt-s {n}, alt-s 0 {n} {n}", "Hear only the n-th track of the status bar, or all again."),
    Action("tap", "f8, alt-t", "Tap the tempo: four taps or more, the median counts."),
    Action("earlier", "alt-comma", "Play everything 5 ms earlier."),
    Action("later", "alt-period", "Play everything 5 ms later."),
    Action("next_scene", "alt-n", "Recall the next scene."),
    Action("previous_scene", "alt-N", "Recall the previous scene."),
    Action("record", "f12, alt-r", "Record what is heard to recordings/, or end the recording."),
    Action("undo", "alt-z", "Undo the latest change of the music."),
    Action("redo", "alt-Z", "Redo what was undone of the music."),
    Action("full_screen", "f3, alt-m", "Change between the prompt and the full screen."),
    Action("steps", "f7, alt-g s", "Show the steps of each track: a panel, the whole screen, nothing."),
    Action("roll", "alt-g r", "Show the notes as a piano roll: a panel, the whole screen, nothing."),
    Action("scope", "alt-g o", "Show the sound's wave: a panel, the whole screen, nothing."),
    Action("spectrum", "alt-g f", "Show the sound's spectrum: a panel, the whole screen, nothing."),
    Action("documentation", "f1, alt-?", "Show what is known of the name under the cursor."),
    Action(
        "insert_example",
        "alt-i",
        "Insert the first example of the page that is shown; the next one when pressed again.",
    ),
    Action("keys", "f2, alt-g k", "Show this table."),
    Action("scroll_up", "alt-pageup, alt-g u", "Scroll the log, or the page that is shown, up."),
    Action("scroll_down", "alt-pagedown, alt-g d", "Scroll the log, or the page that is shown, down."),
    Action("watch", "alt-w", "Stop watching the file that is evaluated when it is saved, or watch it again."),
    Action("status", "alt-q", "Say tempo, bar, load and tracks in one line."),
    Action("undo_text", "ctrl-z, ctrl-_", "Undo the latest change of the text."),
    Action("redo_text", "alt-_", "Redo what was undone of the text."),
    Action("complete", "ctrl-space", "Offer completions; Tab does, too."),
    Action("leave", "ctrl-q", "Leave the shell; Ctrl-D does, too, where nothing is typed."),
)
