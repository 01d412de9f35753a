"""`marmalade job submit`: ask for a render of a set, a score or a generator; answered at once, whoever does it when."""

import os
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from marmalade_sc.cli.check import controls_of
from marmalade_sc.cli.controls import with_controls
from marmalade_sc.cli.progress import cycles_of, showing
from marmalade_sc.cli.scoretext import read_text
from marmalade_sc.cli.session import Session, finite, read_set, with_session
from marmalade_sc.errors import JobError

if TYPE_CHECKING:
    from marmalade_sc.jobs.job import Kind
    from marmalade_sc.worker.desk import Glance

__all__ = ["submit"]


_LONELY_S: Final = 20.0
"""Our own workers need some seconds to begin."""


@click.group()
def submit() -> None:
    """Ask for a render. Without --output the answer is the job's ID, at once; with it the file, when it is there."""


def _common(function: Callable[..., object]) -> Callable[..., object]:
    """The options that all kinds of jobs have."""
    for option in (
        click.option("--id", "id", metavar="ID", help="Yours: a job that is asked for twice under one is done once."),
        click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Wait, and write this."),
        click.option("--stems", type=click.Path(file_okay=False, path_type=Path), help="Write each track there."),
        click.option("--with-stems", is_flag=True, help="Make stems, to be fetched later."),
        click.option("--format", "kind", type=click.Choice(["wav", "flac"]), help="Default: by the ending, else wav."),
        click.option(
            "--tail", type=click.FloatRange(0, 600), default=2.0, show_default=True, help="Seconds to ring out."
        ),
        click.option(
            "--rate", type=click.IntRange(8000, 192000), help="Sample rate. Default: the worker's render.rate."
        ),
        click.option("--parts", type=click.IntRange(1, 31), default=1, help="Render the strips on so many workers."),
        click.option("--quiet", is_flag=True, help="No progress."),
    ):
        function = option(function)
    return function


def _music(function: Callable[..., object]) -> Callable[..., object]:
    """The options of what has cycles and chance."""
    for option in (
        click.option("--cycles", metavar="N", help="Length in cycles (bars), such as 16 or 7/2. Default: 16."),
        click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Length in seconds instead."),
        click.option("--bpm", type=click.FloatRange(0.1, 10000), help="Tempo to begin with."),
        click.option("--seed", type=int, default=0, show_default=True, help="Of all chance."),
    ):
        function = option(function)
    return function


@submit.command()
@click.argument("set_file", metavar="SET.py", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_music
@_common
@with_session
def render(session: Session, set_file: Path, **options: object) -> None:
    """Ask for a render of SET.py. It runs in a sandbox: it reads no files."""
    _ask(session, "render", set_file.name, read_set(set_file).encode(), options, _musical(options))


@submit.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@click.option("--from", "begin", metavar="POINT", help="Begin at a time (1:30, 90) or a marker.")
@click.option("--to", "end", metavar="POINT", help="End there.")
@click.option(
    "--instruments",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file that says what plays which instrument.",
)
@click.option("--extended", is_flag=True, help="With Marmalade's additions, not strictly as Alda 2.4.")
@_common
@with_session
def score(
    session: Session,
    file: Path,
    begin: str | None,
    end: str | None,
    instruments: Path | None,
    extended: bool,
    **options: object,
) -> None:
    """Ask for a render of a score in the Alda language."""
    text, name = read_text(file)
    sounds = read_text(instruments)[0] if instruments is not None else None
    wishes = {"begin": begin, "end": end, "sounds": sounds, "extended": extended or None}
    _ask(session, "score", name, text.encode(), options, wishes)


@submit.command()
@click.argument("name")
@click.option("--real-time", is_flag=True, help="Play as long as it sounds: for one without the SDK.")
@_music
@_common
@with_session
@with_controls
def generator(session: Session, name: str, controls: tuple[str, ...], real_time: bool, **options: object) -> None:
    """Ask for a render of generator NAME, or of its folder. It runs in a sandbox, wherever that is."""
    from marmalade_sc.generators.archive import pack
    from marmalade_sc.player.rendering.casting import part_of

    part = part_of(name, session.places, session.settings())
    wishes = {
        **_musical(options),
        "controls": dict(part.manifest.settle(controls_of(controls))) if controls else None,
        "grants": sorted(part.grants) or None,
        "real_time": real_time or None,
    }
    _ask(session, "generator", part.manifest.name, pack(part.tree), options, wishes)


def _musical(options: Mapping[str, object]) -> dict[str, object]:
    numbers = {f"--{name}": options[name] for name in ("seconds", "bpm")}
    finite({name: value for name, value in numbers.items() if isinstance(value, float)})
    cycles = options["cycles"]
    length: Fraction | None = cycles_of(cycles if isinstance(cycles, str) else None)
    if length is not None and options["seconds"] is not None:
        raise click.UsageError("--cycles and --seconds both say how long: give one of them")
    return {
        "cycles": None if length is None else str(length),
        "seconds": options["seconds"],
        "bpm": options["bpm"],
        "seed": options["seed"] or None,
    }


def _ask(
    session: Session,
    kind: "Kind",
    name: str,
    source: bytes,
    options: Mapping[str, object],
    wishes: Mapping[str, object],
) -> None:
    from marmalade_sc.player.sounds.soundfiles import check_folder, check_writable, kind_of
    from marmalade_sc.worker.desk import desk
    from marmalade_sc.worker.surroundings import Surroundings

    output, stems = options["output"], options["stems"]
    assert output is None or isinstance(output, Path)
    assert stems is None or isinstance(stems, Path)
    if stems is not None and output is None:
        raise click.UsageError("--stems goes with --output; to fetch stems later say --with-stems")
    ending = options["kind"] or (kind_of(output) if output is not None else "wav")
    if output is not None:
        check_writable(output)
    if stems is not None:
        check_folder(stems)
    parts = options["parts"]
    asked = {
        **wishes,
        "format": ending,
        "tail": options["tail"],
        "rate": options["rate"],
        "stems": bool(stems is not None or options["with_stems"]) or None,
        "parts": parts if parts != 1 else None,
    }
    asked = {key: value for key, value in asked.items() if value is not None}
    id = str(options["id"] or f"{kind}-{os.urandom(5).hex()}")
    quiet = options["quiet"] is True
    with desk(Surroundings(session.places, dict(session.options))) as found:
        is_new = found.submit(kind, name, source, asked, id)
        if output is None:
            click.echo(id if is_new else f"{id} was asked for before; it is done once", err=not is_new)
            return
        click.echo(f"{id} is queued" if is_new else f"{id} was asked for before", err=True)
        with showing(id, quiet) as progress:
            asked_at, is_told = time.monotonic(), False

            def tell(glance: "Glance") -> None:
                nonlocal is_told
                progress(glance.percent / 100, f"{id} {glance.record.running}")
                if not is_told and time.monotonic() - asked_at > _LONELY_S and not found.ledger.workers():
                    is_told = True
                    log = session.places.logs / "jobs.log"
                    click.echo(f"No worker is there yet. Start one: marmalade job worker. See also {log}.", err=True)

            ended = found.wait(id, tell)
        if ended.record.state != "done":
            raise JobError(f"{id} is {ended.record.state}: {ended.record.error}", hint=f"marmalade job log {id}")
        for path in found.fetch(id, output, stems):
            click.echo(str(path), err=True)
