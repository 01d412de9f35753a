"""Real shells in pseudo-terminals on a real player, for the tests of what is typed, pressed, seen and survived."""

import contextlib
import sys
from collections.abc import Iterator, Mapping

from tests.live.players import LivePlayer
from tests.live.terminal import Terminal

__all__ = ["QUIET", "full", "mix", "plays", "scratch", "shell"]


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
