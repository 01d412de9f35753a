"""`marmalade score`: scores in the Alda language, read, checked, listed, rendered and played."""

import json
import math
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from marmalade_sc.cli.session import Session, end_as_with_ctrl_c, finite, with_session
from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import (
    Score,
    ScoreFrames,
    cut,
    error_object,
    midi_file,
    overridden,
    parse,
    read_score,
    score_object,
    tree_object,
)

if TYPE_CHECKING:
    from marmalade_sc.engine.definitions import Definitions
    from marmalade_sc.scores import ScorePart, Sounding

__all__ = ["score"]

EXIT_USAGE: Final = 2
_RING_OUT_MS: Final = 1500.0
_PITCHES: Final = ("c", "c+", "d", "d+", "e", "f", "f+", "g", "g+", "a", "a+", "b")

_file = click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
_begin = click.option("--from", "begin", metavar="POINT", help="Begin at a time (1:30, 90) or a marker.")
_end = click.option("--to", "end", metavar="POINT", help="End there.")
_sounds = click.option(
    "--instruments",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file that says what plays which instrument.",
)
_extended = click.option("--extended", is_flag=True, help="With Marmalade's additions, not strictly as Alda 2.4.")


@click.group()
def score() -> None:
    """Read, check, list, render, export and play scores in the Alda language. FILE may be - for standard input."""


