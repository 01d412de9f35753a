"""The real shell in a pseudo-terminal on a real player: what a performer types."""

import json

import pytest

from tests.live.players import LivePlayer
from tests.live.shells import QUIET, full, scratch, shell
from tests.player.deadline import eventually

pytestmark = pytest.mark.live


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

            def is_kept() -> bool:
                written = (
                    history.read_bytes() if history.exists() else b""
                )  # at once: it may be in the middle of a line
                return written.endswith(b"\n") and json.loads(written.splitlines()[-1])["code"] == text

            eventually(is_kept, 40.0)
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
