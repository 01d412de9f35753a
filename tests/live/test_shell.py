"""The real shell in a pseudo-terminal on a real player: what a performer presses, sees and survives."""

import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from marmalade_sc.player import running
from marmalade_sc.settings.keys import ACTIONS
from marmalade_sc.shell.keys import Chord, expanded, read_keys
from tests.live.players import LivePlayer
from tests.live.terminal import Terminal
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

KEYMAP = read_keys({})
QUIET = {"shell.suggest": "false", "shell.starter": "never"}


@contextlib.contextmanager
def shell(
    player: LivePlayer,
    *arguments: str,
    settings: Mapping[str, str] = QUIET,
    size: tuple[int, int] = (100, 30),
    env: Mapping[str, str] | None = None,
    ready: str = "♪",
) -> Iterator[Terminal]:
    """A shell on `player`, whose prompt is there; the scratch of others is gone."""
    (player.places.sets / "scratch.py").unlink(missing_ok=True)
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(player.places.root), *sets, "shell", *arguments]
    terminal = Terminal(command, *size, env=env)
    try:
        terminal.wait_for(ready)
        if ready == "♪":
            terminal.wait_for("Type a line", all_of_it=True)
        yield terminal
    finally:
        terminal.close()


def full(player: LivePlayer) -> "contextlib.AbstractContextManager[Terminal]":
    """A shell in full-screen mode."""
    return shell(player, "--full", ready="scratch.py")


def scratch(player: LivePlayer) -> str:
    return (player.places.sets / "scratch.py").read_text(encoding="utf-8")


def mix(player: LivePlayer, track: str) -> Mapping[str, object]:
    found: Mapping[str, object] = player.ask("tracks")["tracks"][track]["mix"]
    return found


def plays(player: LivePlayer, track: str) -> bool:
    return bool(player.ask("tracks")["tracks"].get(track, {}).get("plays"))


# Typing and evaluating


def test_a_line_is_evaluated_and_its_landing_is_told(player: LivePlayer) -> None:
    track = player.track()
    with shell(player) as terminal:
        terminal.write(f'{track} >> s("bd*4\r')
        terminal.wait_for(f"{track} at bar")
        assert f'♪ {track} >> s("bd*4")' in terminal.text
        terminal.write("for n in range(2):\r")  # by hand: what comes at once is taken for a paste, with its margins
        terminal.wait_for("  ·")
        terminal.write("print(n, 'times')\r\r")
        terminal.wait_for("1 times")
        assert "  ·     print(n, 'times')" in terminal.text
        terminal.write("20 + 22\r")
        terminal.wait_for("\n42")


def test_a_mistake_is_shown_under_its_line_and_the_prompt_stays_whole(player: LivePlayer) -> None:
    with shell(player) as terminal:
        terminal.write('d1 >> s("bd [')
        terminal.press("delete", "enter")
        terminal.wait_for("never closed")
        terminal.write("1/0\r")
        terminal.wait_for("ZeroDivisionError")
        assert "line 1, column 1:" in terminal.text
        terminal.write("half a li")
        terminal.wait_for("half a li")
        player.evaluate("print('from outside')")
        terminal.wait_for("from outside")
        terminal.wait_for(lambda: terminal.lines.count("♪ half a li") == 1)


@pytest.mark.parametrize("mode", ["plain", "full"])
def test_500_lines_are_pasted_as_they_are(player: LivePlayer, mode: str) -> None:
    lines = [f"x{n} = [{n}, 'é', (" if n % 2 else f'    {n}), "<a b>"]' for n in range(500)]
    text = "\n".join(["if True:", *lines])
    with shell(player) if mode == "plain" else full(player) as terminal:
        terminal.paste(text)
        terminal.wait_for("499,", 40.0) if mode == "plain" else terminal.wait_until_quiet(1.0)
        if mode == "plain":
            terminal.press("escape", "enter")
            history = player.places.root / "history.jsonl"
            eventually(lambda: history.exists() and history.read_bytes().endswith(b"\n"), 40.0)
            eventually(lambda: json.loads(history.read_bytes().splitlines()[-1])["code"] == text, 40.0)
        else:
            terminal.press("c-q")
            terminal.wait_for_end()
            assert scratch(player) == text


