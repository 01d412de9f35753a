"""`marmalade lights`: which characters sound, told to an editor at the moment when they are heard."""

import asyncio
import contextlib
import json
import os
import threading
import time
from collections.abc import Callable, Container
from typing import Final

import click

from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, nanoseconds_to_units

__all__ = ["lights"]

_LOOK_S: Final = 0.05
_REJOIN_S: Final = 0.5
_LONGEST: Final = 1 << 20
_MOST_FILES: Final = 16
"""The player keeps as many (docs/control.md)."""


@click.command()
@click.option("--source", "sources", multiple=True, metavar="NAME", help="Only this block or file; several times.")
@with_session
def lights(session: Session, sources: tuple[str, ...]) -> None:
    """Tell an editor what to light, until standard input ends.

    Each line is a JSON object, {"source": "set.py", "lit": [[line, column, characters], ...]}, from 1: all that sounds
    in it now. On standard input it takes {"source": "set.py", "text": "..."}, what a file looks like now, so that
    lights follow lines that move.
    """
    asyncio.run(_Lamp(session, sources).run())


class _Files(Container[str]):
    """Everything that was evaluated under a name of its own."""

    def __contains__(self, name: object) -> bool:
        return not str(name).startswith("block ")


class _Lamp:
    """One editor's lights, on the player that runs; joined again when it comes back."""

    def __init__(self, session: Session, sources: tuple[str, ...]) -> None:
        from marmalade_sc.player.control.protocol import Client
        from marmalade_sc.shell.board import Board
        from marmalade_sc.shell.lights import Lights

        self._path = session.places.control_socket
        self._sources: Container[str] = frozenset(sources) or _Files()
        self._board, self._lights = Board(), Lights()
        self._make: Callable[[], Client] = lambda: Client(self._heard)
        self._client = self._make()
        self._texts: dict[str, str] = {}
        self._lit: dict[str, list[tuple[int, int, int]]] = {}

    async def run(self) -> None:
        """Until standard input ends. Raises PlayerError: no player runs."""
        await self._join()
        works = [asyncio.create_task(each) for each in (self._listen(), self._shine())]
        try:
            done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            for each in works:
                each.cancel()
            await self._client.close()

    async def _join(self) -> None:
        await self._client.connect(self._path)
        self._board.hear(await self._client.ask("status"))
        await self._client.ask("subscribe", to=["status", "steps"])
        for source, text in self._texts.items():
            await self._client.ask("saved", source=source, text=text)

    async def _join_again(self) -> None:
        """The player was started anew, or moved to another jam."""
        from marmalade_sc.errors import PlayerError

        self._lights.clear()
        self._tell()
        while self._client.closed.is_set():
            await self._client.close()
            self._client = self._make()
            try:
                await self._join()
            except PlayerError:
                self._client.closed.set()
                await asyncio.sleep(_REJOIN_S)

    def _heard(self, event: dict[str, object]) -> None:
        if event.get("event") == "steps":
            self._lights.hear(event.get("steps"), self._sources)
        else:
            self._board.hear(event)

    # Out

    async def _shine(self) -> None:
        """Look when a light is due, and tell what has changed."""
        while True:
            if self._client.closed.is_set():
                await self._join_again()
            self._tell()
            due = self._lights.next
            rest = _LOOK_S if due is None else min(_LOOK_S, (due - self._now) / UNITS_PER_SECOND)
            await asyncio.sleep(max(0.005, rest))

    @property
    def _now(self) -> int:
        """The jam time that is heard now."""
        return nanoseconds_to_units(time.monotonic_ns()) + self._board.origin - self._board.latency

    def _tell(self) -> None:
        lit: dict[str, list[tuple[int, int, int]]] = {}
        for source, *place in sorted(self._lights.at(self._now)):
            lit.setdefault(source, []).append((place[0], place[1], place[2]))
        for source in sorted(lit.keys() | self._lit.keys()):
            if lit.get(source) != self._lit.get(source):
                print(json.dumps({"source": source, "lit": lit.get(source, [])}), flush=True)
        self._lit = lit

    # In

    async def _listen(self) -> None:
        """What files look like; until standard input ends."""
        loop = asyncio.get_running_loop()
        lines: asyncio.Queue[bytes] = asyncio.Queue()

        def read() -> None:  # a file, a pipe, a terminal: a thread reads them all, and holds no lock when all ends
            rest = b""
            with contextlib.suppress(OSError, RuntimeError):
                while data := os.read(0, 1 << 16):
                    *whole, rest = (rest + data).split(b"\n")
                    rest = rest[:_LONGEST]
                    for line in whole:
                        loop.call_soon_threadsafe(lines.put_nowait, line + b"\n")
                loop.call_soon_threadsafe(lines.put_nowait, b"")

        threading.Thread(target=read, daemon=True).start()
        while line := await lines.get():
            await self._take(line)

    async def _take(self, line: bytes) -> None:
        from marmalade_sc.errors import PlayerError

        try:
            fields = json.loads(line)
            source, text = fields["source"], fields["text"]
            if not isinstance(source, str) or not isinstance(text, str):
                raise TypeError("source and text are text")
        except (ValueError, KeyError, TypeError, RecursionError):
            click.echo('marmalade: a line is {"source": "set.py", "text": "..."}', err=True)
            return
        self._texts.pop(source, None)
        self._texts[source] = text
        while len(self._texts) > _MOST_FILES:
            del self._texts[next(iter(self._texts))]
        with contextlib.suppress(PlayerError):  # it is told when the player is joined again
            answer = await self._client.ask("saved", source=source, text=text)
            if isinstance(error := answer.get("error"), dict):
                click.echo(f"marmalade: {error.get('message')}", err=True)
