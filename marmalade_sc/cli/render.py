"""`marmalade render`: a set to a sound file, faster than it sounds, the same samples every time."""

import contextlib
import os
import signal
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.check import controls_of
from marmalade_sc.cli.progress import cycles_of, end_cleanly, showing
from marmalade_sc.cli.session import Session, finite, read_set, with_session
from marmalade_sc.errors import RenderError

if TYPE_CHECKING:
    from marmalade_sc.generators.rehearsal.take import Role, Take
    from marmalade_sc.measures.expect import Report
    from marmalade_sc.player.rendering.render import Played, Source

__all__ = ["render"]


@click.command()
@click.argument(
    "set_file", metavar="[SET.py]", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option("-g", "--generator", "generators", multiple=True, metavar="NAME", help="A generator, or its folder.")
@click.option("--control", "controls", multiple=True, metavar="GENERATOR.NAME=NUMBER", help="Set a control.")
@click.option("--real-time", is_flag=True, help="Generators play as long as it sounds: for those without the SDK.")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--cycles", metavar="N", help="Length in cycles (bars), such as 16 or 7/2. Default: 16.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Length in seconds instead.")
@click.option("--tail", type=click.FloatRange(0, 600), default=2.0, show_default=True, help="Seconds to ring out.")
@click.option("--rate", type=click.IntRange(8000, 192000), help="Sample rate. Default: the setting render.rate.")
@click.option("--bpm", type=click.FloatRange(0.1, 10000), help="Tempo to begin with; wins over the set's own.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all chance.")
@click.option("--stems", type=click.Path(file_okay=False, path_type=Path), help="Write each track there as well.")
@click.option("--format", "kind", type=click.Choice(["wav", "flac"]), help="Default: by the file's ending, else wav.")
@click.option("--events", type=click.Path(dir_okay=False, path_type=Path), help="Write all notes as JSON lines.")
@click.option("--plot", "picture", type=click.Path(dir_okay=False, path_type=Path), help="Draw waveform and notes.")
@click.option("--synthdefs", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder more.")
@click.option("--measures", type=click.Path(dir_okay=False, path_type=Path), help="Write what was measured as JSON.")
@click.option(
    "--expect",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Measures or a sound file to compare with; exit status 1 when the render differs.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@with_session
def render(
    session: Session,
    set_file: Path | None,
    generators: tuple[str, ...],
    controls: tuple[str, ...],
    real_time: bool,
    output: Path,
    cycles: str | None,
    seconds: float | None,
    tail: float,
    rate: int | None,
    bpm: float | None,
    seed: int,
    stems: Path | None,
    kind: str | None,
    events: Path | None,
    picture: Path | None,
    synthdefs: Path | None,
    measures: Path | None,
    expect: Path | None,
    quiet: bool,
) -> None:
    """Render SET.py, or generators that play together, or both, to a file."""
    from marmalade_sc.clock.timeline import Timeline
    from marmalade_sc.player.rendering.offline import orchestra_for
    from marmalade_sc.player.rendering.rehearsals import Sounding, rehearsed
    from marmalade_sc.player.rendering.render import START, Rendering, SetPlayer, end_of, write_events
    from marmalade_sc.player.sounds.soundfiles import check_folder, check_writable, kind_of, split

    finite({"--seconds": seconds, "--tail": tail, "--bpm": bpm})
    if cycles is not None and seconds is not None:
        raise click.UsageError("--cycles and --seconds both say how long: give one of them")
    if set_file is None and not generators:
        raise click.UsageError("there is nothing to render: name a set, or generators with --generator")
    written = [output, *filter(None, (events, picture, measures))]
    _distinct(written, [*filter(None, (set_file, expect))])
    for path in written:
        check_writable(path)
    if stems:
        check_folder(stems)
    kind = kind or kind_of(output)
    if picture and picture.suffix.lower() != ".png":
        raise RenderError(f"{picture} cannot be drawn: plots are png", hint=f"Write {picture.with_suffix('.png')}.")
    compare = _comparison(expect) if expect else None
    settings = session.settings()
    code = read_set(set_file) if set_file else ""
    length = cycles_of(cycles)
    roles = _roles(session, generators, controls, seed)

    def complain(text: str) -> None:
        click.echo(f"marmalade: {text}", err=True)

    orchestra, definitions = orchestra_for(session.places, settings, synthdefs, complain)
    beats = Fraction(str(settings.number("tempo.beats_per_bar")))
    player: Source | None = None
    timeline = Timeline.steady(bpm or 120, START, beats)
    if set_file:
        player = own = SetPlayer(
            orchestra, code, set_file.name, bpm=bpm, beats_per_cycle=beats, seed=seed, complain=complain
        )
        timeline = own.scheduler.timeline
    end = end_of(timeline.timetag, length, seconds)
    signal.signal(signal.SIGTERM, end_cleanly)  # a job that is cancelled leaves no file either
    take = None
    with contextlib.ExitStack() as stack:
        progress = stack.enter_context(showing("rendering", quiet))
        if roles:
            sounding = Sounding.of(definitions, settings)
            found = stack.enter_context(
                rehearsed(
                    *(roles, session.places, sounding, timeline, end),
                    beside=own if set_file else None,
                    real_time=real_time,
                    progress=lambda share: progress(share / 2),
                )
            )
            player, definitions, take = found.player, found.definitions, found.take
        assert player is not None
        rendering = Rendering(
            player,
            definitions,
            settings.text("engine.scsynth") or "scsynth",
            rate or settings.integer("render.rate"),
            tail,
            stems is not None,
        )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=".marmalade-", dir=output.parent)))
        rendering.progress = (lambda share: progress(0.5 + share / 2)) if roles else progress
        rendered = folder / "rendered.wav"
        delay = rendering.run(rendered, end)
        stem_files = [stems / f"{track}.wav" for track in rendering.tracks] if stems else []
        split(rendered, delay, rendering.frames, output, kind, stem_files)
    for reason, count in rendering.refusals.items():
        click.echo(f"marmalade: {count} notes were refused: {reason}", err=True)
    names = {
        f"{row['name']}.{row['hash']}": tuple(c["name"] for c in row["controls"])  # type: ignore[attr-defined]
        for row in definitions.rows
    }
    if events:
        write_events(events, rendering.notes, rendering.rate, names)
    if picture:
        _draw(picture, output, rendering.notes, names)
    if not quiet:
        click.echo(f"{output}: {len(rendering.notes)} notes, {len(rendering.tracks)} tracks", err=True)
    if measures or expect:
        report = _report(output, dict(zip(rendering.tracks, stem_files, strict=False)))
        if measures:
            _write(measures, report.to_json())
        if compare:
            compare(output, report)
    if take is not None and not _tell(take, rendering.late):
        raise click.exceptions.Exit(1)