def read_text(file: Path) -> tuple[str, str]:
    """The text of a score and its name; `-` is standard input.

    Raises:
        ScoreError: it is not there, or no UTF-8 text.
    """
    name = "standard input" if str(file) == "-" else file.name
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        return data.decode("utf-8-sig"), name
    except UnicodeDecodeError as error:
        raise ScoreError(f"{file} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise ScoreError(f"{file} cannot be read: {error.strerror}") from error


@score.command()
@click.argument(
    "file", metavar="FILE", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: parts, notes in rows, markers; or error.")
@click.option("--many", is_flag=True, help="Read a JSON object with `source` per line, answer one per line.")
@_extended
@click.pass_context
def events(context: click.Context, file: Path | None, as_json: bool, many: bool, extended: bool) -> None:
    """List the notes of a score with their times.

    \b
    marmalade score events song.alda --json
    marmalade score events --many < scores.jsonl

    In a row of notes stand part, offset, duration, audible-duration, midi-note, volume, track-volume, panning and
    midi-channel; times are milliseconds. A score that cannot be read is an error with exit status 2; with --many it
    is a line of its own.
    """
    if many:
        _answer_all(strict=not extended)
        return
    if file is None:
        raise click.UsageError("a FILE is missing: give one, - or --many")
    try:
        found = read_score(*read_text(file), strict=not extended)
    except ScoreError as error:
        if as_json:
            click.echo(json.dumps(error_object(error), ensure_ascii=False))
        click.echo(str(error), err=True)
        context.exit(EXIT_USAGE)
    if as_json:
        click.echo(json.dumps(score_object(found), ensure_ascii=False, separators=(",", ":")))
        return
    names = {part.number: part for part in found.parts}
    for note in found.notes:
        click.echo(_line(note, names[note.part]))


def _line(note: "Sounding", part: "ScorePart") -> str:
    return (
        f"{note.offset_ms:>12.3f} {note.audible_ms:>10.3f} ms  {pitch_name(note.midi):<4} {note.volume:.2f}  "
        f"{part.id} {part.instrument.name}"
    )


def pitch_name(midi: float) -> str:
    """A MIDI note as Alda writes it, with its octave: c4 is 60; what lies beside it in cents."""
    nearest = round(midi)
    cents = round((midi - nearest) * 100)
    return f"{_PITCHES[nearest % 12]}{nearest // 12 - 1}" + (f"{cents:+}" if cents else "")


def _answer_all(strict: bool) -> None:
    """One answer per line of standard input, in its order; nothing that stands there ends the rest."""
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        answer: dict[str, object] = {}
        try:
            asked = json.loads(line)
            if not isinstance(asked, dict) or not isinstance(asked.get("source"), str):
                raise ScoreError("a line is no JSON object with a source", hint='Write {"id": "a", "source": "..."}.')
            if "id" in asked:
                answer["id"] = asked["id"]
            answer |= score_object(read_score(asked["source"], strict=strict))
        except (ValueError, RecursionError) as error:
            answer["error"] = f"a line is no JSON: {error}"
        except ScoreError as error:
            answer |= error_object(error)
        sys.stdout.write(json.dumps(answer, separators=(",", ":")) + "\n")


@score.command()
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
)
@_extended
@click.pass_context
def check(context: click.Context, files: tuple[Path, ...], extended: bool) -> None:
    """Say whether scores can be read and played. Exit status 2 when one cannot."""
    failed = False
    for file in files:
        try:
            found = read_score(*read_text(file), strict=not extended)
        except ScoreError as error:
            click.echo(f"{file}: {error}", err=True)
            failed = True
            continue
        click.echo(f"{file}: {len(found.notes)} notes in {len(found.parts)} parts, {_duration(found.length_ms)}")
    if failed:
        context.exit(EXIT_USAGE)


@score.command()
@_file
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@_extended
def info(file: Path, as_json: bool, extended: bool) -> None:
    """Say what a score has: its parts with their notes, ranges and lengths, its markers."""
    found = read_score(*read_text(file), strict=not extended)
    rows = [_part_row(found, part) for part in found.parts]
    if as_json:
        whole = {"length_ms": found.length_ms, "notes": len(found.notes), "parts": rows, "markers": dict(found.markers)}
        click.echo(json.dumps(whole, ensure_ascii=False))
        return
    click.echo(f"{len(found.notes)} notes in {len(found.parts)} parts, {_duration(found.length_ms)}")
    for row in rows:
        span = f"{row['lowest']} to {row['highest']}" if row["notes"] else "nothing"
        called = f" ({', '.join(str(alias) for alias in _listed(row['aliases']))})" if row["aliases"] else ""
        click.echo(f"  {row['id']}  {row['instrument']}{called}: {row['notes']} notes, {span}")
    for name, offset_ms in found.markers.items():
        click.echo(f"  %{name}  {_duration(offset_ms)}")


def _listed(value: object) -> list[object]:
    assert isinstance(value, list)
    return value


def _part_row(found: Score, part: "ScorePart") -> dict[str, object]:
    notes = [note for note in found.notes if note.part == part.number]
    pitches = [note.midi for note in notes]
    return {
        "id": part.id,
        "instrument": part.instrument.name,
        "aliases": list(part.aliases),
        "notes": len(notes),
        "lowest": pitch_name(min(pitches)) if pitches else None,
        "highest": pitch_name(max(pitches)) if pitches else None,
        "end_ms": max((note.offset_ms + note.duration_ms for note in notes), default=0.0),
    }


def _duration(ms: float) -> str:
    minutes, seconds = divmod(math.floor(ms / 1000), 60)
    return f"{minutes}:{seconds:02}.{math.floor(ms % 1000):03}"


@score.command(name="parse")
@_file
@_extended
def parse_(file: Path, extended: bool) -> None:
    """Print the tree of a score as JSON: each event with its line and column."""
    text, name = read_text(file)
    click.echo(json.dumps(tree_object(parse(text, name, strict=not extended)), ensure_ascii=False, indent=1))


def _prepared(
    session: Session,
    file: Path,
    extended: bool,
    span: tuple[str | None, str | None],
    sounds: Path | None,
    synthdefs: Path | None = None,
) -> "tuple[ScoreFrames, Definitions]":
    """A score with all that plays it. Raises ScoreError where a part of it cannot play."""
    from marmalade_sc.player.offline import orchestra_for

    text, name = read_text(file)
    own = overridden(read_text(sounds)[0]) if sounds is not None else {}
    orchestra, definitions = orchestra_for(session.places, session.settings(), synthdefs, _complain)
    found = read_score(text, name, strict=not extended, synthdefs=frozenset(orchestra.voices()))
    frames = ScoreFrames(cut(found, *span), orchestra, own)
    for sentence in frames.check():
        _complain(sentence)
    if not frames.score.notes:
        raise ScoreError(f"{name} has no note that sounds", hint="Write piano: c d e, or choose another --from.")
    return frames, definitions


def _complain(text: str) -> None:
    click.echo(f"marmalade: {text}", err=True)


@score.command()
@_file
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The file to write (.mid)."
)
@_begin
@_end
@_extended
def export(file: Path, output: Path, begin: str | None, end: str | None, extended: bool) -> None:
    """Write a score as a standard MIDI file, for other programs."""
    from marmalade_sc.player.soundfiles import check_writable

    check_writable(output)
    text, name = read_text(file)
    found = cut(read_score(text, name, strict=not extended), begin, end)
    data = midi_file(found)
    try:
        output.write_bytes(data)
    except OSError as error:
        raise ScoreError(f"{output} cannot be written: {error.strerror}", hint="Choose another place.") from error
    click.echo(f"{output}: {len(found.notes)} notes in {len(found.parts)} parts", err=True)


