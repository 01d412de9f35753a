"""`marmalade player`: the player run here, started in the background, stopped, asked."""

import contextlib
import json
import sys
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.session import Session, with_session

if TYPE_CHECKING:
    from marmalade_sc.player.supervision.running import Status

__all__ = ["player"]

_jam = click.option("--jam", metavar="NAME", help="The jam to play; made where it is not there yet.")


@click.group()
def player() -> None:
    """Run, start, stop the player, or say how it is."""


@player.command()
@_jam
@click.option("--detached", type=int, metavar="FD", hidden=True, help="Go on in the background; FD closes with it.")
@with_session
def run(session: Session, jam: str | None, detached: int | None) -> None:
    """Run the player here until Ctrl-C."""
    from marmalade_sc.player.supervision import running

    if detached is not None:
        running.detach(detached)

    def say(line: str) -> None:
        # A full disk under the log, or a terminal that is gone, costs the line and nothing else.
        with contextlib.suppress(OSError):
            print(f"marmalade: {line}", file=sys.stderr, flush=True)

    raise click.exceptions.Exit(running.run(session.places, session.options, jam, say))


@player.command()
@_jam
@with_session
def start(session: Session, jam: str | None) -> None:
    """Start the player in the background, ready when this returns."""
    from marmalade_sc.player.supervision import running

    started = running.start(session.places, session.options, jam)
    _show(started)


@player.command()
@with_session
def stop(session: Session) -> None:
    """Stop the player and wait until it is gone."""
    from marmalade_sc.player.supervision import running

    click.echo("The player has stopped." if running.stop(session.places) else "No player runs.")


@player.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def status(session: Session, as_json: bool) -> None:
    """Say what runs. Exit status 1 where no player runs."""
    from marmalade_sc.player.supervision import running

    found = running.status(session.places)
    if as_json:
        entries = {"pid": found.supervisor.pid, "jam": found.jam, "processes": list(found.processes)} if found else None
        click.echo(json.dumps(entries, indent=1))
    elif found is None:
        click.echo("No player runs.")
    else:
        _show(found)
    if found is None:
        raise click.exceptions.Exit(1)


def _show(found: "Status") -> None:
    click.echo(f"The player (process {found.supervisor.pid}) plays the jam {found.jam}.")
    for entry in found.processes:
        restarts, last = entry.get("restarts"), entry.get("last_exit")
        again = f"  restarted {restarts} times, last end: {last}" if restarts else f"  {last}" if last else ""
        click.echo(f"  {entry.get('name')!s:14} {entry.get('state')!s:9} {entry.get('pid') or '-'!s:>8}{again}")
