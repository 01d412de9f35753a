"""`marmalade job`: renders that are done in the background, by any number of workers, on any number of machines."""

import json
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.cli.submit import submit
from marmalade_sc.errors import JobError

if TYPE_CHECKING:
    from marmalade_sc.worker.desk import Desk, Glance
    from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["job"]


@click.group()
def job() -> None:
    """Render in the background: jobs survive whatever ends, and any number of workers do them."""


job.add_command(submit)


def around_of(session: Session) -> "Surroundings":
    """What a worker or a desk of this session stands on."""
    from marmalade_sc.worker.surroundings import Surroundings

    return Surroundings(session.places, dict(session.options))


@contextmanager
def _desk(session: Session) -> "Iterator[Desk]":
    from marmalade_sc.worker.desk import desk

    with desk(around_of(session)) as found:
        yield found


@job.command()
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--wait", "is_waiting", is_flag=True, help="Return when it has ended; exit status 1 unless it is done.")
@with_session
def status(session: Session, id: str, as_json: bool, is_waiting: bool) -> None:
    """Say how job ID is: its state, percent and step, how often each step was begun, what it has made."""
    with _desk(session) as found:
        glance = found.wait(id, lambda _: None) if is_waiting else found.look(id)
    if as_json:
        click.echo(json.dumps(glance.row()))
    else:
        click.echo(line_of(glance))
        for step in glance.steps:
            tries = glance.record.tries.get(step, 0)
            done = (
                "waits"
                if not tries
                else "done"
                if step in glance.done
                else f"{100 * glance.record.progress.get(step, 0):.0f}%"
            )
            click.echo(f"  {step:<12} {done:<6}" + (f" begun {tries} times" if tries > 1 else ""))
        if glance.record.error and not glance.record.is_open:
            click.echo(glance.record.error)
    if is_waiting and glance.record.state != "done":
        raise click.exceptions.Exit(1)


def line_of(glance: "Glance") -> str:
    """A job in one line."""
    step = f"  {glance.record.running}" if glance.record.is_open and glance.record.running else ""
    return f"{glance.id:<24} {glance.kind:<9} {glance.record.state:<9} {glance.percent:>3}%  {glance.name}{step}"


@job.command()
@click.argument("id")
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write."
)
@click.option("--stems", type=click.Path(file_okay=False, path_type=Path), help="Write each track there as well.")
@with_session
def fetch(session: Session, id: str, output: Path, stems: Path | None) -> None:
    """Write what job ID has made to a file."""
    from marmalade_sc.player.sounds.soundfiles import check_folder

    if stems is not None:
        check_folder(stems)
    with _desk(session) as found:
        for path in found.fetch(id, output, stems):
            click.echo(str(path), err=True)


@job.command()
@click.argument("id")
@with_session
def log(session: Session, id: str) -> None:
    """Print what happened to job ID: which worker did what, what failed and why."""
    with _desk(session) as found:
        found.look(id)
        for at_ms, line in found.ledger.log(id):
            click.echo(f"{time.strftime('%H:%M:%S', time.localtime(at_ms / 1000))}.{at_ms % 1000:03} {line}")


@job.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@with_session
def cancel(session: Session, ids: tuple[str, ...]) -> None:
    """End jobs; what they are doing is stopped within a second."""
    with _desk(session) as found:
        for id in ids:
            click.echo(f"{id} is cancelled" if found.cancel(id) else f"{id} had ended: {found.look(id).record.state}")


@job.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@with_session
def retry(session: Session, ids: tuple[str, ...]) -> None:
    """Take up again jobs that failed or were given up. Steps that are done stay done."""
    with _desk(session) as found:
        for id in ids:
            found.retry(id)
            click.echo(f"{id} is taken up again")


@job.command(name="list")
@click.option("--dead", "only_dead", is_flag=True, help="Only those that were given up after many tries.")
@click.option("--workers", "show_workers", is_flag=True, help="The workers instead, and what they can do.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
def list_(session: Session, only_dead: bool, show_workers: bool, as_json: bool) -> None:
    """List jobs, the newest first."""
    with _desk(session) as found:
        if show_workers:
            for name, about in found.ledger.workers().items():
                if as_json:
                    click.echo(json.dumps({"id": name, **about}))
                    continue
                steps = about.get("steps")
                can = ", ".join(str(each) for each in steps) if isinstance(steps, list) else ""
                click.echo(f"{name:<32} {about.get('doing') or 'idle':<32} {can}")
            return
        glances = list(found.all(only_dead=only_dead))
        if not glances and not as_json:
            click.echo("No job was given up." if only_dead else "There is no job. `marmalade job submit` asks for one.")
        for glance in glances:
            click.echo(json.dumps(glance.row()) if as_json else line_of(glance))


@job.command()
@click.option("--count", type=click.IntRange(1, 64), default=1, show_default=True, help="How many.")
@click.option("--only", "steps", multiple=True, metavar="STEP", help="Do only this step; may be given several times.")
@click.option(
    "--step",
    "programs",
    multiple=True,
    metavar="STEP=COMMAND",
    help="Have a program of yours do a step (docs/jobs.md).",
)
@with_session
def worker(session: Session, count: int, steps: tuple[str, ...], programs: tuple[str, ...]) -> None:
    """Work on jobs until stopped with Ctrl-C; another worker takes the place of one that ends or hangs."""
    from marmalade_sc.jobs.contracts import contract
    from marmalade_sc.worker.abilities import abilities
    from marmalade_sc.worker.keeper import connect
    from marmalade_sc.worker.pool import Pool

    around = around_of(session)
    commands: dict[str, list[str]] = {}
    for text in programs:
        name, equals, command = text.partition("=")
        if not equals or not command.strip():
            raise JobError(f"--step {text!r:.80} names no program", hint="Write --step render=/path/to/program.")
        commands[contract(name).name] = shlex.split(command)
    for name in steps:
        contract(name)
    _, lacking = abilities(around)
    for name, why in lacking.items():
        if name not in commands:
            click.echo(f"marmalade: this worker does not {name}: {why}", err=True)
    connect(around).close()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    pool = Pool(around, count, programs=commands, steps=steps, say=lambda words: click.echo(words, err=True))
    click.echo(f"{count} {'worker' if count == 1 else 'workers'} at {around.address.shown}. Ctrl-C ends.", err=True)
    try:
        _keep(pool, ending, lambda: connect(around).close())
    finally:
        pool.stop(40.0)


def _keep(pool: object, ending: threading.Event, see: Callable[[], None]) -> None:
    from marmalade_sc.errors import MarmaladeError
    from marmalade_sc.worker.pool import Pool

    assert isinstance(pool, Pool)
    looked = time.monotonic()
    while not ending.wait(0.5):
        pool.look()
        if time.monotonic() - looked > 5.0:
            looked = time.monotonic()
            try:
                see()  # our own job Redis may have gone with its keeper
            except MarmaladeError as error:
                click.echo(f"marmalade: {error}", err=True)
