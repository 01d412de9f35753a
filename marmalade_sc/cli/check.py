"""`marmalade generator check`: a generator played in its sandbox without a player, and what came of it."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.controls import with_controls
from marmalade_sc.cli.progress import cycles_of, end_cleanly, showing
from marmalade_sc.cli.session import Session, finite, with_session
from marmalade_sc.errors import UsageError

if TYPE_CHECKING:
    from marmalade_sc.player.rendering.checkup import Checkup

__all__ = ["check", "controls_of"]


@click.command()
@click.argument("name")
@click.option("--cycles", metavar="N", default="8", show_default=True, help="How many bars.")
@click.option("--bpm", type=click.FloatRange(0.1, 10000), default=120.0, show_default=True, help="The tempo.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of its dice.")
@click.option("--synthdefs", type=click.Path(exists=True, file_okay=False, path_type=Path), help="A folder more.")
@click.option("--build", is_flag=True, help="Compile its synthdefs/*.py first, outside the sandbox: for your own.")
@click.option("--real-time", is_flag=True, help="As long as it sounds, even where it could go faster.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@with_session
@with_controls
def check(
    session: Session,
    name: str,
    cycles: str,
    bpm: float,
    seed: int,
    controls: tuple[str, ...],
    synthdefs: Path | None,
    build: bool,
    real_time: bool,
    as_json: bool,
) -> None:
    """Play the generator NAME, or that in the folder NAME, in its sandbox, and say what came of it.

    It is played faster than real time, or as long as it sounds where it was not written with the SDK. Exit status: 1
    when something is wrong with it.
    """
    from marmalade_sc.generators.sources import build_sources
    from marmalade_sc.player.rendering.casting import Wish, cast, part_of
    from marmalade_sc.player.rendering.checkup import check_up
    from marmalade_sc.player.rendering.offline import orchestra_for
    from marmalade_sc.player.rendering.rehearsals import Sounding

    finite({"--bpm": bpm})
    settings = session.settings()
    wanted = cycles_of(cycles)
    assert wanted is not None
    if not 0 < wanted <= 1000:
        raise click.BadParameter(f"{cycles} is not between 0 and 1000", param_hint="--cycles")
    if build and Path(name).is_dir():
        build_sources(Path(name))
    part = part_of(name, session.places, settings)
    (role,) = cast([part], Wish([name], {part.manifest.name: controls_of(controls)}, seed))
    signal.signal(signal.SIGTERM, end_cleanly)
    _, definitions = orchestra_for(
        session.places, settings, synthdefs, lambda text: click.echo(f"marmalade: {text}", err=True)
    )
    sounding = Sounding.of(definitions, settings)
    with showing("playing", quiet=as_json) as progress:
        found = check_up(
            role,
            session.places,
            sounding,
            cycles=wanted,
            bpm=bpm,
            real_time=True if real_time else None,
            progress=progress,
        )
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        for key, text in _rows(found):
            click.echo(f"{key:10}{text}")
    if found.faults:
        raise click.exceptions.Exit(1)


def controls_of(given: tuple[str, ...]) -> dict[str, float]:
    """`NAME=NUMBER` as they are given. Raises UsageError where one sets nothing."""
    found = {}
    for text in given:
        key, _, value = text.partition("=")
        try:
            found[key.strip()] = float(value)
        except ValueError:
            raise UsageError(f"--control {text!r:.80} sets nothing", hint="Write --control density=0.5.") from None
    return found


def _rows(found: "Checkup") -> Iterator[tuple[str, str]]:
    yield "generator", f"{found.name} {found.version}: {found.bars} bars, {found.seconds:g} s, in {found.mode}"
    names = ", ".join(f"{name} {count}" for name, count in found.events.items())
    yield "events", f"{sum(found.events.values())}{': ' if names else ''}{names}"
    yield "levels", ", ".join(f"{name} {peak:.1f} dBFS" for name, peak in found.peaks.items()) or "silence"
    for name, (count, value) in found.tags.items():
        yield "tag", f"{name} set {_times(count)}, at last to {value!r:.60}"
    for key, times in found.writes.items():
        yield "write", f"{key} {_times(times)}"
    longest = f"; longest frame {found.longest_ms:g} ms" if found.frames else ""
    yield "cpu", f"{found.cpu_s:.2f} s, {found.cpu:.1%} of a core; {found.memory / 2**20:.0f} MiB{longest}"
    for name, cost in found.costs.items():
        yield "synthdef", f"{name} costs {cost:.2%} of a core for each voice"
    yield "late", f"{found.late} notes up to 5 ms late, {found.dropped} dropped; {found.slow} slow frames"
    yield "refused", f"{found.denied + len(found.kept_from) + sum(found.refused.values())}"
    for line in found.output[-10:]:
        yield "output", line
    yield "exit", found.exit
    for text in found.remarks:
        yield "remark", text
    for text in found.faults:
        yield "fault", text.replace("\n", f"\n{'':10}")


def _times(count: object) -> str:
    return "once" if count == 1 else f"{count} times"
