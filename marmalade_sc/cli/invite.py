"""`marmalade invite`: a text with which others join the jam."""

import click

from marmalade_sc.cli.session import Session, with_session

__all__ = ["invite"]


@click.command()
@click.option("--trusted", is_flag=True, help="With the jam's key: whoever has it may play here, in sandboxes.")
@with_session
def invite(session: Session, trusted: bool) -> None:
    """Print a text with which others join this jam. Whoever has it can hear who is in it; give it to friends only."""
    from marmalade_sc.cli.peers import ask

    click.echo(str(ask(session, "invite", trusted=trusted).get("value")))
