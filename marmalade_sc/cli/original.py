"""`marmalade original`: speak with players of the original Marmalade."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

import click

from marmalade_sc.cli.session import Session, with_session

if TYPE_CHECKING:
    from marmalade_sc.original.client import Client

__all__ = ["original"]

T = TypeVar("T")


@click.group()
def original() -> None:
    """Speak with players of the original Marmalade: list, fetch, ask to play."""


@original.command()
@with_session
def show(session: Session) -> None:
    """Say who this player is to original ones; the RSA key is made where there is none yet."""
    from marmalade_sc.identity.rsa import rsa_identity_at

    path = session.places.root / "original.key"
    own = rsa_identity_at(path).public
    port = session.settings().integer("original.port")
    click.echo(f"player      {own.player}")
    click.echo(f"public key  {own}")
    click.echo(f"file        {path}")
    click.echo(f"port        {port or 'none: `marmalade config set original.port 2468` lets them in'}")


@original.command()
@click.argument("address")
def players(address: str) -> None:
    """List the players that the one at ADDRESS (http://host:port) knows."""
    rows = _with(address, lambda client: client.players())
    for each in rows:
        seen = datetime.fromtimestamp(each.last_seen_s, UTC)
        click.echo(f"{each.key.player}  {each.address:32} {seen:%Y-%m-%d %H:%M:%S}")
    if not rows:
        click.echo("It knows nobody, or tells no keys that are used here (RSA of 2,048 to 8,192 bits).")


@original.command()
@click.argument("address")
def generators(address: str) -> None:
    """List the generators of the player at ADDRESS."""
    rows = _with(address, lambda client: client.generators())
    for each in rows:
        click.echo(str(each.id))
    if not rows:
        click.echo("It has no generators.")


@original.command()
@click.argument("address")
def who(address: str) -> None:
    """Say which player of ours answers at ADDRESS, by the record that its two keys have signed."""
    from marmalade_sc.original.binding import read_binding

    key, other = read_binding(_with(address, lambda client: client.binding()))
    click.echo(f"player      {key.player}")
    click.echo(f"public key  {key}")
    click.echo(f"RSA player  {other.player}")


@original.command()
@click.argument("address")
@click.argument("generator")
@with_session
def fetch(session: Session, address: str, generator: str) -> None:
    """Fetch GENERATOR (<player ID>:<name>) from the player at ADDRESS. It runs when you accept it."""
    from marmalade_sc.errors import GeneratorError
    from marmalade_sc.generators.archive import pack, read_archive
    from marmalade_sc.ids import GeneratorId

    wanted = GeneratorId.parse(generator)
    path = session.places.generators / f"{wanted}.tgz"
    if path.exists():
        raise GeneratorError(f"There is a generator {wanted} already", hint=f"Move {path} away first.")
    tree = read_archive(_with(address, lambda client: client.archive(wanted)))
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(pack(tree))
        aside.replace(path)
    except OSError as error:
        raise GeneratorError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        aside.unlink(missing_ok=True)
    click.echo(f"{wanted} {tree.sha256[:12]} {path}")
    click.echo(f"Next: marmalade generator accept {wanted}; marmalade generator run {wanted}")


@original.command()
@click.argument("address")
@click.argument("generator")
@click.argument("instance", required=False)
@click.option("--jam", required=True, help="The jam that both play, by name.")
@with_session
def play(session: Session, address: str, generator: str, instance: str | None, jam: str) -> None:
    """Ask the player at ADDRESS to run your GENERATOR, which it fetches from `original.address`."""
    from marmalade_sc.errors import UsageError
    from marmalade_sc.identity.rsa import rsa_identity_at
    from marmalade_sc.original.wire import Play
    from marmalade_sc.player.generators.shelves import shelf_of
    from marmalade_sc.player.peers.whereabouts import original_address

    settings = session.settings()
    if not settings.integer("original.port"):
        raise UsageError("The player could not fetch it", hint="`marmalade config set original.port 2468` first.")
    here = original_address(settings)
    shelf = shelf_of(session.places, settings)
    shelf.find(f"{shelf.trust.own.player}:{generator}")
    own = rsa_identity_at(session.places.root / "original.key")
    asked = Play(jam, generator, instance or str(int(time.time())), here, own.public)
    _with(address, lambda client: client.play(asked, own))
    click.echo(f"{address} plays {asked.id}, instance {asked.instance}.")


def _with(address: str, ask: "Callable[[Client], Awaitable[T]]") -> T:
    from marmalade_sc.errors import PeerError, UsageError
    from marmalade_sc.original.client import Client
    from marmalade_sc.original.wire import Address

    try:
        to = Address.parse(address)
    except PeerError:
        raise UsageError(f"{address!r:.80} is no address", hint="Write http://host:port, as in its list.") from None

    async def asked() -> T:
        async with Client(to) as client:
            return await ask(client)

    return asyncio.run(asked())
