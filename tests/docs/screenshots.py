"""Pictures of the shell for the documentation: `scripts/screenshots` writes docs/images/*.svg anew."""

import io
import re
import sys
import tempfile
import time
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, DIMMED_MONOKAI, TerminalTheme
from rich.text import Text

from tests.docs.fences import DOCS
from tests.live.players import LivePlayer, playing
from tests.live.terminal import Terminal

IMAGES = DOCS / "images"
SIZE = (100, 26)
_NO_FONTS = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
"""Rich's picture asks a server for its font; a page of documentation asks nobody."""
_NAMES = {"brown": "yellow"}

PAGE = """\
# drums
d1 >> s("bd ~ sn ~, hh*8").every(4, fast(2))
d2 >> s("~ cp, rim(3,8)")

# bass and chords
b1 >> bass("<0 [0 3] 5 4>*2", scale="minor",
           root="a2", cutoff="<400 700 1200>")
p1 >> pad(chord("<Am7 Dm9 G7 Cmaj7>").voicing(), amp=.2)

def louder(pattern):
    return pattern.set(amp=.8)"""


def picture(terminal: Terminal, theme: TerminalTheme) -> str:
    """The screen of a terminal as SVG."""
    screen = terminal.screen
    console = Console(
        record=True, width=screen.columns, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    for row in range(screen.lines):
        line = Text()
        for column in range(screen.columns):
            cell = screen.buffer[row][column]
            here = (row, column) == (screen.cursor.y, screen.cursor.x) and not screen.cursor.hidden
            style = Style(
                color=_colour(cell.fg),
                bgcolor=_colour(cell.bg),
                bold=cell.bold,
                italic=cell.italics,
                underline=cell.underscore,
                strike=cell.strikethrough,
                reverse=cell.reverse != here,
            )
            line.append(cell.data, style)
        console.print(line, end="\n", no_wrap=True, crop=True)
    svg = console.export_svg(title="marmalade", theme=theme, code_format=_NO_FONTS, unique_id="marmalade")
    return re.sub(r"<!--.*?-->\s*", "", svg, flags=re.DOTALL)


def _colour(name: str) -> str | None:
    if name == "default":
        return None
    return f"#{name}" if re.fullmatch("[0-9a-f]{6}", name) else _NAMES.get(name, name)


def shoot(player: LivePlayer, mode: str, theme: str) -> str:
    """A shell in a mode and a theme, with something going on."""
    command = [sys.executable, "-m", "marmalade_sc", "--dir", str(player.places.root), "--set", f"shell.theme={theme}"]
    command += ["shell", *(["--full"] if mode == "full" else [])]
    (player.places.sets / "scratch.py").unlink(missing_ok=True)
    terminal = Terminal(command, *SIZE, env={"COLORTERM": "truecolor", "PROMPT_TOOLKIT_COLOR_DEPTH": "DEPTH_24_BIT"})
    try:
        terminal.wait_for("bpm")
        terminal.wait_until_quiet(1.0)
        if mode == "full":
            terminal.paste(PAGE)
            for line in (2, 6):
                terminal.press("escape", "<", *["down"] * (line - 1), "escape", "enter")
                terminal.wait_until_quiet(0.5)
            terminal.press("end")
        else:
            terminal.press("c-l")
            for line in ('d1 >> s("bd ~ sn ~, hh*8', 'b1 >> bass("<0 [0 3] 5 4>*2", scale="minor', 'd2 >> s("kik'):
                terminal.write(line)
                terminal.press("enter")
                terminal.wait_until_quiet(0.8)
            terminal.write('b1 >> bass("0 3 <5 7>", cut')
            terminal.wait_until_quiet(1.0)
        _pump(terminal, 2.0)
        dark = theme == "dark"
        return picture(terminal, DIMMED_MONOKAI if dark else DEFAULT_TERMINAL_THEME)
    finally:
        terminal.close()


def _pump(terminal: Terminal, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        terminal.pump(0.05)


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="marmalade-") as folder, playing(Path(folder)) as player:
        for mode in ("plain", "full"):
            for theme in ("dark", "light"):
                svg = shoot(player, mode, theme)
                (IMAGES / f"{mode}-{theme}.svg").write_text(svg, encoding="utf-8")
                print(f"docs/images/{mode}-{theme}.svg", file=sys.stderr)
                player.evaluate("hush()")


if __name__ == "__main__":
    main()
