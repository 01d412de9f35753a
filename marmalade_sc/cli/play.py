"""`marmalade play`: a set played live without a terminal, for a time, and recorded when wanted."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from marmalade_sc.cli.session import Session, end_as_with_ctrl_c, finite, read_set, with_session
from marmalade_sc.errors import EngineError, PlayerError, UsageError

if TYPE_CHECKING:
    from marmalade_sc.player.control.protocol import Client

__all__ = ["play"]

_REJOIN_S = 0.3


@click.command()
@click.argument("set_file", metavar="SET.py", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="Stop after so long. Default: Ctrl-C.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Record what is heard (wav or flac).")
@click.option("--jam", metavar="NAME", help="The jam to play in.")
@with_session
def play(session: Session, set_file: Path, seconds: float | None, record: Path | None, jam: str | None) -> None:
    """Play SET.py live. Joins the player that runs, or starts one and ends it afterwards."""
    from marmalade_sc.player.sounds.soundfiles import check_writable, kind_of
    from marmalade_sc.player.supervision import running

    finite({"--seconds": seconds})
    if record is not None:
        kind_of(record)
        check_writable(record)
        record = record.resolve()
    code = read_set(set_file)
    joined = running.status(session.places) is not None
    end_as_with_ctrl_c()
    running.start(session.places, session.options, jam)
    try:
        asyncio.run(_play(session, code, set_file.name, seconds, record))
    finally:
        if not joined:
            running.stop(session.places)


async def _play(session: Session, code: str, name: str, seconds: float | None, record: Path | None) -> None:
    from marmalade_sc.player.control.protocol import Client, Message
    from marmalade_sc.shell.clean import clean

    recorded = asyncio.Event()
    began = asyncio.Event()

    def heard(event: Message) -> None:
        if event.get("event") in ("output", "complaint"):
            click.echo(clean(str(event.get("text", ""))).rstrip("\n"), err=True)
        elif event.get("kind") == "recorded":
            recorded.set()
        elif event.get("kind") == "recording":
            began.set()
        elif event.get("kind") == "say":
            click.echo(clean(str(event.get("text"))), err=True)

    path = session.places.control_socket
    client = Client(heard)
    jam = (await client.connect(path)).get("jam")
    try:
        await client.ask("subscribe", to=["output", "news"])
        if record is not None:
            _checked(await client.ask("record", path=str(record), replace=True))
            try:
                await asyncio.wait_for(began.wait(), 10.0)
            except TimeoutError:
                raise EngineError(f"The recording {record} did not begin") from None
        answer = await client.ask("evaluate", code=code, source=name, timeout_s=None)
        error = answer.get("error")
        if isinstance(error, dict):
            if record is not None:
                await client.ask("stop_recording")
            raise UsageError(str(error.get("text")))
        click.echo(f"{name} plays. Ctrl-C stops it.", err=True)
        loop = asyncio.get_running_loop()
        end = None if seconds is None else loop.time() + seconds
        try:
            while await _closes(client, None if end is None else end - loop.time()):
                await client.close()
                client = Client(heard)
                await _join_again(client, session, jam)
        finally:
            if not client.closed.is_set():
                await client.ask("hush")
                if record is not None:
                    _checked(await client.ask("stop_recording"))
                    try:
                        await asyncio.wait_for(recorded.wait(), 15.0)
                    except TimeoutError:
                        raise EngineError(f"The recording {record} was not finished") from None
                    click.echo(f"Recorded to {record}.", err=True)
    finally:
        await client.close()


async def _closes(client: "Client", within_s: float | None) -> bool:
    """Wait until the connection breaks, or `within_s` seconds; whether it broke."""
    try:
        await asyncio.wait_for(client.closed.wait(), None if within_s is None else max(0.0, within_s))
    except TimeoutError:
        return False
    return True


async def _join_again(client: "Client", session: Session, jam: object) -> None:
    """Join a hub that was restarted: the music has not stopped for it.

    Raises:
        PlayerError: the player has ended, or moved to another jam, where the set does not play.
    """
    from marmalade_sc.player.supervision import running

    while True:
        try:
            moved = (await client.connect(session.places.control_socket)).get("jam")
            break
        except PlayerError:
            if running.status(session.places) is None:
                client.closed.set()
                raise PlayerError("The player has ended.") from None
            await asyncio.sleep(_REJOIN_S)
    if moved != jam:
        await client.close()
        raise PlayerError(f"The player has moved to the jam {moved}.")
    await client.ask("subscribe", to=["output", "news"])


def _checked(answer: Mapping[str, object]) -> None:
    error = answer.get("error")
    if isinstance(error, dict):
        raise EngineError(str(error.get("text")))
