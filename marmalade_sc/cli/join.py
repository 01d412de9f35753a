"""`marmalade join`: into the jam of an invite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.session import Session, with_session

if TYPE_CHECKING:
    from marmalade_sc.peers.invites import Invite
    from marmalade_sc.peers.passes import Pass

__all__ = ["join"]


@click.command()
@click.argument("invite")
@click.option(
    "--trust", type=click.Choice(["ask", "sandbox"]), default="sandbox", help="How far the inviter is trusted."
)
@with_session
def join(session: Session, invite: str, trust: str) -> None:
    """Join the jam of INVITE: it is this player's jam from now on, and whoever gave the invite is trusted."""
    from marmalade_sc.identity.keys import PublicKey
    from marmalade_sc.jam.jams import Jams
    from marmalade_sc.peers.invites import read_invite
    from marmalade_sc.peers.passes import Pass
    from marmalade_sc.player.base.directory import make
    from marmalade_sc.player.generators.shelves import shelf_of
    from marmalade_sc.player.peers.rollbook import Rollbook
    from marmalade_sc.player.supervision import running
    from marmalade_sc.player.trust.acquaintances import Acquaintances
    from marmalade_sc.player.trust.membership import take_jam_key

    found, settings = read_invite(invite), session.settings()
    if isinstance(found, Pass):
        found = _shown(session, found)
    key = PublicKey(found.key)
    make(session.places)
    jams = Jams(session.places, settings.text("jam.name"))
    jam = jams.make(found.jam, datetime.now(UTC), found.jam_id.hex())
    Rollbook(session.places.jam(jam.name).root).met(found.key, found.address)
    if found.seed:
        take_jam_key(session.places.jam(jam.name).key, found.seed)
    name = Acquaintances(shelf_of(session.places, settings).trust).set(key, trust)
    if not running.move(session.places, jam.name):
        jams.choose(jam.name)
    click.echo(f"This player's jam is {jam.name} now. {name} (SHA256:{key.fingerprint}) is trusted: {trust}.")
    if found.seed:
        click.echo("With the jam's key: whoever has it may play here, and you there, each in its sandbox.")
    if not settings.text("peers.listen"):
        click.echo("It listens to nobody yet: marmalade config set peers.listen 0.0.0.0")


def _shown(session: Session, found: Pass) -> Invite:
    """What a pass opens: its giver is asked. Raises PeerError where it opens nothing, or nobody answers."""
    import asyncio
    import time

    from marmalade_sc.identity.keys import PublicKey, identity_at
    from marmalade_sc.peers.client import Client
    from marmalade_sc.peers.invites import Invite
    from marmalade_sc.peers.passes import knock
    from marmalade_sc.peers.reach import endpoint_of_invite

    own = identity_at(session.settings().path("player.key", session.places.key))

    async def ask() -> Invite:
        client = Client()
        try:
            body = knock(own, found, time.time_ns() // 1_000_000)
            jam_id, seed = await client.join(endpoint_of_invite(found.address), PublicKey(found.key), body)
        finally:
            await client.close()
        return Invite(found.address, found.key, found.jam, jam_id, seed)

    return asyncio.run(ask())