def test_what_a_terminal_pastes_without_brackets_keeps_its_own_margins(player: LivePlayer) -> None:
    """Margins that are put before those that are there already climb to the right, line by line."""
    text = "def rise(n):\n    for k in range(n):\n        x = [k, (k + 1)]\n        y = '[a b]'\n    return n\n"
    with full(player) as terminal:
        terminal.write(text.replace("\n", "\r"))
        terminal.wait_for("return n")
        terminal.wait_until_quiet(0.5)
        terminal.press("c-q")
        terminal.wait_for_end()
    assert scratch(player).strip() == text.strip()


@pytest.mark.parametrize("mode", ["plain", "full"])
def test_every_size_from_a_stamp_to_a_wall_is_drawn(player: LivePlayer, mode: str) -> None:
    track = player.track()
    player.evaluate(f'{track} >> s("bd*4")')
    with shell(player) if mode == "plain" else full(player) as terminal:
        terminal.write(f'{track} >> s("bd hh*4 sn')
        for columns, rows in ((80, 24), (250, 80), (30, 8), (20, 4), (10, 2), (120, 40), (80, 24)):
            terminal.resize(columns, rows)
            terminal.write(" cp")
            terminal.wait_until_quiet(0.2, 4.0)
            assert terminal.process.poll() is None
        terminal.wait_for("cp cp cp")
        eventually(
            lambda: terminal.pump(0.05) or "bpm" in terminal.lines[-1] or any("bpm" in x for x in terminal.lines)
        )
        terminal.press("f7")
        terminal.wait_for("┊")


def test_block_line_and_all_are_evaluated_from_the_page(player: LivePlayer) -> None:
    with full(player) as terminal:
        terminal.paste(
            "print('one')\nprint('two')\n\ndef f():\n    print('inside')\n\n    return 3\nf()\nprint('last')"
        )
        terminal.press("up", "up", "up")
        terminal.press("escape", "enter")
        terminal.wait_for(lambda: terminal.lines.count("inside") == 1 and terminal.lines.count("last") == 1)
        assert "one" not in terminal.lines
        terminal.press("escape", "<", "f5")
        terminal.wait_for(lambda: "one" in terminal.lines)
        assert "two" not in terminal.lines
        terminal.press("f6")
        terminal.wait_for(lambda: "two" in terminal.lines)


def test_what_is_on_the_page_stays_when_changing_and_leaving(player: LivePlayer) -> None:
    with shell(player) as terminal:
        terminal.write("half")
        terminal.press("f3")
        terminal.wait_for("scratch.py")
        terminal.write("# a page")
        terminal.press("f3")
        terminal.wait_for("♪ half")
        assert scratch(player) == "# a page"
        terminal.press("f3")
        terminal.wait_for("# a page")
        (player.places.sets / "scratch.py").write_text("# somebody else's")
        terminal.write(", mine")
        terminal.press("c-q")
        terminal.wait_for_end()
    assert scratch(player) == "# a page, mine"
    others = [path for path in player.places.sets.glob("scratch-*.py") if "somebody" in path.read_text()]
    assert others
    for path in others:
        path.unlink()


def test_vi_keys(player: LivePlayer) -> None:
    with shell(player, settings={**QUIET, "shell.vi": "true"}) as terminal:
        terminal.write("40 + 22")
        terminal.wait_for("40 + 22")
        terminal.press("escape")
        terminal.wait_until_quiet()
        terminal.write("xxi3")
        terminal.press("escape")
        terminal.wait_until_quiet()
        terminal.press("enter")
        terminal.wait_for("\n43")
        terminal.write("40 + 4\r")
        terminal.wait_for("\n44")


