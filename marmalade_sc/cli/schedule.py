"""`marmalade schedule`: the jam's schedule drawn, set and edited in the player that runs."""

import json
from pathlib import Path

import click

from marmalade_sc.cli.session import Session, read_set, with_session
from marmalade_sc.cli.state import asked

__all__ = ["schedule"]


@click.group()
def schedule() -> None:
    """Show, set and edit the schedule of the jam that plays."""


@schedule.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def show(session: Session, as_json: bool) -> None:
    """Draw the schedule and mark where this player is in it."""
    answer = asked(session, "schedule")
    if as_json:
        click.echo(json.dumps({name: answer.get(name) for name in ("schedule", "place")}))
        return
    click.echo(answer["value"])


@schedule.command("set")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_session
def set_(session: Session, file: Path) -> None:
    """Play by the schedule in FILE from the next bar on: a line for each context."""
    click.echo(asked(session, "set_schedule", text=read_set(file))["value"])


@schedule.command()
@click.argument("lines")
@with_session
def edit(session: Session, lines: str) -> None:
    """Put the contexts in LINES in the place of those of their names; nobody is moved."""
    click.echo(asked(session, "set_schedule", text=lines.replace(";", "\n"), edit=True)["value"])
