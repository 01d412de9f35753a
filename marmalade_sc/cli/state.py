"""`marmalade state`: tags, their history and credits of the jam that plays."""

import json
from typing import Any

import click

from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.errors import MarmaladeError

__all__ = ["asked", "state"]


@click.group()
def state() -> None:
    """Show the state of the jam that plays: tags, their history, credits."""


@state.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def tags(session: Session, as_json: bool) -> None:
    """List all tags that are set: value, and who set it."""
    answer = asked(session, "tags")
    click.echo(json.dumps(answer["tags"]) if as_json else answer["value"])


@state.command()
@click.argument("name")
@click.option("--most", type=click.IntRange(1, 1000), default=20, show_default=True, help="So many values.")
@click.option("--first", type=int, help="Not before this: milliseconds of jam time.")
@click.option("--last", type=int, help="Not after this: milliseconds of jam time.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def history(session: Session, name: str, most: int, first: int | None, last: int | None, as_json: bool) -> None:
    """Show what NAME was over time: a tag, one instance's (player:generator:instance:tag), or a key of the state."""
    answer = asked(session, "history", name=name, most=most, first_ms=first, last_ms=last)
    click.echo(json.dumps(answer["points"]) if as_json else answer["value"])


@state.command("credits")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def credits_(session: Session, as_json: bool) -> None:
    """Say who made what is to be heard now."""
    answer = asked(session, "credits")
    click.echo(json.dumps(answer["credits"]) if as_json else answer["value"])


@state.command()
@click.argument("name", default="")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def denials(session: Session, name: str, as_json: bool) -> None:
    """List what was refused to generators: to all, or to NAME (a generator, an instance or a player)."""
    answer = asked(session, "denials", name=name)
    click.echo(json.dumps(answer["denials"]) if as_json else answer["value"])


def asked(session: Session, do: str, **fields: Any) -> dict[str, object]:
    """The answer of the player that runs. Raises MarmaladeError for what it refuses, or where none runs."""
    from marmalade_sc.player.control.protocol import request

    answer = request(session.places.control_socket, do, **fields)
    error = answer.get("error")
    if isinstance(error, dict):
        raise MarmaladeError(str(error.get("text")))
    return answer
