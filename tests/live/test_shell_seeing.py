"""What a performer sees: messages, lights, completions, terminals that can do little."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.live.players import LivePlayer, hearing
from tests.live.shells import full, plays, shell
from tests.live.terminal import Terminal
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


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


def test_the_bar_goes_on_when_lit_code_gives_way_to_the_prompt(player: LivePlayer) -> None:
    """It stood still from then on: tempo, bar, marks and the time of a recording were those of that moment."""
    track = player.track()

    def bar() -> str:
        return next((found[0] for line in terminal.lines if (found := re.search(r"bar \d+:\d", line))), "")

    with full(player) as terminal:
        terminal.paste(f'{track} >> s("hh*16")')
        terminal.press("escape", "enter")
        terminal.wait_for(f"{track} at bar")
        for ready in ("♪", "scratch.py", "♪"):
            terminal.pump(0.5)
            terminal.press("f3")
            terminal.wait_for(ready)
            seen: set[str] = set()
            eventually(lambda seen=seen: terminal.pump(0.05) or seen.add(bar()) or len(seen) > 3, 20.0)  # type: ignore[misc]
        assert "fault of the shell" not in terminal.scrolled


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


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
@pytest.mark.parametrize("face", ["plain", "full"])
def test_completions_have_their_place_while_a_page_is_open(
    player: LivePlayer, size: tuple[int, int], face: str
) -> None:
    """At the prompt page and menu together were too high: it said "Window too small" and nothing else."""
    arguments = ["--full"] if face == "full" else []
    ready = {"shell.starter": "never"}
    with shell(player, *arguments, settings=ready, size=size, ready="1" if arguments else "♪") as terminal:
        terminal.press("f2")
        terminal.wait_for("Keys (each")
        for letter in "sil":
            terminal.write(letter)
            terminal.wait_until_quiet(0.3, 3.0)
        terminal.wait_for("No events at all" if size[0] == 80 else "silence")
        assert "too small" not in terminal.text


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


def test_a_file_in_another_editor_can_be_lit_there(player: LivePlayer, tmp_path: Path) -> None:
    """The stream has file, line and column of what sounds, also when lines have moved; the step view shows it."""
    one, other = player.track(), player.track()
    path = tmp_path / "set.py"
    text = f'{one} >> s("bd sn")\n\n{other} >> bass("0 3")\n'
    path.write_text(text)
    column = len(one) + len(' >> s("') + 1

    def lines(events: list[dict[str, Any]], since: int) -> set[tuple[Any, ...]]:
        rows = [step for event in events[since:] if event.get("event") == "steps" for step in event["steps"]]
        return {tuple(place[:3]) for _, track, _, _, places in rows if track == one for place in places}

    with hearing(player, "steps") as events, shell(player, "--watch", str(path)) as terminal:
        eventually(lambda: lines(events, 0) == {("set.py", 1, column), ("set.py", 1, column + 3)}, 30.0)
        terminal.press("f7")
        terminal.wait_for(lambda: any(re.match(rf" {one} +\S? *.*■", line) for line in terminal.lines), 30.0)
        terminal.wait_for(lambda: any(re.match(rf" {other} +\S? *.*■", line) for line in terminal.lines), 30.0)
        path.write_text("# tonight\n\n" + text)

        def have_moved() -> bool:
            since = len(events)
            terminal.pump(0.5)
            return bool(found := lines(events, since)) and {line for _, line, _ in found} == {3}

        eventually(have_moved, 30.0)


def test_what_is_said_behind_a_view_is_at_the_prompt_when_it_is_closed_and_what_was_typed_too(
    player: LivePlayer,
) -> None:
    with shell(player) as terminal:
        terminal.write("half a li")
        terminal.press("f7", "f7")
        terminal.wait_for(lambda: "half a li" not in terminal.text)
        player.evaluate("print('said meanwhile')")
        terminal.pump(0.5)
        assert "said meanwhile" not in terminal.text
        terminal.press("c-d")
        terminal.wait_for(lambda: "said meanwhile" in terminal.text and "half a li" in terminal.text)


@pytest.mark.parametrize("keys", [("f7",), ("escape", "g", "r"), ("escape", "g", "o"), ("escape", "g", "f")])
def test_the_bar_goes_on_over_each_view(player: LivePlayer, keys: tuple[str, ...]) -> None:
    """A first wave imports numpy: the shell took it for slow drawing, and stood still for seconds."""
    track = player.track()
    with shell(player) as terminal:
        player.evaluate(f'{track} >> s("bd*4").set(amp=.05)')

        def bar() -> str:
            return next((found[0] for line in terminal.lines if (found := re.search(r"bar \d+:\d", line))), "")

        terminal.wait_for(lambda: bool(bar()))
        for _ in range(2):  # a panel, then the whole screen
            terminal.press(*keys)
            seen: set[str] = set()

            def moves(seen: set[str] = seen) -> bool:
                terminal.pump(0.05)
                seen.add(bar())
                return len(seen - {""}) >= 5

            eventually(moves, 15.0)
        player.evaluate(f"{track}.stop()")


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
