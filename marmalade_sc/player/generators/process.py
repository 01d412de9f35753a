"""The process that runs generators: their sandboxes, gateways and watchdog, behind a socket for the hub. A wiring."""

import asyncio
import contextlib
import shutil
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.errors import GeneratorError, JamError
from marmalade_sc.generators.bars import Bars
from marmalade_sc.generators.library import library
from marmalade_sc.generators.runner import Runner
from marmalade_sc.generators.running import Surroundings
from marmalade_sc.generators.sandbox.probe import Layer, probe, why_not
from marmalade_sc.jam import keys
from marmalade_sc.jam.history import History
from marmalade_sc.live.link import serve
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.program import run_program
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.control.backdoor import Backdoor
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.generators.examples import take_example
from marmalade_sc.player.generators.following import Following
from marmalade_sc.player.generators.ports import PlayerPorts
from marmalade_sc.player.generators.shelves import first_uid, shelf_of
from marmalade_sc.player.sounds.content import wait_for_catalogue
from marmalade_sc.player.trust.acquaintances import Acquaintances
from marmalade_sc.player.trust.quotas import bounds_of, grants_of, quota_of, refused_of

__all__ = ["SOCKET", "main"]

SOCKET: Final = "generators.sock"
_LOOK_S: Final = 0.2
_DENY_S: Final = 0.5
_TEND_S: Final = 5.0
"""A flood through a gateway fills what lies between the hot cap and its stream's in 12 s (jam/history.py)."""
_KEPT: Final = 3000