@score.command()
@_file
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@_begin
@_end
@click.option("--tail", type=click.FloatRange(0, 600), default=2.0, show_default=True, help="Seconds to ring out.")
@click.option("--rate", type=click.IntRange(8000, 192000), help="Sample rate. Default: the setting render.rate.")
@click.option("--stems", type=click.Path(file_okay=False, path_type=Path), help="Write each part there as well.")
@click.option("--format", "kind", type=click.Choice(["wav", "flac"]), help="Default: by the file's ending, else wav.")
@click.option(
    "--events", "listed", type=click.Path(dir_okay=False, path_type=Path), help="Write all notes as JSON lines."
)
@click.option("--synthdefs", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder more.")
@_sounds
@_extended
@with_session
def render(
    session: Session,
    file: Path,
    output: Path,
    begin: str | None,
    end: str | None,
    tail: float,
    rate: int | None,
    stems: Path | None,
    kind: str | None,
    listed: Path | None,
    synthdefs: Path | None,
    instruments: Path | None,
    extended: bool,
) -> None:
    """Render a score to a sound file, faster than it sounds, the same samples every time."""
    from marmalade_sc.player.render import Rendering, write_events
    from marmalade_sc.player.scores import ScorePlayer
    from marmalade_sc.player.soundfiles import check_folder, check_writable, kind_of, split

    finite({"--tail": tail})
    for path in filter(None, (output, listed)):
        check_writable(path)
    if stems:
        check_folder(stems)
    kind = kind or kind_of(output)
    frames, definitions = _prepared(session, file, extended, (begin, end), instruments, synthdefs)
    settings = session.settings()
    rendering = Rendering(
        ScorePlayer(frames),
        definitions,
        settings.text("engine.scsynth") or "scsynth",
        rate or settings.integer("render.rate"),
        tail,
        stems is not None,
    )
    with tempfile.TemporaryDirectory(prefix=".marmalade-", dir=output.parent) as folder:
        rendered = Path(folder) / "rendered.wav"
        delay = rendering.run(rendered, rendering.end_of(None, frames.score.length_ms / 1000))
        stem_files = [stems / f"{track}.wav" for track in rendering.tracks] if stems else []
        split(rendered, delay, rendering.frames, output, kind, stem_files)
    for reason, count in rendering.refusals.items():
        _complain(f"{count} notes were refused: {reason}")
    if listed:
        names = {
            f"{row['name']}.{row['hash']}": tuple(c["name"] for c in row["controls"])  # type: ignore[attr-defined]
            for row in definitions.rows
        }
        write_events(listed, rendering.notes, rendering.rate, names)
    click.echo(f"{output}: {len(rendering.notes)} notes, {len(rendering.tracks)} tracks", err=True)


@score.command()
@_file
@_begin
@_end
@click.option("--jam", metavar="NAME", help="The jam to play in.")
@_sounds
@_extended
@with_session
def play(
    session: Session,
    file: Path,
    begin: str | None,
    end: str | None,
    jam: str | None,
    instruments: Path | None,
    extended: bool,
) -> None:
    """Play a score in the player that runs, beside what plays there; or start one and end it afterwards."""
    from marmalade_sc.clock.clocks import JamClock
    from marmalade_sc.jam.streams import FrameWriter
    from marmalade_sc.player import running
    from marmalade_sc.player.control import request
    from marmalade_sc.player.engine import LIVE_STREAM
    from marmalade_sc.player.scores import play_live

    joined = running.status(session.places) is not None
    end_as_with_ctrl_c()
    frames, _ = _prepared(session, file, extended, (begin, end), instruments)
    running.start(session.places, session.options, jam)
    try:
        clock = JamClock(int(str(request(session.places.control_socket, "status")["origin"])))
        epoch = (clock.now() >> 32) & 0x7FFFFFFF  # larger than that of a playing before this one
        writer = FrameWriter(str(session.places.events_socket), LIVE_STREAM)
        click.echo(f"{file} plays, {_duration(frames.score.length_ms)}. Ctrl-C stops it.", err=True)
        try:
            play_live(replace(frames, epoch=epoch), clock, writer, frames.score.length_ms + _RING_OUT_MS)
        finally:
            writer.close()
    finally:
        if not joined:
            running.stop(session.places)
