"""Which node, bus and buffer ids mean what on our scsynth: one table, read by all of the engine."""

from dataclasses import dataclass
from typing import Final

__all__ = [
    "AIM_AUDIO_BUS",
    "AIM_BUS",
    "BLOCK",
    "BLOCK_COUNTER_BUS",
    "CLOCK_GROUP",
    "CLOCK_NODE",
    "MASTER_BUS",
    "MASTER_GROUP",
    "MASTER_METER_BUS",
    "MASTER_NODE",
    "MOST_TRACKS",
    "RANDOM_GENERATORS",
    "RECORD_GROUP",
    "ROOT_GROUP",
    "SCOPE_BUFFER",
    "SCOPE_BUS",
    "SCOPE_FRAMES",
    "SCOPE_NODE",
    "TRACKS_GROUP",
    "Strip",
    "aim_node",
    "audio_buses",
    "insert_node",
    "is_source",
    "is_voice",
    "source_node",
    "strip_of_bus",
    "strip_of_node",
    "voice_node",
]

BLOCK: Final = 64
"""Frames per control block; -z 1 costs five times the CPU and gains nothing in `exact` (engine.md section 2)."""

ROOT_GROUP: Final = 1
CLOCK_GROUP: Final = 10
CLOCK_NODE: Final = 11
TRACKS_GROUP: Final = 20
MASTER_GROUP: Final = 40
MASTER_NODE: Final = 41
RECORD_GROUP: Final = 50

BLOCK_COUNTER_BUS: Final = 0
"""Control bus that counts control blocks since the clock synth started."""

MASTER_METER_BUS: Final = 2
SCOPE_BUS: Final = 4
"""Control bus: the frame of the scope's buffer that is written next."""
SCOPE_NODE: Final = 61
SCOPE_BUFFER: Final = 4091
SCOPE_FRAMES: Final = 16_384
"""A third of a second: what is read was written long ago, and is written over long after."""
AIM_BUS: Final = 5
"""First of four control buses: number, block, frame and fraction of the last probe of scsynth's clock."""
_AIM_NODES: Final = 100
_AIM_SPAN: Final = 64
_TRACK_METER_BUS: Final = 16

OUTPUTS: Final = 2
MASTER_BUS: Final = 64
"""Audio bus on which the strips meet; buses below are the hardware's."""

_FIRST_TRACK_BUS: Final = 66
MOST_TRACKS: Final = 1900
_STRIP_NODES: Final = 1_000
_SOURCE_NODES: Final = 100_000
_SOURCE_SPAN: Final = 900_000
_INSERT_NODES: Final = 1_100_000
_INSERT_SPAN: Final = 900_000
_VOICE_NODES: Final = 1 << 21
_VOICE_SPAN: Final = 1 << 24

RANDOM_GENERATORS: Final = 4096
"""scsynth's -r: as many voices may sound at once, each with random numbers of its own."""


AIM_AUDIO_BUS: Final = _FIRST_TRACK_BUS + 2 * MOST_TRACKS
"""Private: a probe hears there on which sample it started."""


def audio_buses() -> int:
    """How many audio buses scsynth needs (-a)."""
    return AIM_AUDIO_BUS + 1


def aim_node(count: int) -> int:
    """The node of the `count`-th probe; each lives for a moment."""
    return _AIM_NODES + count % _AIM_SPAN


def voice_node(count: int) -> int:
    """The node id of the `count`-th voice; ids come again after 16.7 million."""
    return _VOICE_NODES + count % _VOICE_SPAN


def source_node(count: int) -> int:
    """The id of the `count`-th group of voices; each incarnation of a track has one of its own."""
    return _SOURCE_NODES + count % _SOURCE_SPAN


def is_voice(node: int) -> bool:
    """Whether a node's id is one of voices."""
    return _VOICE_NODES <= node < _VOICE_NODES + _VOICE_SPAN


def is_source(node: int) -> bool:
    """Whether a node's id is one of groups of voices."""
    return _SOURCE_NODES <= node < _SOURCE_NODES + _SOURCE_SPAN


def insert_node(count: int) -> int:
    """The node of the `count`-th insert; an insert that fades out keeps its own."""
    return _INSERT_NODES + count % _INSERT_SPAN


@dataclass(frozen=True, slots=True)
class Strip:
    """Ids of one track's channel strip.

    Attributes:
        slot: number of the track on this server, 0 to MOST_TRACKS - 1.
    """

    slot: int

    @property
    def group(self) -> int:
        """Holds the track's voices, inserts and strip, in this order."""
        return _STRIP_NODES + 16 * self.slot

    @property
    def inserts(self) -> int:
        """Group of the inserted effects."""
        return self.group + 1

    @property
    def node(self) -> int:
        """The strip's own synth."""
        return self.group + 2

    @property
    def input(self) -> int:
        """Where its voices were rendered before: the synth that brings their sound."""
        return self.group + 3

    @property
    def bus(self) -> int:
        """First of the two private audio buses."""
        return _FIRST_TRACK_BUS + 2 * self.slot

    @property
    def meter_bus(self) -> int:
        """First of two control buses with the peaks of left and right."""
        return _TRACK_METER_BUS + 2 * self.slot


def strip_of_node(node: int) -> Strip | None:
    """The strip one of whose own nodes this is."""
    slot = (node - _STRIP_NODES) // 16
    return Strip(slot) if 0 <= slot < MOST_TRACKS else None


def strip_of_bus(bus: int) -> Strip | None:
    """The strip that an audio bus belongs to; None for the master's and the hardware's."""
    slot = (bus - _FIRST_TRACK_BUS) // 2
    return Strip(slot) if 0 <= slot < MOST_TRACKS else None
