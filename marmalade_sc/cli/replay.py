"""`marmalade replay`: what a jam played, heard again or rendered to a file."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.session import Session, end_as_with_ctrl_c, finite, with_session
from marmalade_sc.errors import JamError

if TYPE_CHECKING:
    from marmalade_sc.clock.clocks import JamClock
    from marmalade_sc.engine.definitions import Definitions
    from marmalade_sc.player.rendering.render import Source
    from marmalade_sc.player.rendering.replay import Replay
    from marmalade_sc.sdk.frames import Frame

__all__ = ["replay"]

_SECOND = 1 << 32
_LOOKS = 50
_LOOK_S = 0.1


@click.command()
@click.argument("jam")
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Render to this file instead.")
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Only so much of it.")
@click.option("--tail", type=click.FloatRange(0, 600), default=2.0, show_default=True, help="Seconds to ring out.")
@click.option("--rate", type=click.IntRange(8000, 192000), help="Sample rate of the file.")
@click.option("--evaluations", is_flag=True, help="Evaluate its blocks again, where they landed, with today's sounds.")
@with_session
def replay(
    session: Session,
    jam: str,
    output: Path | None,
    seconds: float | None,
    tail: float,
    rate: int | None,
    evaluations: bool,
) -> None:
    """Play the last session of JAM again, from its event log, or from its log of evaluations."""
    from marmalade_sc.jam.jams import Jams
    from marmalade_sc.player.rendering.replay import read_replay

    finite({"--seconds": seconds, "--tail": tail})
    Jams(session.places, session.settings().text("jam.name")).get(jam)
    if output is None:
        _check_elsewhere(session, jam)
    if evaluations:
        _evaluate(session, jam, output, seconds, tail, rate)
        return
    found = read_replay(session.places.jam(jam).history)
    length_s = (found.end - found.begin) / 2**32 + 1.0
    length_s = min(length_s, seconds) if seconds else length_s
    if output is not None:
        _render_log(session, found, output, length_s, tail, rate)
    else:

        def frames(clock: "JamClock") -> "Iterator[tuple[int, list[Frame]]]":
            shift = clock.now() + _SECOND // 2 - found.begin
            for due, frame in found.frames(shift):
                if due - found.begin - shift > length_s * _SECOND:
                    break
                yield due - _SECOND // 4, [frame]
            yield found.begin + shift + round(length_s * _SECOND), []

        _play(session, jam, length_s, frames)


def _evaluate(
    session: Session, jam: str, output: Path | None, seconds: float | None, tail: float, rate: int | None
) -> None:
    """Play or render a session by evaluating what was evaluated."""
    from marmalade_sc.player.live.evaluations import read_evaluations
    from marmalade_sc.player.live.reevaluation import EvaluationPlayer
    from marmalade_sc.player.rendering.offline import orchestra_for
    from marmalade_sc.player.rendering.render import START

    found = read_evaluations(session.places.jam(jam).history)
    orchestra, definitions = orchestra_for(session.places, session.settings())
    if output is not None:
        player = EvaluationPlayer(orchestra, found, START, _complain)
        _render(session, player, definitions, output, seconds or player.seconds, tail, rate)
        return

    length_s = seconds or EvaluationPlayer(orchestra, found, START, _complain).seconds

    def frames(clock: "JamClock") -> "Iterator[tuple[int, list[Frame]]]":
        player = EvaluationPlayer(orchestra, found, clock.now() + 2 * _SECOND, _complain)
        player.scheduler.seq = 1 << 40  # beyond those of the live host, whose stream this is
        end = player.clock.now() + round(length_s * _SECOND)
        for now, made in player.frames(end):
            yield now - _SECOND, made
        yield end, []

    _play(session, jam, length_s, frames)


def _check_elsewhere(session: Session, jam: str) -> None:
    """Raises JamError: the jam plays just now, and would be written to while it is read."""
    from marmalade_sc.player.supervision import running

    joined = running.status(session.places)
    if joined is not None and joined.jam == jam:
        raise JamError(f"The jam {jam} plays. Switch to another one to hear what it played.")


def _engine(session: Session) -> dict[str, object]:
    """The engine's state; of a player that was just started it comes a moment later, and is waited for."""
    from marmalade_sc.clock.clocks import wait
    from marmalade_sc.player.control.protocol import request

    for _ in range(_LOOKS):
        engine = request(session.places.control_socket, "status").get("engine")
        if isinstance(engine, dict) and engine:
            return engine
        wait(_LOOK_S)
    return {}