class _Process:
    """Commands in, answers and events out."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.ports = PlayerPorts(wiring)
        self.shelf = shelf_of(wiring.places, wiring.settings)
        history = History(str(wiring.places.state_socket), self.ports.segments)
        self.following = Following(history, lambda: units_to_milliseconds(self.ports.now()))
        self.runner: Runner | None = None
        self.layers: Sequence[Layer] = ()
        self.waiting: Sequence[Mapping[str, object]] = ()
        self.hub = Backdoor(self.do, self._tell_tracks)

    async def run(self) -> None:
        """Serve until cancelled; then end every instance."""
        wiring, places = self.wiring, self.wiring.places
        loop = asyncio.get_running_loop()

        def said(text: str) -> None:
            event: Message = {"event": "say", "text": text}
            loop.call_soon_threadsafe(self.hub.tell, event)
            loop.call_soon_threadsafe(self._tell_tracks)

        self.ports.said = said
        rows, self.waiting = await asyncio.to_thread(self.ports.leftovers)
        uid = first_uid(places)
        self.layers, found, _ = await asyncio.gather(
            asyncio.to_thread(self._probe, uid), asyncio.to_thread(self._library), asyncio.to_thread(self.ports.look)
        )
        if why := why_not(self.layers):
            print(f"Generators cannot run: {why}", flush=True)
        gates = places.runtime / "gates"
        shutil.rmtree(gates, ignore_errors=True)
        shutil.rmtree(places.runtime / "guests", ignore_errors=True)
        gates.mkdir(mode=0o755)
        self.runner = Runner(
            self.shelf,
            self.ports,
            Surroundings(
                wiring.jam_places.root,
                gates,
                found,
                places.state_socket,
                places.events_socket,
                self.layers,
                wiring.clock.origin,
                uid,
                quota=quota_of(wiring.settings),
                older=self.ports.segments,
                bounds=bounds_of(wiring.settings),
                most=wiring.settings.integer("generators.instances"),
                refused=refused_of(wiring.settings),
                grants=grants_of(wiring.settings),
            ),
        )
        server = await self.hub.open(places.socket(SOCKET))
        tasks = [
            asyncio.create_task(each)
            for each in (self.runner.watch(), self.look(), self.count(), self.tend(), self.deny())
        ]
        lifeline.ready()
        try:
            await self.runner.resume(rows)
            if self.waiting:
                names = ", ".join(sorted({str(each.get("generator")).partition(":")[2] for each in self.waiting}))
                self.ports.say(f"Generators played when the player was killed: restore() brings back {names}.")
            await serve(server)
        finally:
            for task in tasks:
                task.cancel()
            await self.runner.close()
            if not self.ports.is_orphaned():
                self.ports.record.unlink(missing_ok=True)

    def _probe(self, uid: int | None) -> Sequence[Layer]:
        """The sandbox's layers: by trial at the start of each session; not again when this process was killed in it."""
        mark, session = self.wiring.places.runtime / "sandbox-passed", str(self.wiring.clock.origin)
        with contextlib.suppress(OSError):
            if mark.read_text() == session:
                return [Layer("sandbox", True, "a trial passed when this session began")]
        found = probe(uid)
        with contextlib.suppress(OSError):
            mark.write_text("" if why_not(found) else session)
        return found

    def _library(self) -> Path | None:
        try:
            return library(self.wiring.places.root / "cache" / "library")
        except OSError as error:
            print(f"The SDK cannot be laid out for generators: {error}", flush=True)
            return None

    async def look(self) -> None:
        """Follow the timeline."""
        while True:
            await asyncio.to_thread(self.ports.look)
            await asyncio.sleep(_LOOK_S)

    async def tend(self) -> None:
        """Move older points to disk, and measure what changes slowly."""
        while True:
            if said := await asyncio.to_thread(self.ports.tend):
                self.ports.say(said)
            await asyncio.sleep(_TEND_S)

    async def deny(self) -> None:
        """Tell what was refused, twice a second."""
        while True:
            await asyncio.sleep(_DENY_S)
            await asyncio.to_thread(self.ports.denials.flush)

    async def count(self) -> None:
        """Tell each bar a little before it begins, for programs that only follow; while any runs."""
        bars = Bars()
        while True:
            await asyncio.sleep(0.02)
            timeline, now = self.ports.current, self.ports.now()
            record = bars.due(timeline, now) if timeline is not None else None
            if record is None:
                continue
            if self.runner is not None and self.runner.running:
                await asyncio.to_thread(self.ports.log, keys.BARS, record, _KEPT)
            await asyncio.to_thread(self._follow, int(str(record["bar"])))

    def _follow(self, bar: int) -> None:
        """Go on in the schedule, whether anything runs or not."""
        with contextlib.suppress(JamError):
            if (place := self.following.look(bar)) is not None:
                self.ports.log(keys.SCHEDULE_PLACE, place, _KEPT)

    # The hub

    def _tell_tracks(self) -> None:
        if self.runner is not None:
            tracks = sorted({each.play.track for each in self.runner.running.values()})
            self.hub.tell({"event": "hosted", "tracks": list(tracks)})

    async def do(self, message: Message) -> Message:
        """What a command asks for. Raises MarmaladeError, TypeError, ValueError."""
        assert self.runner is not None
        rows: dict[str, Callable[[Message], Awaitable[Message]]] = {
            "generators": self._generators,
            "instances": self._instances,
            "run": self._run,
            "stop": self._stop,
            "control": self._control,
            "reload": self._reload,
            "instance": self._instance,
            "resume": self._resume,
            "regrant": self._regrant,
        }
        return await rows[str(message["do"])](message)

    async def _generators(self, message: Message) -> Message:
        found = await asyncio.to_thread(self.shelf.all)
        rows = [
            {
                "id": str(each.id),
                "sha256": each.sha256,
                "version": each.manifest.version,
                "title": each.manifest.title,
                "composer": each.manifest.composer,
                "tags": list(each.manifest.tags),
                "controls": {
                    name: {"default": c.default, "low": c.low, "high": c.high, "unit": c.unit, "doc": c.doc}
                    for name, c in each.manifest.controls.items()
                },
                "trust": each.trusted.level,
                "is_signed": each.is_signed,
                "why_not": each.why_not,
            }
            for each in found
        ]
        return {"ok": True, "generators": rows, "why_not": why_not(self.layers)}

    async def _regrant(self, message: Message) -> Message:
        assert self.runner is not None
        return {"ok": True, "instances": await self.runner.regrant()}

    async def _instances(self, message: Message) -> Message:
        assert self.runner is not None
        return {"ok": True, "instances": self.runner.rows()}

    async def _run(self, message: Message) -> Message:
        assert self.runner is not None
        track, controls = str(message.get("track") or ""), message.get("controls") or {}
        name = self._meant(message["generator"])
        if not isinstance(controls, dict):
            raise ValueError("controls are an object of numbers")
        semitones = _number(message.get("semitones")) or 0.0
        if track and message.get("replace"):
            here = [each for each in self.runner.running.values() if each.play.track == track and not each.stopping]
            for each in here:
                # Said again: what changes are its controls.
                if each.play.is_meant(name) and each.play.semitones == semitones:
                    await self.runner.control(each.play.path, controls)
                    return {"ok": True, "started": False, "instance": each.play.path, "track": track}
                await self.runner.stop(each.play.path, reason="another generator took its track")
        if await asyncio.to_thread(take_example, self.wiring, self.shelf, name):
            self.hub.tell({"event": "say", "text": f"{name} is an example that comes with Marmalade; it is yours now"})
        # In a new player's first seconds there is none yet: who joins a jam that plays would find no sound by its name.
        await asyncio.to_thread(wait_for_catalogue, self.wiring.catalogue)
        found = await self.runner.play(
            name,
            instance=str(message.get("instance") or ""),
            track=track,
            controls=controls,
            bars=_number(message.get("bars")),
            seconds=_number(message.get("seconds")),
            restart=str(message.get("restart") or "failure"),
            requester=str(message.get("requester") or "local"),
            sha256=str(message.get("sha256") or ""),
            semitones=semitones,
            begin=_whole(message.get("begin")),
            quantum=_number(message.get("quantum")) or 0.0,
        )
        return {"ok": True, **found}

    def _meant(self, name: object) -> str:
        """A generator's name, where the user said a nickname; read anew, for the process of peers keeps those."""
        return Acquaintances(self.shelf.trust).generator(str(name)) if ":" in str(name) else str(name)

    async def _stop(self, message: Message) -> Message:
        assert self.runner is not None
        quiet = bool(message.get("quiet"))  # a hush: silent at once, and fine where nothing plays
        try:
            bars = _number(message.get("bars")) or 0.0
            found = await self.runner.stop(
                self._meant(message.get("name") or ""),
                bars,
                str(message.get("why") or "it was stopped")[:200],
                at_once=quiet,
            )
        except GeneratorError:
            if not quiet:
                raise
            found = []
        return {"ok": True, "instances": found}

    async def _control(self, message: Message) -> Message:
        assert self.runner is not None
        controls = message.get("controls")
        if not isinstance(controls, dict):
            raise ValueError("controls are an object of numbers")
        return {"ok": True, "instances": await self.runner.control(self._meant(message["name"]), controls)}

    async def _reload(self, message: Message) -> Message:
        assert self.runner is not None
        return {"ok": True, "changed": await self.runner.reload(str(message["name"]))}

    async def _resume(self, message: Message) -> Message:
        """What the user's own word had started before the player was killed plays again, where it had not ended."""
        assert self.runner is not None
        waiting, self.waiting = self.waiting, ()
        await self.runner.resume(waiting)
        return {"ok": True, "instances": [str(each.get("generator")) for each in waiting]}

    async def _instance(self, message: Message) -> Message:
        assert self.runner is not None
        found = self.runner.output(str(message["name"]))
        return {"ok": True, **found, "refused": await asyncio.to_thread(self.ports.refused, str(found["path"]))}


def _number(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r:.40} is no number")
    return float(value)


def _whole(value: object) -> int:
    """A jam time: too long for a float. Raises ValueError."""
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r:.40} is no whole number")
    return value


def main(arguments: list[str]) -> int:
    """Run until SIGTERM; the exit status."""
    wiring = Wiring.read(arguments)
    process = _Process(wiring)
    lifeline.serve(process.run, process.ports.say)
    return 0


if __name__ == "__main__":
    run_program(main)