def _distinct(written: list[Path], read: list[Path]) -> None:
    taken = {path.resolve() for path in read}
    for path in written:
        if path.resolve() in taken:
            raise RenderError(f"{path} cannot be written: it is given twice", hint="Choose another place.")
        taken.add(path.resolve())


def _roles(session: Session, generators: tuple[str, ...], controls: tuple[str, ...], seed: int) -> "list[Role]":
    """Who plays along, with `GENERATOR.NAME=NUMBER` as they are given."""
    if not generators:
        if controls:
            raise click.UsageError("--control is for generators: name them with --generator")
        return []
    from marmalade_sc.player.rendering.casting import Wish, cast, part_of

    given: dict[str, dict[str, float]] = {}
    for path, value in controls_of(controls).items():
        generator, _, name = path.rpartition(".")
        given.setdefault(generator, {})[name] = value
    parts = [part_of(name, session.places, session.settings()) for name in generators]
    if "" in given:  # one that plays alone need not be named
        if len(parts) > 1:
            raise click.UsageError("--control says whose it is: GENERATOR.NAME=NUMBER")
        given[parts[0].manifest.name] = given.pop("")
    return cast(parts, Wish(generators, given, seed))


def _tell(take: "Take", late: tuple[int, int]) -> bool:
    """What became of the generators besides their sound; whether all of it is well."""
    for role in take.roles:
        account = take.accounts[role.path]
        for text in dict.fromkeys(account.complaints):
            click.echo(f"marmalade: {role.track} fails: {text.strip()}", err=True)
        for words in account.denials:
            click.echo(f"marmalade: {role.track} was refused: {words}", err=True)
    if any(late):
        click.echo(f"marmalade: {late[0]} notes came late, {late[1]} too late to be played", err=True)
    return not any(account.complaints for account in take.accounts.values())


def _draw(path: Path, sound: Path, notes: "list[Played]", names: dict[str, tuple[str, ...]]) -> None:
    import math

    from marmalade_sc.measures.plot import PlotEvent, plot

    rows = []
    for note in notes:
        controls = dict(zip(names.get(note.wire, ()), note.controls, strict=False))
        frequency = controls.get("freq", 0.0)
        pitch = 69 + 12 * math.log2(frequency / 440) if frequency > 0 else None
        rows.append(
            PlotEvent(
                note.timetag / 2**32,
                max(0.02, controls.get("sustain", 0.1)),
                note.track,
                note.wire.partition(".")[0],
                pitch,
            )
        )
    plot(path, sound, None, rows, title=sound.name)


def _report(sound: Path, stems: dict[str, Path]) -> "Report":
    from marmalade_sc.measures.expect import Report
    from marmalade_sc.measures.measure import measure

    return Report(measure(sound), {name: measure(path) for name, path in stems.items()})


def _comparison(expected: Path) -> "Callable[[Path, Report], None]":
    """What compares with `expected`, which is read now: a mistake in it is told before the work begins."""
    from marmalade_sc.measures.audio import open_source
    from marmalade_sc.measures.compare import table
    from marmalade_sc.measures.expect import load_expectation
    from marmalade_sc.measures.reference import compare_audio

    expectation = None
    if expected.suffix.lower() == ".json":
        expectation = load_expectation(expected)
    else:
        with open_source(expected):
            pass

    def compare(sound: Path, report: "Report") -> None:
        differences = compare_audio(sound, expected) if expectation is None else expectation.differences(report)
        if differences:
            click.echo(f"{sound} differs from {expected}:\n{table(differences)}")
            if any(each.measure == "stem" for each in differences) and not report.stems:
                click.echo("Stems are measured where --stems DIR is given.")
            raise click.exceptions.Exit(1)
        click.echo(f"{sound} is as {expected} says.")

    return compare


def _write(path: Path, text: str) -> None:
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise RenderError(f"{path} cannot be written: {error.strerror}", hint="Choose another place.") from error