# Keys

CHORDS = [(name, chord) for name, chords in KEYMAP.chords.items() for chord in chords]


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


# Going and coming


@pytest.mark.parametrize("mode", ["plain", "full"])
def test_ctrl_c_and_ctrl_d(player: LivePlayer, mode: str) -> None:
    with shell(player) if mode == "plain" else full(player) as terminal:
        terminal.write("abc")
        terminal.press("left", "c-d")
        terminal.wait_for(lambda: any(re.search(r"\bab$", line) for line in terminal.lines))
        terminal.press("c-c", "c-c")
        if mode == "plain":
            terminal.wait_for(lambda: "♪" in terminal.lines)
        else:
            terminal.press("backspace", "backspace", "backspace")
        os.kill(terminal.process.pid, signal.SIGINT)
        terminal.wait_until_quiet()
        assert terminal.process.poll() is None
        terminal.press("c-d")
        assert terminal.wait_for_end() == 0
        assert "The player plays on" in terminal.text


def test_a_terminal_that_is_killed_leaves_the_music_and_a_new_shell_finds_it(tmp_path: Path) -> None:
    """The shell that started the player loses its window: nobody at the front hears anything."""
    player = LivePlayer(tmp_path / "p")
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(player.places.root), "--set", "audio.driver=dummy"]
    first = Terminal([*command, "--set", "shell.starter=never"])
    try:
        first.wait_for("Type a line", 60.0)
        first.write('d1 >> s("bd*4")\r')
        first.wait_for("d1 at bar", 60.0)
        first.hang_up()
        first.process.wait(20)
        second = Terminal(command)
        try:
            second.wait_for(" d1")
            before = len(player.notes("d1"))
            eventually(lambda: len(player.notes("d1")) > before)
            second.press("c-d")
            second.wait_for_end()
            assert "The player plays on" in second.text
        finally:
            second.close()
        assert running.status(player.places) is not None
    finally:
        first.close()
        player.stop()


def test_a_hub_that_is_killed_is_joined_again_and_what_was_typed_is_still_there(player: LivePlayer) -> None:
    with shell(player) as terminal, full(player) as other:
        terminal.write("half a line")
        terminal.wait_for("half a line")
        before = player.kill("hub")
        eventually(lambda: player.is_back("hub", before), 30.0)
        assert "half a line" in terminal.text
        terminal.press("c-c")

        def told() -> bool:
            terminal.write("print('told to', 'both')\r")
            terminal.wait_until_quiet()
            other.wait_until_quiet()
            return "told to both" in terminal.lines and "told to both" in other.lines

        eventually(told, 30.0)


# Seeing


def test_a_flood_is_folded_and_the_prompt_is_still_there(player: LivePlayer) -> None:
    with shell(player) as terminal:
        terminal.write("for n in range(3000): print('line', n)\r\r")
        terminal.wait_for("lines folded", all_of_it=True)
        terminal.wait_for("line 2999")
        assert len(re.findall(r"^line \d+$", terminal.scrolled, re.MULTILINE)) < 300
        terminal.write("for n in range(37): print('again')\r\r")
        terminal.wait_for("x 37")
        terminal.write("print('\\x1b[2J\\x1b]0;title\\x07\\x9bowned')\r")
        terminal.wait_for("owned")
        terminal.write("2 + 40\r")
        terminal.wait_for("\n42")


def test_the_step_that_sounds_is_lit_in_the_code_that_made_it(player: LivePlayer) -> None:
    track = player.track()
    with full(player) as terminal:
        terminal.paste(f'# above\n{track} >> s("bd sn hh cp")')
        terminal.press("escape", "enter")
        seen: set[str] = set()

        def lit() -> bool:
            terminal.pump(0.05)
            rows = [number for number, line in enumerate(terminal.lines) if "bd sn" in line]
            if not rows:
                return False
            row = terminal.screen.buffer[rows[0]]
            word = "".join(row[at].data for at in range(100) if row[at].bg != "default" and row[at].data.isalpha())
            seen.update({word} & {"bd", "sn", "hh", "cp"})
            return len(seen) == 4

        eventually(lit, 20.0)
        terminal.press("escape", "<", "enter", "enter")
        seen.clear()
        eventually(lit, 20.0)
        player.evaluate("hush()")
        eventually(lambda: terminal.pump(0.05) or not plays(player, track))