def _complain(text: str) -> None:
    click.echo(f"marmalade: {text}", err=True)


def _render_log(
    session: Session, found: "Replay", output: Path, length_s: float, tail: float, rate: int | None
) -> None:
    from marmalade_sc.player.rendering.offline import orchestra_for
    from marmalade_sc.player.rendering.render import ReplayPlayer
    from marmalade_sc.player.rendering.replay import definitions_of

    _, definitions = orchestra_for(session.places, session.settings())
    cache = session.places.root / "cache" / "synthdefs"
    used = definitions_of(found, definitions, cache, _complain)
    _render(session, ReplayPlayer(found), used, output, length_s, tail, rate)


def _render(
    session: Session,
    source: "Source",
    definitions: "Definitions",
    output: Path,
    length_s: float,
    tail: float,
    rate: int | None,
) -> None:
    from marmalade_sc.player.rendering.render import Rendering
    from marmalade_sc.player.sounds.soundfiles import check_writable, kind_of, split

    kind = kind_of(output)
    check_writable(output)
    settings = session.settings()
    rendering = Rendering(
        source,
        definitions,
        settings.text("engine.scsynth") or "scsynth",
        rate or settings.integer("render.rate"),
        tail,
    )
    with tempfile.TemporaryDirectory(prefix=".marmalade-", dir=output.parent) as folder:
        rendered = Path(folder) / "rendered.wav"
        delay = rendering.run(rendered, rendering.end_of(None, length_s))
        split(rendered, delay, rendering.frames, output, kind)
    click.echo(f"{output}: {len(rendering.notes)} notes", err=True)


def _play(
    session: Session,
    jam: str,
    length_s: float,
    frames: "Callable[[JamClock], Iterator[tuple[int, list[Frame]]]]",
) -> None:
    """Write frames, each at its time, to the player that runs, or to one that is started for it.

    Args:
        length_s: how long it takes, for people.
        frames: gives (jam time at which to write, frames) from the jam's clock.
    """
    from marmalade_sc.clock.clocks import JamClock
    from marmalade_sc.jam.jams import Jams
    from marmalade_sc.jam.streams import FrameWriter
    from marmalade_sc.player.control.protocol import request
    from marmalade_sc.player.engine.process import LIVE_STREAM
    from marmalade_sc.player.supervision import running
    from marmalade_sc.shell.talk import silent_words

    joined = running.status(session.places)
    jams = Jams(session.places, session.settings().text("jam.name"))
    before = jams.current
    end_as_with_ctrl_c()
    if joined is None:
        click.echo("Starting the player ...", err=True)
        running.start(session.places, session.options, f"replay-{jam}"[:64])
    status = request(session.places.control_socket, "status")
    clock = JamClock(int(str(status["origin"])))
    writer = FrameWriter(str(session.places.events_socket), LIVE_STREAM)
    try:
        minutes, seconds = divmod(round(length_s), 60)
        click.echo(f"The jam {jam} plays again: {minutes}:{seconds:02}. Ctrl-C stops it.", err=True)
        if words := silent_words(_engine(session)):
            click.echo(words, err=True)
        for when, made in frames(clock):
            clock.sleep_until(when)
            if made:
                writer.write(made, clock.now())
    finally:
        writer.close()
        if joined is None:
            running.stop(session.places)
            if before in jams.names():
                jams.choose(before)
