"""`marmalade generator`: begin, pack, check and list generators; run them in the player that runs."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from marmalade_sc.cli.check import check
from marmalade_sc.cli.controls import controls_of, set_, with_controls
from marmalade_sc.cli.grants import GRANTS
from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.cli.shelf import inspect, list_, shelf_at, verify
from marmalade_sc.cli.watch import watch
from marmalade_sc.errors import GeneratorError, MarmaladeError, UsageError

__all__ = ["generator"]


@click.group()
def generator() -> None:
    """Programs that make music of the jam's state: your own, and those of others in their sandboxes."""


generator.add_command(check)
generator.add_command(verify)
generator.add_command(inspect)
generator.add_command(list_)
generator.add_command(watch)
generator.add_command(set_)
for each in GRANTS:
    generator.add_command(each)


@generator.command()
@click.argument("name")
@click.option("--template", default="drums", help="drums, bass, reactive, schedule, meta, plain, sh or node.")
def new(name: str, template: str) -> None:
    """Begin a generator in the folder NAME."""
    from marmalade_sc.generators.templates import begin

    for path in begin(Path(name), template):
        click.echo(f"wrote {path}")
    click.echo(f"Next: marmalade generator check {name}; marmalade generator watch {name}")


@generator.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@with_session
def pack(session: Session, folder: Path) -> None:
    """Pack and sign FOLDER: the newest version of its generator from now on."""
    from marmalade_sc.identity.keys import identity_at
    from marmalade_sc.player.generators.workbench import read_work

    tree = read_work(folder)
    identity = identity_at(session.settings().path("player.key", session.places.key))
    session.places.root.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = shelf_at(session).add(tree, identity, folder.resolve().name)
    click.echo(f"{made.id} {made.manifest.version} {made.sha256[:12]} {made.path}")


@generator.command()
@click.argument("player")
@click.argument("level", type=click.Choice(["block", "ask", "sandbox", "full"]))
@click.option("--grant", multiple=True, help="A key of the state that its generators may write if they ask for it.")
@with_session
def trust(session: Session, player: str, level: str, grant: tuple[str, ...]) -> None:
    """Say how far PLAYER is trusted: block, ask, sandbox, or full (which grants what its manifests ask for)."""
    from marmalade_sc.generators.trust import Trusted
    from marmalade_sc.ids import PlayerId
    from marmalade_sc.player.control.protocol import request

    shelf, name = shelf_at(session), PlayerId.parse(player)
    known = shelf.trust.of(name)
    keys = {each.trusted.key for each in shelf.all() if each.id.player == name and each.is_signed}
    if known.key is None and len(keys) > 1:
        raise GeneratorError(f"Two keys are called {player}", hint="Remove the archives of one of them.")
    key = known.key or (keys.pop() if keys else None)
    shelf.trust.keep(name, Trusted(key, level, frozenset(grant), known.accepted))
    click.echo(f"{player} is trusted: {level}")
    with contextlib.suppress(MarmaladeError):  # no player runs: it reads the file when it does
        request(session.places.control_socket, "regrant")


@generator.command()
@click.argument("name")
@with_session
def accept(session: Session, name: str) -> None:
    """Let this very version of a generator run, though its author is not trusted, or has not signed it."""
    found = shelf_at(session).accept(name)
    click.echo(f"{found.id} {found.sha256[:12]} is accepted" + (f", but: {found.why_not}" if found.why_not else ""))


@generator.command()
@click.argument("name")
@click.option("--instance", default="", help="Its ID; the same ID runs once. Default: the time.")
@click.option("--track", default="", help="The strip it plays into. Default: its name.")
@click.option("--bars", type=float, help="End after so many bars.")
@click.option("--seconds", type=float, help="End after so many seconds.")
@click.option("--restart", type=click.Choice(["failure", "never"]), default="failure", help="Start it again?")
@with_session
@with_controls
def run(
    session: Session,
    name: str,
    instance: str,
    track: str,
    controls: tuple[str, ...],
    bars: float | None,
    seconds: float | None,
    restart: str,
) -> None:
    """Run a generator in the player that runs, with controls as `density=.5`, or a pattern: `density="<.2 .8>"`."""
    answer = _ask(
        session,
        "run",
        generator=name,
        instance=instance,
        track=track,
        controls=controls_of(controls),
        bars=bars,
        seconds=seconds,
        restart=restart,
    )
    state = "plays" if answer.get("started") else "was accepted before; it is not run a second time"
    click.echo(f"{answer.get('instance')} {state}")


@generator.command()
@click.argument("name", required=False, default="")
@click.option("--all", "everything", is_flag=True, help="Stop all that run.")
@click.option("--bars", type=float, default=0.0, help="Let it finish within so many bars.")
@with_session
def stop(session: Session, name: str, everything: bool, bars: float) -> None:
    """Stop instances called NAME: an instance, a generator or a track."""
    if not name and not everything:
        raise UsageError("Nothing is named", hint="Name an instance, or write --all.")
    answer = _ask(session, "stop", name=name, bars=bars)
    stopped = answer.get("instances")
    for path in stopped if isinstance(stopped, list) else []:
        click.echo(f"{path} is told to end")


@generator.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def log(session: Session, name: str | None, as_json: bool) -> None:
    """List instances; with NAME the last output of one, what was refused to it, and how it ended."""
    if as_json:
        answer = _ask(session, "instances") if name is None else _ask(session, "instance", name=name)
        click.echo(json.dumps(answer.get("instances") if name is None else answer))
        return
    if name is None:
        rows = _ask(session, "instances").get("instances")
        for row in rows if isinstance(rows, list) else []:
            click.echo(f"{row['path']:56} {row['track']:12} {_how(row)}")
        return
    answer = _ask(session, "instance", name=name)
    for key, mark in (("lines", ""), ("denials", "refused: ")):
        lines = answer.get(key)
        for line in lines if isinstance(lines, list) else []:
            click.echo(f"{mark}{line}")
    refused = answer.get("refused")
    for row in refused if isinstance(refused, list) else []:
        if row["who"] != "gateway":  # those are above, word for word
            click.echo(f"refused by {row['who']}: {row['what']} ({row['count']} times)")
    click.echo(f"{answer.get('path')}: {_how(answer)}")


def _how(row: Mapping[str, object]) -> str:
    """What an instance does, and why it does it no more."""
    return f"{row.get('state')} ({row['why']})" if row.get("why") else str(row.get("state"))


def _ask(session: Session, do: str, **fields: Any) -> dict[str, object]:
    from marmalade_sc.player.control.protocol import request

    answer = request(session.places.control_socket, do, **fields)
    error = answer.get("error")
    if isinstance(error, dict):
        raise (GeneratorError if error.get("code") != "player" else MarmaladeError)(str(error.get("text")))
    return answer
