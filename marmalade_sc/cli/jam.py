"""`marmalade jam`: jams started, stopped, listed, switched to, put away, deleted."""

import json
from datetime import UTC, datetime

import click

from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.cli.state import asked
from marmalade_sc.errors import JamError, UsageError
from marmalade_sc.jam.jams import Jams

__all__ = ["jam"]


@click.group()
def jam() -> None:
    """Start, stop, list, switch, archive and delete jams."""


def _jams(session: Session) -> Jams:
    return Jams(session.places, session.settings().text("jam.name"))


@jam.command()
@click.argument("name")
@click.option("--bars", type=click.FloatRange(0, 64), default=0.0, help="Let generators finish within so many bars.")
@with_session
def start(session: Session, name: str, bars: float) -> None:
    """Play the jam NAME: made where it is not there yet; a player is started, or moves there."""
    from marmalade_sc.player.base.directory import make
    from marmalade_sc.player.supervision import running

    make(session.places)
    _jams(session).make(name, datetime.now(UTC))
    if bars and running.status(session.places) is not None:
        click.echo(asked(session, "jam", jam=name, bars=bars)["value"])
    elif running.move(session.places, name):
        click.echo(f"The player plays the jam {name}.")
    else:
        running.start(session.places, session.options, name)
        click.echo(f"The player plays the jam {name}.")


@jam.command()
@click.argument("name", required=False)
@click.option("--bars", type=click.FloatRange(0, 64), default=0.0, help="Let generators finish within so many bars.")
@with_session
def stop(session: Session, name: str | None, bars: float) -> None:
    """Stop playing the jam NAME (default: the one that plays); its state stays."""
    from marmalade_sc.player.supervision import running

    found = running.status(session.places)
    if found is None:
        click.echo("No jam plays.")
        return
    if name is not None and name != found.jam:
        raise UsageError(f"The jam {name} does not play; {found.jam} does.")
    if bars:
        click.echo(asked(session, "shutdown", bars=bars)["value"])
        return
    running.stop(session.places)
    click.echo(f"The jam {found.jam} has stopped.")


@jam.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def list_(session: Session, as_json: bool) -> None:
    """List the jams; the current one has a star."""
    found = _jams(session).all()
    if as_json:
        rows = [
            {"name": j.name, "id": j.id, "created": j.created, "bytes": j.size, "current": j.is_current} for j in found
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for each in found:
        star = "*" if each.is_current else " "
        click.echo(f"{star} {each.name:24} {each.size / 1e6:9.1f} MB  {each.created[:19].replace('T', ' ')}")
    if not found:
        click.echo("There is no jam yet. `marmalade jam start NAME` makes one.")


@jam.command()
@click.argument("name")
@with_session
def switch(session: Session, name: str) -> None:
    """Make the jam NAME the current one; a player that runs moves there."""
    from marmalade_sc.player.supervision import running

    moved = running.move(session.places, name)
    click.echo(f"The player plays the jam {name}." if moved else f"{name} is the current jam.")


@jam.command()
@click.argument("name")
@with_session
def archive(session: Session, name: str) -> None:
    """Put the jam NAME away as one file and remove its folder."""
    _refuse_playing(session, name)
    click.echo(f"The jam {name} is in {_jams(session).archive(name, datetime.now(UTC))}.")


@jam.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_session
def delete(session: Session, name: str, yes: bool) -> None:
    """Remove the jam NAME with everything in it."""
    jams = _jams(session)
    found = jams.get(name)
    _refuse_playing(session, name)
    if not yes:
        try:
            click.confirm(f"Remove the jam {name} ({found.size / 1e6:.1f} MB) for ever?", abort=True)
        except click.Abort:
            click.echo(f"The jam {name} stays. With --yes it is removed without asking.", err=True)
            raise
    jams.delete(name)
    click.echo(f"The jam {name} is gone.")


def _refuse_playing(session: Session, name: str) -> None:
    from marmalade_sc.player.supervision import running

    playing = running.status(session.places)
    if playing is not None and playing.jam == name:
        raise JamError(f"The jam {name} plays. Stop it with `marmalade jam stop` or switch to another one first.")
