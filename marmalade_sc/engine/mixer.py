"""The mixer as a value: channel strips, sends, inserts, mutes and solos, and the messages that make it so on scsynth.

Pure: every method returns OSC messages; who calls sends them. The whole state is here, so that a scsynth that was
restarted is rebuilt from it by `restore`.
"""

from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.engine.layout import (
    CLOCK_GROUP,
    CLOCK_NODE,
    MASTER_BUS,
    MASTER_GROUP,
    MASTER_METER_BUS,
    MASTER_NODE,
    MOST_TRACKS,
    RECORD_GROUP,
    ROOT_GROUP,
    TRACKS_GROUP,
    Strip,
    insert_node,
    source_node,
)
from marmalade_sc.engine.strips import SILENCE_DB, StripSettings, clamped
from marmalade_sc.errors import EngineError
from marmalade_sc.sdk.osc import message

__all__ = [
    "AIM_SYNTH",
    "CLOCK_SYNTH",
    "MASTER_SYNTH",
    "SEND_SYNTH",
    "STEM_SYNTH",
    "STRIP_SYNTH",
    "Channel",
    "Mixer",
]

CLOCK_SYNTH: Final = "marmalade.clock"
AIM_SYNTH: Final = "marmalade.aim"
STRIP_SYNTH: Final = "marmalade.strip"
SEND_SYNTH: Final = "marmalade.send"
STEM_SYNTH: Final = "marmalade.stem"
MASTER_SYNTH: Final = "marmalade.master"

_HEAD, _TAIL, _AFTER = 0, 1, 3
_INTO_STRIP: Final = 2.0**0.5
"""A strip takes 3 dB off in the middle; what goes through two of them must not be 3 dB softer for it."""


@dataclass(slots=True)
class Channel:
    """One track on the server: its strip, its settings and the group its voices play into now.

    Attributes:
        side: which of the strip's two ways out is heard, 0 or 1.
        ceiling: amplitude that the strip clips at; None for the strip's own.
        fader_db: where the fader was last sent.
    """

    name: str
    strip: Strip
    source: int
    settings: StripSettings = field(default_factory=StripSettings)
    inserts: list[int] = field(default_factory=list)
    sends: list[int] = field(default_factory=list)
    side: int = 0
    ceiling: float | None = None
    fader_db: float = 0.0


