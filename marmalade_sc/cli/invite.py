"""`marmalade invite`: a text with which others join the jam."""

import re

import click

from marmalade_sc.cli.session import Session, with_session

__all__ = ["invite"]

_UNITS = {"m": 1 / 60, "h": 1.0, "d": 24.0}


class _Hours(click.ParamType):  # type: ignore[type-arg]  # generic in the stubs only
    """A time as 30m, 2h or 7d, in hours."""

    name = "TIME"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"([0-9]{1,4}(?:\.[0-9]{1,3})?)([mhd])", str(value))
        if found is None or float(found[1]) <= 0:
            self.fail(f"{value!r} is no time; write 30m, 2h or 7d", param, ctx)
        return float(found[1]) * _UNITS[found[2]]


@click.command()
@click.option("--trusted", is_flag=True, help="With the jam's key: whoever has it may play here, in sandboxes.")
@click.option("--once", is_flag=True, help="For one player: whoever shows it first. It holds a day, or --for.")
@click.option("--for", "hours", type=_Hours(), help="It holds for so long: 30m, 2h, 7d.")
@with_session
def invite(session: Session, trusted: bool, once: bool, hours: float | None) -> None:
    """Print a text with which others join this jam. Whoever has it can hear who is in it; give it to friends only.

    One that is for a time or for one player (--for, --once) says nothing of the jam's secret by itself, can be revoked,
    and needs this player to be there when it is used: marmalade peers invites.
    """
    from marmalade_sc.cli.peers import ask

    given = {"once": once, "hours": hours} if once or hours is not None else {}
    click.echo(str(ask(session, "invite", trusted=trusted, **given).get("value")))
