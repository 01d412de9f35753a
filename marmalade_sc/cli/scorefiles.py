"""`marmalade score export` and `import`: scores and the files of other programs."""

import json
from fractions import Fraction
from pathlib import Path

import click

from marmalade_sc.cli.scoretext import BEGIN, END, EXTENDED, FILE, read_bytes, read_text
from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import alda_text, cut, midi_file, musicxml, read_midi, read_score, score_object

__all__ = ["export", "import_"]


@click.command()
@FILE
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write: .mid, .musicxml, .svg (engraved), or .json (the notes as `events --json` prints them).",
)
@BEGIN
@END
@EXTENDED
def export(file: Path, output: Path, begin: str | None, end: str | None, extended: bool) -> None:
    """Write a score for other programs, as a standard MIDI file, MusicXML or JSON, or engrave it."""
    text, name = read_text(file)
    found = cut(read_score(text, name, strict=not extended), begin, end)
    ending = output.suffix.lower()
    if ending == ".json":
        _write(output, json.dumps(score_object(found), ensure_ascii=False, separators=(",", ":")).encode())
    elif ending in (".musicxml", ".xml"):
        _write(output, musicxml(found, file.stem))
    elif ending == ".svg":
        _write(output, _engraved(musicxml(found, file.stem)))
    else:
        _write(output, midi_file(found))
    click.echo(f"{output}: {len(found.notes)} notes in {len(found.parts)} parts", err=True)


@click.command(name="import")
@FILE
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The score to write. Default: -.")
@click.option(
    "--grid",
    type=click.IntRange(1, 192),
    metavar="N",
    help="Move beginnings and lengths to the nearest Nth note, such as 16. Default: as they were played.",
)
def import_(file: Path, output: Path | None, grid: int | None) -> None:
    """Write a standard MIDI file down as a score: its parts, their notes, levels and tempo, its markers."""
    score = read_midi(*read_bytes(file))
    text = alda_text(score, Fraction(4, grid) if grid else None)
    if output is None:
        click.echo(text, nl=False)
        return
    _write(output, text.encode())
    count = sum(len(part.notes) for part in score.parts)
    click.echo(f"{output}: {count} notes in {len(score.parts)} parts", err=True)


def _engraved(document: bytes) -> bytes:
    """A MusicXML document as one tall page of notes, SVG."""
    import verovio

    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(
        {"pageWidth": 2100, "pageHeight": 60_000, "adjustPageHeight": True, "scale": 50, "footer": "none"}
    )
    if not toolkit.loadData(document.decode()):
        raise ScoreError("the score cannot be engraved", hint="Write .musicxml, and engrave that elsewhere.")
    return str(toolkit.renderToSVG(1)).encode()


def _write(path: Path, content: bytes) -> None:
    from marmalade_sc.player.base.files import write_whole

    try:
        if not path.parent.is_dir():
            raise FileNotFoundError(2, "its folder is not there")
        write_whole(path, content)
    except OSError as error:
        raise ScoreError(f"{path} cannot be written: {error.strerror}", hint="Choose another place.") from error