class Mixer:
    """All channels of one engine. Slots are given in order of first use and kept."""

    def __init__(self) -> None:
        self.channels: dict[str, Channel] = {}
        self.master_gain_db = 0.0
        self._sources = 0
        self._insert_count = 0

    # Building

    def base(self) -> list[bytes]:
        """Groups, block counter and master, for a server that has nothing yet (not even the default group)."""
        return [
            message("/g_new", ROOT_GROUP, _HEAD, 0),
            message("/g_new", CLOCK_GROUP, _HEAD, ROOT_GROUP),
            message("/g_new", TRACKS_GROUP, _AFTER, CLOCK_GROUP),
            message("/g_new", MASTER_GROUP, _AFTER, TRACKS_GROUP),
            message("/g_new", RECORD_GROUP, _AFTER, MASTER_GROUP),
            message("/s_new", CLOCK_SYNTH, CLOCK_NODE, _HEAD, CLOCK_GROUP),
            message("/s_new", MASTER_SYNTH, MASTER_NODE, _HEAD, MASTER_GROUP, "gain", _amplitude(self.master_gain_db)),
        ]

    def restore(self) -> list[bytes]:
        """Everything: base and all channels as they were set, for a server that was restarted."""
        messages = self.base()
        for channel in self.channels.values():  # groups keep their ids: notes that are held name them
            channel.inserts = []
            channel.sends = []
            messages += self._build(channel)
        return messages

    def open(self, name: str) -> tuple[Channel, list[bytes]]:
        """The channel of a track, and the messages that build it when it is new.

        Raises:
            EngineError: there are MOST_TRACKS tracks already.
        """
        channel = self.channels.get(name)
        if channel is not None:
            return channel, []
        slot = len(self.channels)
        if name == "master":
            raise EngineError("A track cannot be called 'master': that is what all tracks go through")
        if slot >= MOST_TRACKS:
            raise EngineError(f"The track {name!r} is one more than the {MOST_TRACKS} this engine can hold")
        channel = Channel(name, Strip(slot), self._next_source())
        self.channels[name] = channel
        return channel, self._build(channel)

    # Changing

    def set(self, name: str, settings: StripSettings) -> list[bytes]:
        """Bring one strip to new settings, and the others as its solo asks for."""
        channel, messages = self.open(name)
        older = channel.settings
        channel.settings = settings
        if older.targets != settings.targets:
            try:
                self._order()
            except EngineError:
                channel.settings = older
                raise
        if older.inserts != settings.inserts:
            messages += self._inserts(channel)
        if older.sends != settings.sends:
            messages += self._sends(channel)
        if older.group != settings.group:
            messages += self._grouped(channel)
        everywhere = older.solo != settings.solo or older.targets != settings.targets
        touched = self.channels.values() if everywhere else (channel,)
        for each in touched:
            messages.append(self._fader(each))
        return messages

    def hold(self, name: str, ceiling: float) -> list[bytes]:
        """Have a strip clip at an amplitude of its own from now on."""
        channel, messages = self.open(name)
        channel.ceiling = ceiling
        return [*messages, message("/n_set", channel.strip.node, "ceiling", ceiling)]

    def set_master(self, gain_db: float) -> list[bytes]:
        """The master's gain in dB, -96 to +12."""
        self.master_gain_db = clamped(gain_db, SILENCE_DB, 12.0)
        return [message("/n_set", MASTER_NODE, "gain", _amplitude(self.master_gain_db))]

    def fade_out(self, name: str, fade_s: float) -> tuple[list[bytes], list[bytes], list[bytes]]:
        """Messages that fade a track's sound out, that free it when it is silent, and that open the strip again.

        The last must come at least a block later: a voice in mode `wall` that is freed still gives what OffsetOut has
        kept of its block. New notes already go to a new group; they are heard when the strip opens. Inserts begin
        anew then: the tail of a reverb must not come back.
        """
        channel, messages = self.open(name)
        old = channel.source
        channel.source = self._next_source()
        messages.append(message("/g_new", channel.source, _HEAD, channel.strip.group))
        messages.append(message("/n_set", channel.strip.node, "fade", fade_s, "open", 0.0))
        after = [message("/n_free", old)]
        if channel.inserts:
            after.append(message("/g_freeAll", channel.strip.inserts))
            channel.inserts = []
            after += self._inserts(channel)
        return messages, after, [message("/n_set", channel.strip.node, "open", 1.0)]

    def panic(self) -> list[bytes]:
        """Free every voice and insert's tail at once and start the channels anew."""
        messages = [message("/g_freeAll", TRACKS_GROUP), message("/g_deepFree", TRACKS_GROUP)]
        for channel in self.channels.values():
            channel.source = self._next_source()
            channel.inserts = []
            channel.sends = []
            messages += self._build(channel)
        return messages

    def meters(self) -> list[tuple[str, int]]:
        """Name and first meter bus of each channel, the master's last as `master`."""
        rows = [(channel.name, channel.strip.meter_bus) for channel in self.channels.values()]
        return [*rows, ("master", MASTER_METER_BUS)]

    # Inside

    def _next_source(self) -> int:
        self._sources += 1
        return source_node(self._sources)

    def _build(self, channel: Channel) -> list[bytes]:
        strip = channel.strip
        built, bus, trim = self._way_out(channel)
        channel.side = 0
        return [
            *built,
            message("/g_new", strip.group, _TAIL, TRACKS_GROUP),
            message("/g_new", channel.source, _HEAD, strip.group),
            message("/g_new", strip.inserts, _AFTER, channel.source),
            message(
                *("/s_new", STRIP_SYNTH, strip.node, _TAIL, strip.group),
                *("bus", float(strip.bus), "out", float(bus), "trim", trim, "meter", float(strip.meter_bus)),
                *self._fader_controls(channel),
                *(() if channel.ceiling is None else ("ceiling", channel.ceiling)),
            ),
            *self._inserts(channel),
            *self._sends(channel),
            *(self._order() if channel.settings.group else ()),
        ]

    def _fader_controls(self, channel: Channel) -> tuple[str | float, ...]:
        settings = channel.settings
        older, wanted = channel.fader_db, SILENCE_DB if self._is_silent(channel) else settings.gain_db
        channel.fader_db = wanted
        return (
            *("gain", _amplitude(wanted), "speed", max(1.0, abs(wanted - older)) / settings.fade_s),
            *("pan", settings.pan, "lag", settings.fade_s),
        )

    def _fader(self, channel: Channel) -> bytes:
        return message("/n_set", channel.strip.node, *self._fader_controls(channel))

    def _is_silent(self, channel: Channel) -> bool:
        if channel.settings.mute:
            return True
        soloed = {each.name for each in self.channels.values() if each.settings.solo}
        if not soloed or channel.name in soloed:
            return False
        # What a soloed track goes through is heard, and what goes into a soloed group.
        return not (soloed & self._reached(channel.name)) and not any(
            channel.name in self._reached(name) for name in soloed
        )

    def _reached(self, name: str) -> frozenset[str]:
        """The tracks that hear this one, directly or through others."""
        reached: list[str] = []
        waiting = [name]
        while waiting:
            channel = self.channels.get(waiting.pop())
            for target in channel.settings.targets if channel else ():
                if target not in reached:
                    reached.append(target)
                    waiting.append(target)
        return frozenset(reached)

    def _inserts(self, channel: Channel) -> list[bytes]:
        """Crossfade from the inserts that are there to those that are set: effects fade in and out in 20 ms."""
        strip = channel.strip
        messages = [message("/n_set", node, "gate", 0.0) for node in channel.inserts]
        channel.inserts = []
        for insert in channel.settings.inserts:
            self._insert_count += 1
            node = insert_node(self._insert_count)
            channel.inserts.append(node)
            controls = [part for pair in insert.controls for part in pair]
            messages.append(
                message(
                    *("/s_new", insert.wire, node, _TAIL, strip.inserts),
                    *("out", float(strip.bus)),
                    *controls,
                )
            )
        return messages

    def _sends(self, channel: Channel) -> list[bytes]:
        """Crossfade from the sends that are there to those that are set."""
        strip = channel.strip
        messages = [message("/n_set", node, "gate", 0.0) for node in channel.sends]
        channel.sends = []
        for target, level_db in channel.settings.sends:
            other, built = self.open(target)
            messages += built
            self._insert_count += 1
            node = insert_node(self._insert_count)
            channel.sends.append(node)
            messages.append(
                message(
                    *("/s_new", SEND_SYNTH, node, _AFTER, strip.node),
                    *("bus", float(strip.bus), "out", float(other.strip.bus)),
                    *("gain", _amplitude(level_db) * _INTO_STRIP),
                )
            )
        return messages + (self._order() if channel.settings.sends else [])

    def _grouped(self, channel: Channel) -> list[bytes]:
        """Cross over to the channel's group, or the master."""
        built, bus, trim = self._way_out(channel)
        channel.side = 1 - channel.side
        out, level = ("out_b", "trim_b") if channel.side else ("out", "trim")
        turn = message("/n_set", channel.strip.node, out, float(bus), level, trim, "side", float(channel.side))
        return [*built, turn, *self._order()]

    def _way_out(self, channel: Channel) -> tuple[list[bytes], int, float]:
        """What must be built first, the bus and the level of where a channel plays to."""
        if not channel.settings.group:
            return [], MASTER_BUS, 1.0
        other, built = self.open(channel.settings.group)
        return built, other.strip.bus, _INTO_STRIP

    def _order(self) -> list[bytes]:
        """Move channels that others send to behind those, for a bus holds what came earlier in the same block."""
        placed: list[str] = []

        def place(name: str, path: tuple[str, ...]) -> None:
            if name in path:
                raise EngineError(f"Sends and groups go in a circle: {' -> '.join((*path, name))}")
            channel = self.channels.get(name)
            for target in channel.settings.targets if channel else ():
                place(target, (*path, name))
            if name in placed:
                placed.remove(name)
            placed.insert(0, name)

        for name in list(self.channels):
            if name not in placed:
                place(name, ())
        targets = {target for channel in self.channels.values() for target in channel.settings.targets}
        return [
            message("/g_tail", TRACKS_GROUP, self.channels[name].strip.group)
            for name in placed
            if name in targets and name in self.channels
        ]


def _amplitude(gain_db: float) -> float:
    return 0.0 if gain_db <= SILENCE_DB else float(10.0 ** (gain_db / 20.0))
