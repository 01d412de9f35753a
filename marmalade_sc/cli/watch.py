"""`marmalade generator watch`: edit and save; what was saved plays from the next bar on."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from marmalade_sc.cli.controls import controls_of, with_controls
from marmalade_sc.cli.progress import end_cleanly
from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.errors import MarmaladeError, PlayerError

if TYPE_CHECKING:
    from marmalade_sc.player.generators.workbench import Workbench

__all__ = ["watch"]

_LOOK_S = 0.05
_OUTPUT_S = 0.5


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--track", default="", help="The strip it plays into. Default: its name.")
@click.option("--instance", default="", help="An instance that plays already. Default: one of this generator's.")
@with_session
@with_controls
def watch(session: Session, folder: Path, track: str, controls: tuple[str, ...], instance: str) -> None:
    """Let the generator in FOLDER play, and each time it is saved the new version, from the next bar on.

    Synthdefs in FOLDER/synthdefs/*.py are compiled. A save that is broken is told, and what played before plays on.
    Ctrl-C ends the watching; the generator plays on.
    """
    import signal

    from marmalade_sc.identity.keys import identity_at
    from marmalade_sc.player.control.protocol import request
    from marmalade_sc.player.generators.shelves import shelf_of
    from marmalade_sc.player.generators.workbench import Workbench

    def ask(do: str, **fields: Any) -> dict[str, Any]:
        return request(session.places.control_socket, do, **fields)

    settings = session.settings()
    ask("instances")  # nobody is there: told before anything is written
    identity = identity_at(settings.path("player.key", session.places.key))
    bench = Workbench(folder, shelf_of(session.places, settings), identity, ask, track, controls_of(controls), instance)
    signal.signal(signal.SIGTERM, end_cleanly)
    with contextlib.suppress(KeyboardInterrupt):
        for text in _sayings(bench, folder):
            click.echo(f"{time.strftime('%H:%M:%S')} {folder.resolve().name}: {text}")
    click.echo(f"It plays on; to end it: marmalade generator stop {bench.instance}")


def _sayings(bench: "Workbench", folder: Path) -> Iterator[str]:
    """What there is to say, for ever."""
    from marmalade_sc.clock.clocks import wait
    from marmalade_sc.generators.saving import Saves, stamps_of

    saves, heard, told = Saves(), time.monotonic(), ""
    while True:
        stamps, now = stamps_of(folder), time.monotonic()
        if saves.is_due(stamps, now):
            try:
                said = bench.save()
                saves.take(stamps)
                told = ""
                if said:
                    yield said
            except PlayerError as error:  # busy with the version before, or away for a moment: tried again
                saves.postpone(now)
                if told != error.message and not bench.is_busy(error):
                    told = error.message
                    yield told
            except MarmaladeError as error:
                if saves.is_broken(stamps, now):
                    before = " The version before plays on." if bench.instance else ""
                    yield f"{error}.{before}" if not str(error).endswith((".", "\n")) else f"{error}{before}"
        if now - heard >= _OUTPUT_S:
            heard = now
            with contextlib.suppress(MarmaladeError):
                yield from bench.output()
        wait(_LOOK_S)
