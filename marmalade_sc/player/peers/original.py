"""The process that speaks the original Marmalade's protocol, where `original.port` asks for it. A wiring."""

import asyncio
import time
from collections.abc import Mapping

from marmalade_sc.errors import GeneratorError, SettingsError
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.identity.rsa import rsa_identity_at
from marmalade_sc.ids import GeneratorId
from marmalade_sc.jam import keys
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.original.binding import bind
from marmalade_sc.original.book import Book
from marmalade_sc.original.house import House
from marmalade_sc.original.server import Server
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.program import run_program
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.control.livelink import LiveLink
from marmalade_sc.player.generators.process import SOCKET
from marmalade_sc.player.generators.shelves import shelf_of
from marmalade_sc.player.peers.whereabouts import original_address

__all__ = ["main"]


class _Process:
    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.news = StateLog(str(wiring.places.events_socket))
        self.generators = LiveLink(
            wiring.places.socket(SOCKET), lambda event: None, lambda: None, "What runs generators"
        )

    def _server(self) -> Server:
        """Raises SettingsError where `original.address` is none."""
        wiring, places = self.wiring, self.wiring.places
        own = rsa_identity_at(places.root / "original.key")
        player = identity_at(wiring.settings.path("player.key", places.key))
        house = House(
            own,
            original_address(wiring.settings),
            Book.open(places.root / "original.json"),
            shelf_of(places, wiring.settings),
            lambda: wiring.jam,
            self.play,
            time.time,
            self.say,
        )
        return Server(house, bind(player, own))

    async def run(self) -> None:
        """Serve until cancelled."""
        host, port = self.wiring.settings.text("original.host"), self.wiring.settings.integer("original.port")
        keeping = asyncio.create_task(self.generators.keep())
        server: Server | None = None
        try:
            server = self._server()
            await server.start(host, port)
            print(f"Original players reach this one at {original_address(self.wiring.settings)}.", flush=True)
        except (OSError, SettingsError) as error:
            # Not worth a restart each second: it says so, waits for its end, and all else plays.
            why = f"{host}:{port}: {error.strerror}" if isinstance(error, OSError) else str(error).replace("\n", " ")
            self.say(f"Original players cannot reach this one: {why}")
        lifeline.ready()
        try:
            await asyncio.Event().wait()
        finally:
            keeping.cancel()
            if server is not None:
                await server.close()

    async def play(self, generator: GeneratorId, sha256: str, instance: str) -> bool:
        """Let the process that runs generators run one, once."""
        asked: dict[str, object] = {
            "do": "run",
            "generator": str(generator),
            "sha256": sha256,
            "instance": instance,
            "requester": f"original {generator.player}",
        }
        answer = await self.generators.ask(asked)
        if not answer.get("ok"):
            error = answer.get("error")
            raise GeneratorError(str(error.get("text")) if isinstance(error, Mapping) else "It does not run")
        return bool(answer.get("started"))

    def say(self, text: str) -> None:
        """A sentence for the people at the shells."""
        print(text, flush=True)
        self.news.append(self.wiring.clock.now(), [(keys.NEWS, {"kind": "say", "text": text}, 200)])


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; the exit status."""
    process = _Process(Wiring.read(arguments))
    lifeline.serve(process.run, process.say)
    return 0


if __name__ == "__main__":
    run_program(main)
