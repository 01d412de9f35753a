"""What is kept of what plays: sets saved and loaded, the last session brought back, tracks packed for others."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from fractions import Fraction

from marmalade_sc.errors import UsageError
from marmalade_sc.live.output import RESTORED
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.generators.sharing import answers, share
from marmalade_sc.player.live.autosave import restorable, restored
from marmalade_sc.player.live.sets import read_set, save_set

__all__ = ["Repertoire"]

Ask = Callable[[Message], Awaitable[Message]]


class Repertoire:
    """See the module.

    Args:
        live: asks the live host.
        generators: asks the process that runs generators.
        peers: asks the process that meets other players; None where none is met.

    Attributes:
        name: the set that was loaded or saved last; None before.
        restorable: what to tell of a session that a crash has ended; "" where there is none.
    """

    def __init__(self, wiring: Wiring, live: Ask, generators: Ask, peers: Ask | None) -> None:
        self._wiring = wiring
        self._live = live
        self._generators = generators
        self._peers = peers
        self.name: str | None = None
        self.restorable = ""

    async def save(self, name: str, replace: bool) -> Message:
        """Save what plays as a set."""
        found = await self._live({"do": "set"})
        if found.get("error"):
            return found
        code = str(found.get("code", ""))
        if not code:
            raise UsageError("Nothing plays that could be saved")
        said = await asyncio.to_thread(save_set, self._wiring.places.sets, name, code, datetime.now(UTC), replace)
        self.name = name
        return {"ok": True, "value": said}

    async def load(self, name: str) -> Message:
        """Evaluate a set."""
        code = await asyncio.to_thread(read_set, self._wiring.places.sets, name)
        answer = await self._evaluated(code, f"sets/{name}.py")
        if not answer.get("error"):
            self.name = name
        return answer

    async def restore(self) -> Message:
        """Evaluate what played when the last session ended, and have its generators play again.

        Neither waits for the other: what runs generators may come up seconds after the live host.
        """
        resuming = asyncio.ensure_future(self._generators({"do": "resume"}))
        root = self._wiring.jam_places.root
        try:
            code = await asyncio.to_thread(restorable, root)
            answer = await self._evaluated(code, RESTORED)
        except UsageError:
            if (await resuming).get("instances"):
                return {"ok": True, "value": "generators play again"}
            raise
        finally:
            await resuming
        if not answer.get("error"):
            self.restorable = ""
            await asyncio.to_thread(restored, root)
        return answer

    async def pack_track(self, message: Message) -> Message:
        """Pack a track's pattern as a generator, and have the others play it."""
        track, name = str(message["track"]), str(message["name"])
        found = await self._live({"do": "share", "track": track, "name": name})
        if found.get("error"):
            return found
        words = found.get("words")
        named = [str(each) for each in words] if isinstance(words, list) else []
        made = await asyncio.to_thread(share, self._wiring, name, str(found["program"]), named)
        said = f"shared {track} as {made.id}, version {made.manifest.version}"
        if self._peers is None:
            return {"ok": True, "value": f"{said}; no other player is met here (peers.listen says where to)"}
        wish: Message = {"do": "share", "generator": str(made.id), "track": name, "elsewhere": True}
        wish.update({each: message[each] for each in ("policy", "ahead") if each in message})
        told = await self._peers(wish)
        return told if told.get("error") else {"ok": True, "value": f"{said}: {answers(told.get('players'))}"}

    async def _evaluated(self, code: str, source: str) -> Message:
        answer = await self._live({"do": "evaluate", "code": code, "source": source})
        if not answer.get("error"):
            answer["value"] = answer.get("value") or f"{source} plays"
            answer["landings"] = _together(source, answer.get("landings"))
        return answer


def _together(what: str, landings: object) -> list[object]:
    """One landing for all of a set: the latest."""
    found = [str(each["cycle"]) for each in landings if isinstance(each, dict)] if isinstance(landings, list) else []
    return [{"what": what, "cycle": max(found, key=Fraction)}] if found else []
