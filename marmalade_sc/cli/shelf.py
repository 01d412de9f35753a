"""What there is to say of generators that do not play: `marmalade generator list`, `inspect`, `verify`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.session import Session, with_session

if TYPE_CHECKING:
    from marmalade_sc.generators.shelf import Generator, Shelf

__all__ = ["inspect", "list_", "shelf_at", "verify"]


def shelf_at(session: Session) -> "Shelf":
    """The player's generators."""
    from marmalade_sc.player.generators.shelves import shelf_of

    return shelf_of(session.places, session.settings())


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def verify(path: Path, as_json: bool) -> None:
    """Check an archive or a folder without running it: names and sizes, manifest, program, synthdefs and samples."""
    from marmalade_sc.generators.archive import read_archive, read_folder
    from marmalade_sc.generators.shelf import manifest_of
    from marmalade_sc.generators.sounds import sounds_of
    from marmalade_sc.generators.sources import unbuilt
    from marmalade_sc.player.generators.workbench import looked_at

    tree = read_folder(path) if path.is_dir() else read_archive(path.read_bytes())
    name = path.resolve().name.removesuffix(".tgz").rpartition(":")[2]
    looked_at(tree, name)
    manifest, sounds = manifest_of(tree, name), sounds_of(tree)
    waiting = [each.name for each in unbuilt(path)] if path.is_dir() else []
    row = {
        "name": manifest.name,
        "version": manifest.version,
        "sha256": tree.sha256,
        "files": len(tree.files),
        "program": tree.entry_point,
        "synthdefs": [str(each["name"]) for each in sounds.rows],
        "samples": [each[0] for each in sounds.samples],
        "not_compiled": waiting,
    }
    if as_json:
        click.echo(json.dumps(row))
        return
    click.echo(
        f"{manifest.name} {manifest.version} {tree.sha256[:12]}: {len(tree.files)} files, begins with "
        f"{tree.entry_point}, {len(sounds.rows)} synthdefs, {len(sounds.samples)} samples"
    )
    if waiting:
        click.echo(f"not compiled yet: {', '.join(waiting)}")


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def inspect(session: Session, name: str, as_json: bool) -> None:
    """Say all that is known of a generator."""
    shelf = shelf_at(session)
    found = shelf.find(name)
    row, versions = _row(found), shelf.versions(found.id)
    if as_json:
        kept = [{"sha256": sha256, "version": version, "when": when} for sha256, version, when in versions]
        click.echo(json.dumps(row | {"kept": kept}, indent=1))
        return
    words = {
        **{key: row[key] for key in ("id", "version", "sha256", "title", "composer")},
        **{key: " ".join(_names(row[key])) for key in ("tags", "programs", "synthdefs")},
        "asks to write": " ".join(found.manifest.writes),
        "keeps state": "yes" if found.manifest.keeps_state else "",
        "signed": "by its author" if found.is_signed else "no",
        "trust": found.trusted.level,
        "runs": "no" if found.why_not else "yes",
        "why not": found.why_not,
    }
    for key, value in words.items():
        if value:
            click.echo(f"{'generator' if key == 'id' else key:14} {value}")
    for control, each in found.manifest.controls.items():
        click.echo(f"{'control':14} {control} {each.low:g} to {each.high:g}, {each.default:g} {each.unit} {each.doc}")
    for sha256, version, when in versions:
        click.echo(f"{'kept':14} {sha256[:12]} {version} {when}")


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def list_(session: Session, as_json: bool) -> None:
    """List the generators that are there, the newest first."""
    found = shelf_at(session).all()
    if as_json:
        click.echo(json.dumps([_row(each) for each in found]))
        return
    if not found:
        click.echo("There is no generator. `marmalade generator new NAME` begins one.")
    for each in found:
        state = "runs" if not each.why_not else "does not run"
        click.echo(f"{each.id!s:32} {each.manifest.version:10} {state:14} {each.manifest.title or each.problem}")


def _names(value: object) -> list[str]:
    """A list of names among plain data."""
    return [str(each) for each in value] if isinstance(value, list) else []


def _row(each: "Generator") -> dict[str, object]:
    manifest = each.manifest
    return {
        "id": str(each.id),
        "version": manifest.version,
        "sha256": each.sha256,
        "title": manifest.title,
        "composer": manifest.composer,
        "tags": list(manifest.tags),
        "programs": list(manifest.programs),
        "synthdefs": list(manifest.synthdefs),
        "writes": list(manifest.writes),
        "keeps_state": manifest.keeps_state,
        "controls": {
            name: {"default": c.default, "low": c.low, "high": c.high, "unit": c.unit, "doc": c.doc}
            for name, c in manifest.controls.items()
        },
        "is_signed": each.is_signed,
        "trust": each.trusted.level,
        "problem": each.problem,
        "why_not": each.why_not,
    }
