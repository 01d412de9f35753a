"""`marmalade invite`: a text with which others join the jam."""

import click

from marmalade_sc.cli.session import Session, with_session

__all__ = ["invite"]


@click.command()
@with_session
def invite(session: Session) -> None:
    """Print a text with which others join this jam. Whoever has it can hear who is in it; give it to friends only."""
    from marmalade_sc.cli.peers import ask

    click.echo(str(ask(session, "invite").get("value")))
