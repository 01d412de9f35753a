"""`marmalade generator grants, grant, revoke`: what generators may write beside their own tags."""

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.errors import MarmaladeError

if TYPE_CHECKING:
    from marmalade_sc.generators.shelf import Shelf

__all__ = ["GRANTS"]


@click.command()
@with_session
def grants(session: Session) -> None:
    """List what generators ask to write beside their own tags, and whether it is granted."""
    from marmalade_sc.generators.grants import granted
    from marmalade_sc.player.trust.quotas import grants_of

    by_level = grants_of(session.settings())
    found = _shelf(session).all()
    if not any(each.manifest.writes for each in found):
        click.echo("No generator asks to write more than its own tags.")
    for each in found:
        keys = granted(each.manifest.writes, each.trusted.level, each.trusted.grants, by_level)
        for key in each.manifest.writes:
            state = "granted" if key in keys else "not granted"
            click.echo(f"{each.id!s:32} {key:40} {state:12} trust {each.trusted.level}")


@click.command()
@click.argument("player")
@click.argument("key")
@with_session
def grant(session: Session, player: str, key: str) -> None:
    """Let generators of PLAYER write KEY if they ask for it, such as schedule:main; at once for those that run."""
    _change(session, player, key, True)


@click.command()
@click.argument("player")
@click.argument("key")
@with_session
def revoke(session: Session, player: str, key: str) -> None:
    """Let generators of PLAYER write KEY no more; at once for those that run."""
    _change(session, player, key, False)


GRANTS: Final = (grants, grant, revoke)


def _change(session: Session, player: str, key: str, is_given: bool) -> None:
    from marmalade_sc.generators.manifest import check_key
    from marmalade_sc.ids import PlayerId
    from marmalade_sc.player.control.protocol import request

    shelf, name = _shelf(session), PlayerId.parse(player)
    known = shelf.trust.of(name)
    change = {check_key(key)}
    keys = known.grants | change if is_given else known.grants - change
    shelf.trust.keep(name, replace(known, grants=frozenset(keys)))
    click.echo(f"{player} {'may' if is_given else 'may not'} write {key}")
    with contextlib.suppress(MarmaladeError):  # no player runs: it reads the file when it does
        request(session.places.control_socket, "regrant")


def _shelf(session: Session) -> "Shelf":
    from marmalade_sc.player.generators.shelves import shelf_of

    return shelf_of(session.places, session.settings())