def test_completions_have_their_documentation_beside_them(player: LivePlayer) -> None:
    with shell(player, settings={"shell.starter": "never"}, size=(120, 30)) as terminal:
        eventually(lambda: _typed(terminal, "hus", "Silences"), 20.0)
        terminal.press("tab", "enter")
        terminal.wait_for(lambda: any(line.startswith("♪ hush") for line in terminal.lines))
        terminal.press("c-c")
        terminal.write('d1 >> s("')
        terminal.write("ki")
        terminal.wait_for("kick")
        terminal.press("c-c")
        terminal.write("every?\r")
        terminal.wait_for("every(")


def _typed(terminal: Terminal, text: str, expected: str) -> bool:
    terminal.press("c-c")
    terminal.write(text)
    terminal.wait_until_quiet(0.5, 3.0)
    return expected in terminal.text


def test_a_file_that_is_saved_is_evaluated_where_it_changed(player: LivePlayer, tmp_path: Path) -> None:
    path = tmp_path / "set.py"
    path.write_text("print('one')\nprint('two')\n")
    with shell(player, "--watch", str(path)) as terminal:
        terminal.wait_for(lambda: "two" in terminal.lines)
        path.write_text("print('one')\n\nprint('drei')\n")
        terminal.wait_for(lambda: "drei" in terminal.lines)
        assert terminal.lines.count("one") == 1
        path.write_text("print('one')\n\nprint('drei'\n")
        terminal.wait_for("set.py, line")
        terminal.press("escape", "w")
        terminal.wait_for("not watched any more")


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"NO_COLOR": "1"}, {"MARMALADE_SHELL_SCREEN_READER": "1"}])
def test_terminals_and_people_that_want_little(player: LivePlayer, env: Mapping[str, str]) -> None:
    with shell(player, env=env) as terminal:
        is_linear = "NO_COLOR" not in env
        terminal.write("20 + 2x\x7f2\r")
        terminal.wait_for("\n42")
        if is_linear:
            assert "bpm" not in terminal.text
            terminal.press("escape", "q")
            terminal.wait_for("bpm")
            terminal.write("half")
            player.evaluate("print('outside')")
            terminal.wait_for("outside")
            terminal.wait_for(lambda: terminal.lines[-1] == "♪ half" or "♪ half" in terminal.lines)
            terminal.press("f9")
        else:
            colours = {cell.fg for line in terminal.screen.buffer.values() for cell in line.values()}
            assert colours == {"default"}
        terminal.press("c-c", "c-d")
        assert terminal.wait_for_end() == 0


def test_a_terminal_that_does_not_say_where_its_cursor_is(player: LivePlayer) -> None:
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(player.places.root), "shell"]
    terminal = Terminal(command, answers=False)
    try:
        terminal.wait_for("♪")
        terminal.write("40 + 2\r")
        terminal.wait_for("\n42")
        terminal.wait_until_quiet(2.5)
        assert "CPR" not in terminal.text
    finally:
        terminal.close()


def test_history_comes_back_in_the_next_shell(player: LivePlayer) -> None:
    with shell(player) as terminal:
        terminal.write("'eine Zeile von eben'\r")
        terminal.wait_for("\n'eine Zeile von eben'")
    with shell(player) as terminal:
        terminal.write("'eine")
        terminal.press("up")
        terminal.wait_for("♪ 'eine Zeile von eben'")
        terminal.press("c-c")
        terminal.write("history('Zeile von')\r")
        terminal.wait_for("home")
        assert set(ACTIONS) == set(KEYMAP.chords)
