"""`marmalade score check`: can these scores be read and played?"""

from pathlib import Path
from typing import Final

import click

from marmalade_sc.cli.scoresound import prepared
from marmalade_sc.cli.scoretext import EXTENDED, FILES, SOUNDS, duration, read_text
from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import Score, read_score

__all__ = ["check"]

_FAILED: Final = 2


@click.command()
@FILES
@click.option(
    "--playable",
    is_flag=True,
    help="As this player plays it: with its synthdefs as instruments, and what lies outside an instrument's range.",
)
@SOUNDS
@EXTENDED
@with_session
def check(session: Session, files: tuple[Path, ...], playable: bool, instruments: Path | None, extended: bool) -> None:
    """Say whether scores can be read and played. Exit status 2 when one cannot."""

    def read(file: Path) -> Score:
        if playable or instruments is not None:
            return prepared(session, (file,), extended, (None, None), instruments)[0].score
        return read_score(*read_text(file), strict=not extended)

    failed = False
    for file in files:
        try:
            found = read(file)
        except ScoreError as error:
            click.echo(f"{file}: {error}", err=True)
            failed = True
            continue
        click.echo(f"{file}: {len(found.notes)} notes in {len(found.parts)} parts, {duration(found.length_ms)}")
    if failed:
        click.get_current_context().exit(_FAILED)
