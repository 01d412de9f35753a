"""`marmalade key`: who this player is."""

import click

from marmalade_sc.cli.session import Session, with_session

__all__ = ["key"]


@click.group()
def key() -> None:
    """Show or make the key that this player signs with."""


@key.command()
@with_session
def show(session: Session) -> None:
    """The player's ID, fingerprint and public key; the key is made where there is none yet."""
    from marmalade_sc.identity.keys import identity_at

    path = session.settings().path("player.key", session.places.key)
    public = identity_at(path).public
    click.echo(f"player       {public.player}")
    click.echo(f"fingerprint  SHA256:{public.fingerprint}")
    click.echo(f"public key   {public}")
    click.echo(f"file         {path}")


@key.command()
@with_session
def new(session: Session) -> None:
    """Make the key. One that is there already is never written over: move it away first."""
    from marmalade_sc.errors import IdentityError
    from marmalade_sc.identity.keys import make_identity

    path = session.settings().path("player.key", session.places.key)
    try:
        made = make_identity(path)
    except FileExistsError:
        raise IdentityError(
            f"There is a key in {path} already", hint="Generators are named after it. Move it away to be someone else."
        ) from None
    click.echo(f"This player is {made.player} now; the key is in {path}. Keep a copy of it.")


@key.command()
@with_session
def rotate(session: Session) -> None:
    """Make another key. The old one signs that it follows, so who trusts you goes on to. The player must not run."""
    from marmalade_sc.errors import IdentityError
    from marmalade_sc.player.peers.rotation import rotate as change
    from marmalade_sc.player.supervision import running

    if running.status(session.places) is not None:
        raise IdentityError("The player runs", hint="End it first: marmalade player stop.")
    old, new, kept = change(session.places, session.settings().path("player.key", session.places.key))
    click.echo(f"{old.player} is {new.player} from now on; the old key is in {kept}.")
    click.echo("Generators that you have packed stay under the old name: pack them again.")
