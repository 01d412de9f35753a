"""`marmalade config`: settings shown and changed."""

import json

import click

from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.errors import SettingsError
from marmalade_sc.settings.change import change
from marmalade_sc.settings.table import SETTINGS, find, written

__all__ = ["config"]


@click.group()
def config() -> None:
    """Show and change settings."""


@config.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def show(session: Session, as_json: bool) -> None:
    """Show every setting in force and where it came from."""
    settings = session.settings()
    if as_json:
        found = {key: {"value": each.value, "origin": each.origin} for key, each in settings}
        click.echo(json.dumps(found, indent=1, ensure_ascii=False))
        return
    wide = max(map(len, SETTINGS))
    for key, each in settings:
        click.echo(f"{key:{wide}}  {written(each.value):14}  {click.style(each.origin, dim=True)}")


@config.command()
@click.argument("key")
@with_session
def get(session: Session, key: str) -> None:
    """Print one setting in force."""
    found = session.settings()[key].value
    click.echo(found if isinstance(found, str) else written(found))


@config.command(name="set")
@click.argument("key")
@click.argument("value", required=False)
@with_session
def set_(session: Session, key: str, value: str | None) -> None:
    """Write one setting to config.toml; everything else in it stays as it is."""
    find(key)
    if value is None:
        raise SettingsError(
            "Nothing to set.",
            hint=f"Write `marmalade config set {key} VALUE`, or `marmalade config unset {key}` for its default.",
        )
    click.echo(f"{key} = {written(change(session.places.config, key, value))}")


@config.command()
@click.argument("key")
@with_session
def unset(session: Session, key: str) -> None:
    """Take one setting out of config.toml, so that its default counts; everything else in it stays as it is."""
    default = written(change(session.places.config, key, None))
    now = session.settings()[key]
    click.echo(f"{key} = {default} (default)")
    if now.origin != "default":
        click.echo(f"{now.origin} goes before it: {key} = {written(now.value)}", err=True)
