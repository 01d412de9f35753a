"""What the commands of `marmalade score` share: options, the text of a score, how times and pitches are said."""

import math
import sys
from pathlib import Path
from typing import Final

import click

from marmalade_sc.errors import ScoreError

__all__ = [
    "BEGIN",
    "END",
    "EXTENDED",
    "FILE",
    "FILES",
    "PLOT",
    "SOUNDS",
    "complain",
    "duration",
    "pitch_name",
    "read_bytes",
    "read_text",
]

_PITCHES: Final = ("c", "c+", "d", "d+", "e", "f", "f+", "g", "g+", "a", "a+", "b")

_path = click.Path(dir_okay=False, allow_dash=True, path_type=Path)
FILE = click.argument("file", metavar="FILE", type=_path)
FILES = click.argument("files", metavar="FILE...", nargs=-1, required=True, type=_path)
BEGIN = click.option("--from", "begin", metavar="POINT", help="Begin at a time (1:30, 90) or a marker.")
END = click.option("--to", "end", metavar="POINT", help="End there.")
SOUNDS = click.option(
    "--instruments",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A TOML file that says what plays which instrument.",
)
EXTENDED = click.option("--extended", is_flag=True, help="With Marmalade's additions, not strictly as Alda 2.4.")
PLOT = click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Draw it there: a piano roll of each part (.png, .svg, .pdf).",
)


def read_text(file: Path) -> tuple[str, str]:
    """The text of a score and its name; `-` is standard input.

    Raises:
        ScoreError: it is not there, or no UTF-8 text.
    """
    data, name = read_bytes(file)
    try:
        return data.decode("utf-8-sig"), name
    except UnicodeDecodeError as error:
        raise ScoreError(f"{file} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error


def read_bytes(file: Path) -> tuple[bytes, str]:
    """The content of a file and its name; `-` is standard input.

    Raises:
        ScoreError: it is not there.
    """
    name = "standard input" if str(file) == "-" else file.name
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes(), name
    except OSError as error:
        raise ScoreError(f"{file} cannot be read: {error.strerror}") from error


def complain(text: str) -> None:
    """Say something that is no failure."""
    click.echo(f"marmalade: {text}", err=True)


def pitch_name(midi: float) -> str:
    """A MIDI note as Alda writes it, with its octave: c4 is 60; what lies beside it in cents."""
    nearest = round(midi)
    cents = round((midi - nearest) * 100)
    return f"{_PITCHES[nearest % 12]}{nearest // 12 - 1}" + (f"{cents:+}" if cents else "")


def duration(ms: float) -> str:
    """A time in minutes and seconds."""
    minutes, seconds = divmod(math.floor(ms / 1000), 60)
    return f"{minutes}:{seconds:02}.{math.floor(ms % 1000):03}"
