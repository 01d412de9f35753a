"""`marmalade join`: into the jam of an invite."""

from datetime import UTC, datetime

import click

from marmalade_sc.cli.session import Session, with_session

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
    from marmalade_sc.player import running
    from marmalade_sc.player.acquaintances import Acquaintances
    from marmalade_sc.player.directory import make
    from marmalade_sc.player.membership import take_jam_key
    from marmalade_sc.player.rollbook import Rollbook
    from marmalade_sc.player.shelves import shelf_of

    found, settings = read_invite(invite), session.settings()
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
