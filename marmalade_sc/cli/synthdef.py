"""`marmalade synthdef`: synthdefs built, checked and listed, without a player."""

import json
from pathlib import Path

import click

from marmalade_sc.cli.session import Session, with_session

__all__ = ["synthdef"]


@click.group()
def synthdef() -> None:
    """Build, check and list synthdefs."""


@synthdef.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="As JSON: the rows of the catalogue.")
@with_session
def list_(session: Session, as_json: bool) -> None:
    """List all synthdefs with their controls."""
    from marmalade_sc.player.rendering.offline import orchestra_for

    _, definitions = orchestra_for(session.places, session.settings())
    if as_json:
        click.echo(json.dumps([dict(row) for row in definitions.rows], indent=1))
        return
    for row in definitions.rows:
        controls, aliases = row["controls"], row.get("aliases")
        assert isinstance(controls, list)
        names = ", ".join(
            f"{each['name']}={each['default']:g}{each['unit'] and ' ' + each['unit']}" for each in controls
        )
        also = f" ({', '.join(aliases)})" if isinstance(aliases, list) and aliases else ""
        click.echo(f"{row['name']}{also}: {row['doc']}\n    {names}")


@synthdef.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
def check(files: tuple[Path, ...]) -> None:
    """Build each FILE and say what it is. Exit status 1 when one does not build."""
    import marmalade_sc.synthdefs.compile  # noqa: F401  for its effect: the child inherits it
    from marmalade_sc.errors import SynthDefError
    from marmalade_sc.synthdefs.build import Limits, build_in_child

    failed = False
    for file in files:
        try:
            built = build_in_child(file.read_text(encoding="utf-8"), file, Limits())
        except SynthDefError as error:
            click.echo(f"{file}: {error}", err=True)
            failed = True
            continue
        definition = built.definition
        variants = "wall and exact" if definition.exact else "wall only"
        click.echo(f"{file}: {definition.kind} {definition.name}, {definition.units} units, {variants}")
    if failed:
        raise click.exceptions.Exit(1)
