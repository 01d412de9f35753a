"""`marmalade score`: scores in the Alda language, read, checked and listed; other commands are in modules beside."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from marmalade_sc.cli.scorecheck import check
from marmalade_sc.cli.scoredraw import draw_score
from marmalade_sc.cli.scorefiles import export, import_
from marmalade_sc.cli.scoresound import play, render
from marmalade_sc.cli.scoretext import EXTENDED, FILE, PLOT, duration, pitch_name, read_text
from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import Score, error_object, parse, read_score, score_object, tree_object

if TYPE_CHECKING:
    from marmalade_sc.scores import ScorePart, Sounding

__all__ = ["score"]

EXIT_USAGE: Final = 2


@click.group()
def score() -> None:
    """Read, check, list, render, export, import and play scores in the Alda language. FILE may be -: standard input."""


for _command in (check, export, import_, render, play):
    score.add_command(_command)


@score.command()
@click.argument(
    "file", metavar="FILE", required=False, type=click.Path(dir_okay=False, allow_dash=True, path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: parts, notes in rows, markers; or error.")
@click.option("--many", is_flag=True, help="Read a JSON object with `source` per line, answer one per line.")
@EXTENDED
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
@FILE
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@PLOT
@EXTENDED
def info(file: Path, as_json: bool, plot: Path | None, extended: bool) -> None:
    """Say what a score has: its parts with their notes, ranges and lengths, its markers; and draw it."""
    text, name = read_text(file)
    found = read_score(text, name, strict=not extended)
    if plot is not None:
        draw_score(plot, found, name)
    rows = [_part_row(found, part) for part in found.parts]
    if as_json:
        whole = {"length_ms": found.length_ms, "notes": len(found.notes), "parts": rows, "markers": dict(found.markers)}
        click.echo(json.dumps(whole, ensure_ascii=False))
        return
    click.echo(f"{len(found.notes)} notes in {len(found.parts)} parts, {duration(found.length_ms)}")
    for row in rows:
        span = f"{row['lowest']} to {row['highest']}" if row["notes"] else "nothing"
        called = f" ({', '.join(str(alias) for alias in _listed(row['aliases']))})" if row["aliases"] else ""
        click.echo(f"  {row['id']}  {row['instrument']}{called}: {row['notes']} notes, {span}")
    for name, offset_ms in found.markers.items():
        click.echo(f"  %{name}  {duration(offset_ms)}")


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


@score.command(name="parse")
@FILE
@EXTENDED
def parse_(file: Path, extended: bool) -> None:
    """Print the tree of a score as JSON: each event with its line and column."""
    text, name = read_text(file)
    click.echo(json.dumps(tree_object(parse(text, name, strict=not extended)), ensure_ascii=False, indent=1))
