"""`marmalade` and `marmalade shell`: start or join the player and open the prompt."""

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.session import Session, read_set, with_session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marmalade_sc.settings.places import Places

__all__ = ["shell"]


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--jam", metavar="NAME", help="The jam to play; made where it is not there yet.")
@click.option("--keep", is_flag=True, help="Let the player play on when the shell that started it ends.")
@click.option("--full", is_flag=True, help="Begin with the full screen: code above, log below.")
@click.option(
    "--watch",
    multiple=True,
    metavar="FILE",
    type=click.Path(dir_okay=False),
    help="Evaluate FILE now and whenever it is saved; may be given several times.",
)
@with_session
def shell(session: Session, file: str | None, jam: str | None, keep: bool, full: bool, watch: tuple[str, ...]) -> None:
    """Start or join the player and open the prompt; FILE is evaluated first.

    Without a terminal (a window that is closed, a connection that breaks) the player plays on; the next shell finds it.
    """
    from pathlib import Path

    from marmalade_sc.player.live.starter import starter_set
    from marmalade_sc.player.supervision import running
    from marmalade_sc.shell.options import ShellOptions

    places = session.places
    settings = session.settings()
    options = ShellOptions.of(settings, places, os.environ, full)
    joined = running.status(places) is not None
    starts = {} if file is None else {file: read_set(Path(file))}
    if not sys.stdin.isatty():
        raise click.UsageError("The shell needs a terminal. Without one use `marmalade play` or `marmalade send`.")
    if joined:
        running.start(places, session.options, jam)
    else:
        starter = starter_set(places, settings)
        click.echo("Starting the player ...", err=True)
        running.start(places, session.options, jam, frozenset({"hub"}), meanwhile=_import_the_shell)
        if starter is not None and not starts and not watch:
            starts = {"starter set": starter}
            click.echo(f"The starter set plays; it is {places.sets / 'starter.py'}. hush() silences it.", err=True)
    from marmalade_sc.shell.history import take_over
    from marmalade_sc.shell.prompt import HUNG_UP, Shell

    if options.history is not None:
        take_over(places.root / "history.txt", options.history)

    def is_heard() -> bool:
        return (found := running.status(places)) is None or found.settled("engine")

    end = ""
    files = [Path(each) for each in watch]
    try:
        end = asyncio.run(Shell(options).run(_welcome(options.keymap.words), starts, files, is_heard))
    finally:
        if end != HUNG_UP:
            _leave(places, joined, keep)


def _import_the_shell() -> None:
    """0.15 s that a start need not wait for."""
    import marmalade_sc.shell.prompt  # noqa: F401


def _welcome(keys: "Mapping[str, str]") -> str:
    hush, panic, table = (keys[name].partition(",")[0] for name in ("hush", "panic", "keys"))
    return f"Type a line and press Enter. {hush} silences, {panic} is panic, {table} shows all keys, Ctrl-D leaves."


def _leave(places: "Places", joined: bool, keep: bool) -> None:
    """End the player that this shell has started, unless somebody else is at it; say whether it plays on."""
    from marmalade_sc.errors import PlayerError
    from marmalade_sc.player.control.protocol import request
    from marmalade_sc.player.supervision import running

    if joined or keep:
        if running.status(places) is not None:
            click.echo("The player plays on; `marmalade` joins it, `marmalade player stop` ends it.", err=True)
        return
    try:
        others = int(str(request(places.control_socket, "status", timeout_s=5.0).get("clients", 1))) - 1
    except PlayerError:
        others = 0
    if others > 0:
        click.echo("The player plays on for the others; `marmalade player stop` ends it.", err=True)
    else:
        running.stop(places)
        click.echo("The player has ended.", err=True)
