"""`marmalade score render` and `play`: scores as sound."""

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from marmalade_sc.cli.scoredraw import draw_score
from marmalade_sc.cli.scoretext import BEGIN, END, EXTENDED, FILES, PLOT, SOUNDS, complain, duration, read_text
from marmalade_sc.cli.session import Session, end_as_with_ctrl_c, finite, with_session
from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import ScoreFrames, cut, overridden, read_score, together

if TYPE_CHECKING:
    from marmalade_sc.engine.definitions import Definitions

__all__ = ["play", "prepared", "render"]

_RING_OUT_MS: Final = 1500.0


def prepared(
    session: Session,
    files: tuple[Path, ...],
    extended: bool,
    span: tuple[str | None, str | None],
    sounds: Path | None,
    synthdefs: Path | None = None,
) -> "tuple[ScoreFrames, Definitions]":
    """Scores as one, with all that plays it. Raises ScoreError where a part of it cannot play."""
    from marmalade_sc.player.rendering.offline import orchestra_for

    own = overridden(read_text(sounds)[0]) if sounds is not None else {}
    orchestra, definitions = orchestra_for(session.places, session.settings(), synthdefs, complain)
    voices = frozenset(orchestra.voices())
    found = []
    for file in files:
        text, name = read_text(file)
        found.append(cut(read_score(text, name, strict=not extended, synthdefs=voices), *span))
    frames = ScoreFrames(together(found), orchestra, own)
    for sentence in frames.check():
        complain(sentence)
    if not frames.score.notes:
        raise ScoreError(
            f"{_named(files)} has no note that sounds", hint="Write piano: c d e, or choose another --from."
        )
    return frames, definitions


def _named(files: Sequence[Path]) -> str:
    return ", ".join(str(file) for file in files)


@click.command()
@FILES
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@BEGIN
@END
@click.option("--tail", type=click.FloatRange(0, 600), default=2.0, show_default=True, help="Seconds to ring out.")
@click.option("--rate", type=click.IntRange(8000, 192000), help="Sample rate. Default: the setting render.rate.")
@click.option("--stems", type=click.Path(file_okay=False, path_type=Path), help="Write each part there as well.")
@click.option("--format", "kind", type=click.Choice(["wav", "flac"]), help="Default: by the file's ending, else wav.")
@click.option(
    "--events", "listed", type=click.Path(dir_okay=False, path_type=Path), help="Write all notes as JSON lines."
)
@click.option("--synthdefs", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder more.")
@SOUNDS
@PLOT
@EXTENDED
@with_session
def render(
    session: Session,
    files: tuple[Path, ...],
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
    plot: Path | None,
    extended: bool,
) -> None:
    """Render a score to a sound file, faster than it sounds, the same samples every time; several as one."""
    from marmalade_sc.player.rendering.render import Rendering, write_events
    from marmalade_sc.player.rendering.scores import ScorePlayer
    from marmalade_sc.player.sounds.soundfiles import check_folder, check_writable, kind_of, split

    finite({"--tail": tail})
    for path in filter(None, (output, listed, plot)):
        check_writable(path)
    if stems:
        check_folder(stems)
    kind = kind or kind_of(output)
    frames, definitions = prepared(session, files, extended, (begin, end), instruments, synthdefs)
    if plot is not None:
        draw_score(plot, frames.score, _named(files))
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
        complain(f"{count} notes were refused: {reason}")
    if listed:
        names = {
            f"{row['name']}.{row['hash']}": tuple(c["name"] for c in row["controls"])  # type: ignore[attr-defined]
            for row in definitions.rows
        }
        write_events(listed, rendering.notes, rendering.rate, names)
    click.echo(f"{output}: {len(rendering.notes)} notes, {len(rendering.tracks)} tracks", err=True)


@click.command()
@FILES
@BEGIN
@END
@click.option("--jam", metavar="NAME", help="The jam to play in.")
@SOUNDS
@EXTENDED
@with_session
def play(
    session: Session,
    files: tuple[Path, ...],
    begin: str | None,
    end: str | None,
    jam: str | None,
    instruments: Path | None,
    extended: bool,
) -> None:
    """Play a score, or several at once, in the player that runs, beside what plays there; or start one for it."""
    from marmalade_sc.clock.clocks import JamClock
    from marmalade_sc.jam.streams import FrameWriter
    from marmalade_sc.player.control.protocol import request
    from marmalade_sc.player.engine.process import LIVE_STREAM
    from marmalade_sc.player.rendering.scores import play_live
    from marmalade_sc.player.supervision import running

    joined = running.status(session.places) is not None
    end_as_with_ctrl_c()
    frames, _ = prepared(session, files, extended, (begin, end), instruments)
    running.start(session.places, session.options, jam)
    try:
        clock = JamClock(int(str(request(session.places.control_socket, "status")["origin"])))
        epoch = (clock.now() >> 32) & 0x7FFFFFFF  # larger than that of a playing before this one
        writer = FrameWriter(str(session.places.events_socket), LIVE_STREAM)
        click.echo(f"{_named(files)} plays, {duration(frames.score.length_ms)}. Ctrl-C stops it.", err=True)
        try:
            play_live(replace(frames, epoch=epoch), clock, writer, frames.score.length_ms + _RING_OUT_MS)
        finally:
            writer.close()
    finally:
        if not joined:
            running.stop(session.places)
