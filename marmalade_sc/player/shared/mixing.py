"""The mix that players share: how loud and where each shared track is, at all of them.

It moves faders and pans of tracks that generators play which somebody has shared, and of nothing else: what the user
plays, mutes and solos, and the master, are not touched.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from marmalade_sc.errors import PeerError, UnknownNameError, UsageError, nearest
from marmalade_sc.ids import check_name
from marmalade_sc.peers.mix import HIGHEST_DB, LOWEST_DB, MIX, SharedMix, read_mix
from marmalade_sc.peers.records import PlayTicket, RegisterWrite
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.shared.keeping import Keeping
from marmalade_sc.player.shared.strips import strip_of

__all__ = ["Mixing"]

_LOOK_S: Final = 0.5
_MOST: Final = 64
"""Tracks whose mix is followed at once."""

Run = tuple[str, str, str]
"""Generator, instance and incarnation: each begins with a strip as it was made."""


class Mixing:
    """See the module. For one event loop. `is_welcome`: whether others' mixes are followed here."""

    def __init__(self, keeping: Keeping, is_welcome: bool) -> None:
        self._keeping = keeping
        self._is_welcome = is_welcome
        self._done: dict[str, tuple[tuple[bytes, int], Run | None]] = {}

    async def share_mix(self, message: Message) -> Message:
        """Set a track's mix for all, or show all that is set."""
        if not message.get("track"):
            return {"value": self._text() or 'Nothing is mixed together yet: jam.mix("acid", gain=-3).'}
        track = check_name(str(message["track"]), "track")
        here = [name for name, _ in (await self._shared()).values()]
        before, shared = self._mix_of(track), {*here, *self._told()}
        if track not in shared:
            near = nearest(track, shared)
            raise UnknownNameError(
                f"No shared track is called {track!r:.40}",
                hint=f"Did you mean {near}?" if near else "Only what is shared is mixed together.",
            )
        found = SharedMix(
            _within(message.get("gain"), before.gain_db, LOWEST_DB, HIGHEST_DB, "gain"),
            _within(message.get("pan"), before.pan, -1.0, 1.0, "pan"),
        )
        self._keeping.shared.must_tell(f"{MIX}{track}", found.to_bytes(), is_kept=True)
        return {"value": _words(track, found)}

    def again(self) -> None:
        """Who plays has begun anew and knows nothing of what was set: set it once more, without a word."""
        self._done = {track: (identity, None) for track, (identity, _) in self._done.items()}

    async def run(self) -> None:
        """Set strips as all want them, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            writes = self._keeping.shared.family(MIX)
            if writes:
                await self._follow(writes, await self._shared())

    async def _follow(self, writes: Mapping[str, RegisterWrite], shared: Mapping[str, tuple[str, Run]]) -> None:
        for track, (name, run) in [each for each in shared.items() if each[1][0] in writes][:_MOST]:
            write = writes[name]
            who, mark = self._keeping.who(write), (write.identity, run)
            if self._done.get(track) == mark or (who and not self._is_welcome):
                continue
            try:
                mix = read_mix(write.value)
            except PeerError:
                self._done[track] = mark
                continue
            order = {"do": "mix", "track": track, "gain_db": mix.gain_db, "pan": mix.pan}
            if (await self._keeping.live.ask({**order, "is_hosted": True, "is_shared": True})).get("error"):
                continue
            is_news = self._done.get(track, (None,))[0] != write.identity
            self._done[track] = mark
            if who and is_news:
                self._keeping.say(f"{who} mixes: {_words(track, mix)}.")

    async def _shared(self) -> dict[str, tuple[str, Run]]:
        """Strips that instances play into which somebody has shared, each with its name for all, and the instance."""
        answer = await self._keeping.runs.ask({"do": "instances"})
        rows = answer.get("instances")
        plays = self._keeping.station.node.ledger.of(PlayTicket)
        tickets = {(self._local(each), each.instance): each for each in plays}
        found: dict[str, tuple[str, Run]] = {}
        for each in rows if isinstance(rows, list) else []:
            if isinstance(each, Mapping) and each.get("state") == "playing":
                run, strip = (
                    (str(each["generator"]), str(each["instance"]), str(each.get("starts"))),
                    str(each["track"]),
                )
                ticket = tickets.get(run[:2])
                if ticket is not None:
                    is_apart = strip == strip_of(ticket.track, self._keeping.name(ticket.maker))
                    found[strip] = (ticket.track if is_apart else strip, run)
        return found

    def _local(self, play: PlayTicket) -> str:
        """What its generator is called here."""
        return f"{self._keeping.name(play.author)}:{play.generator.partition(':')[2]}"

    def _told(self) -> set[str]:
        """Tracks that we let the others play: here they may be tracks of our own, whose faders stay ours."""
        plays = self._keeping.station.node.ledger.of(PlayTicket)
        return {each.track for each in plays if each.maker == self._keeping.shared.own}

    def _mix_of(self, track: str) -> SharedMix:
        write = self._keeping.shared.current(f"{MIX}{track}")
        try:
            return read_mix(write.value) if write is not None else SharedMix()
        except PeerError:
            return SharedMix()

    def _text(self) -> str:
        rows = []
        for track, write in sorted(self._keeping.shared.family(MIX).items()):
            rows.append(f"{_words(track, self._mix_of(track))}  ({self._keeping.who(write) or 'you'})")
        return "\n".join(rows)


def _words(track: str, mix: SharedMix) -> str:
    return f"{track}: {mix.gain_db:+.1f} dB, pan {mix.pan:+.2f}"


def _within(value: object, otherwise: float, low: float, high: float, what: str) -> float:
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"A shared {what} of {value!r:.40} cannot be", hint=f"Give {low:g} to {high:g}.")
    return float(value)
