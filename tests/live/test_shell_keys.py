"""Every key of the table does what the table says, on a real player."""

import sys
from collections.abc import Iterator

import pytest

from marmalade_sc.settings.keymap import Chord, expanded, read_keys
from marmalade_sc.settings.keys import ACTIONS
from tests.live.players import LivePlayer
from tests.live.shells import full, mix, plays, shell
from tests.live.terminal import Terminal
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

KEYMAP = read_keys({})

CHORDS = [(name, chord) for name, chords in KEYMAP.chords.items() for chord in chords]


def test_the_table_has_a_key_for_every_action() -> None:
    assert set(ACTIONS) == set(KEYMAP.chords)


def _digits(chord: Chord) -> Chord:
    return next(pressed for pressed, number in expanded(chord) if number in (0, 1))


@pytest.fixture(scope="module")
def stage(shared_player: LivePlayer) -> Iterator[Terminal]:
    """One full-screen shell for all keys; each test leaves it as it was."""
    with full(shared_player) as terminal:
        yield terminal


@pytest.mark.parametrize(("name", "chord"), CHORDS, ids=[f"{n}-{'-'.join(c)}" for n, c in CHORDS])
def test_every_key_of_the_table(stage: Terminal, player: LivePlayer, name: str, chord: Chord) -> None:
    """Whatever is pressed does what the table says; what the player cannot do yet is said."""
    keys = _digits(chord)
    terminal = stage
    first = "a1"
    player.evaluate(f'{first} >> s("hh*4")\nunmute()\nunsolo()')
    terminal.press("escape", "<")
    terminal.press("c-k", "c-k", "c-k", "c-k", "c-k", "c-k", "c-k", "c-k")
    terminal.wait_until_quiet(0.1)
    marker = f"said by {name} {len(keys)}"
    if name.startswith("evaluate"):
        terminal.write(f"print('{marker}')")
        terminal.press(*keys)
        terminal.wait_for(lambda: marker in [line for line in terminal.lines if "print" not in line])
    elif name == "hush" or name == "panic":
        terminal.press(*keys)
        eventually(lambda: not plays(player, first))
    elif name in ("mute", "solo"):
        index = sorted(player.ask("tracks")["tracks"]).index(first)
        assert index == 0
        eventually(lambda: terminal.pump(0.05) or f" {first}" in terminal.text)
        terminal.press(*keys)
        eventually(lambda: mix(player, first).get(name))
        terminal.wait_until_quiet(0.2)
        terminal.press(*keys)
        eventually(lambda: not mix(player, first).get(name))
    elif name == "interrupt":
        terminal.write("while True: pass")
        terminal.press("escape", "enter")
        terminal.wait_for("evaluating")
        terminal.press(*keys)
        terminal.wait_for(lambda: "evaluating" not in terminal.text)
        terminal.wait_for("interrupted")
    elif name == "tap":
        for _ in range(4):
            terminal.press(*keys)
            terminal.pump(0.2)
        terminal.wait_for("tempo ")
    elif name in ("earlier", "later"):
        terminal.press(*keys)
        terminal.wait_for(f"5 ms {name}")
    elif name == "record":
        terminal.press(*keys)
        eventually(lambda: player.engine().get("recording"))
        terminal.wait_for("rec")
        eventually(lambda: terminal.pump(0.05) or "● rec" in terminal.text)
        terminal.press(*keys)
        eventually(lambda: not player.engine().get("recording"))
    elif name == "full_screen":
        terminal.press(*keys)
        terminal.wait_for("♪")
        terminal.press(*keys)
        terminal.wait_for("scratch.py")
    elif name in ("steps", "roll", "scope", "spectrum"):
        terminal.press(*keys)
        terminal.wait_for(f"── {name} ")
        terminal.press(*keys)
        terminal.wait_for(lambda: f"── {name} " not in terminal.text and "scratch.py" not in terminal.text)
        terminal.press(*keys)
        terminal.wait_for("scratch.py")
    elif name == "documentation":
        terminal.write("every")
        terminal.wait_for(lambda: _pressed_until(terminal, keys, "── every"))
        terminal.press(*keys)
        terminal.wait_for("scratch.py")
    elif name == "insert_example":
        terminal.write("every")
        terminal.press("f1")
        terminal.wait_for("── every")
        terminal.press(*keys)
        terminal.wait_for(lambda: terminal.text.count("every(") > 1)
        terminal.press("f1")
        terminal.press("c-c")
    elif name == "keys":
        terminal.press(*keys)
        terminal.wait_for("── keys")
        terminal.press(*keys)
        terminal.wait_for("scratch.py")
    elif name in ("scroll_up", "scroll_down"):
        terminal.press("f2")
        terminal.wait_for("Keys (each")
        terminal.press(*KEYMAP.chords["scroll_down"][0])
        terminal.wait_for(lambda: "Keys (each" not in terminal.text)
        terminal.press(*keys)
        if name == "scroll_up":
            terminal.wait_for("Keys (each")
        terminal.press("f2")
        terminal.wait_for("scratch.py")
    elif name == "watch":
        terminal.press(*keys)
        terminal.wait_for("No file is watched")
    elif name == "status":
        terminal.press(*keys)
        terminal.wait_for(lambda: terminal.text.count("bpm") > 1)
    elif name in ("undo_text", "redo_text"):
        terminal.write("first ")
        terminal.press("c-k")
        terminal.write("zweit")
        terminal.press("c-w")
        terminal.wait_for(lambda: "zweit" not in terminal.text)
        terminal.press(*KEYMAP.chords["undo_text"][0])
        terminal.wait_for("zweit")
        if name == "redo_text":
            terminal.press(*keys)
            terminal.wait_for(lambda: "zweit" not in terminal.text)
    elif name == "complete":
        terminal.write("hus")
        terminal.press(*keys)
        terminal.wait_for("Silences")
        terminal.press("c-c")
    elif name == "leave":
        with full(player) as other:
            other.press(*keys)
            assert other.wait_for_end() == 0
    else:
        assert name in ("next_scene", "previous_scene", "undo", "redo")
        before = terminal.text
        terminal.press(*keys)
        terminal.wait_for(lambda: terminal.lines[:-1] != before.split("\n")[:-1])
    assert "fault of the shell" not in terminal.text


def _pressed_until(terminal: Terminal, keys: Chord, text: str) -> bool:
    """The words of the documentation are read in the background; press until they are there."""
    if text in terminal.text:
        return True
    terminal.press(*keys)
    terminal.wait_until_quiet(0.5, 2.0)
    return text in terminal.text


def test_a_wrong_key_is_told_at_the_start_with_its_setting(player: LivePlayer) -> None:
    command = [
        sys.executable,
        "-m",
        "marmalade_sc",
        "--dir",
        str(player.places.root),
        "--set",
        "keys.hush=f10",
        "shell",
    ]
    terminal = Terminal(command)
    try:
        assert terminal.wait_for_end() == 2
        assert "keys.panic" in terminal.text and "keys.hush" in terminal.text
    finally:
        terminal.close()


def test_panic_works_while_code_hangs(player: LivePlayer) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("hh*8")')
    with shell(player) as terminal:
        terminal.write("while True: pass\r")
        terminal.wait_for("evaluating")
        terminal.press("f10")
        terminal.wait_for("panic")
        eventually(lambda: player.peak_db(track) < -100)
        terminal.press("c-c")
        terminal.wait_for("interrupted")
