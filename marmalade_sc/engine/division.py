"""A score divided over several renders: dry strips, each by itself, and one pass with inserts, sends and master. Pure.

The samples are those of one render: notes keep their nodes, groups, buses and random generators, a strip is what its
voices write to their bus, in 32-bit floats as scsynth has them, and the last pass puts it on that bus in the place of
the voices. A track that others send to or go through keeps its voices in the last pass: there its bus is a sum in which
the order of the summands decides about the last bit.
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from marmalade_sc.engine.layout import (
    MASTER_BUS,
    RECORD_GROUP,
    Strip,
    is_source,
    is_voice,
    strip_of_bus,
    strip_of_node,
)
from marmalade_sc.engine.mixer import SEND_SYNTH, STEM_SYNTH, STRIP_SYNTH
from marmalade_sc.errors import EngineError
from marmalade_sc.sdk.osc import bundle, message, read_bundle, read_message

__all__ = ["Division", "Share", "divide"]

_HEAD: Final = 0
_TAIL: Final = 1
_FIRST_STRIP_NODE: Final = 70

Entry = tuple[int, list[bytes]]
"""A timetag on scsynth's own grid, and the messages of that bundle."""


@dataclass(frozen=True, slots=True)
class Share:
    """A score that renders the strips of some tracks dry: two channels for each, in the order of `slots`."""

    score: bytes
    slots: tuple[int, ...]

    @property
    def channels(self) -> int:
        """Channels that it renders."""
        return 2 * len(self.slots)


@dataclass(frozen=True, slots=True)
class Division:
    """The shares, and the score of the last pass, which hears them at its inputs in their order."""

    shares: tuple[Share, ...]
    last: bytes

    @property
    def inputs(self) -> int:
        """Channels that the last pass hears."""
        return sum(share.channels for share in self.shares)


@dataclass(slots=True)
class _Plan:
    """What a first look at a score finds.

    Attributes:
        voices: how many notes each slot plays.
        slot_of: slot by the node of a voice.
        joined: slots whose bus others write to as well.
    """

    voices: Counter[int] = field(default_factory=Counter)
    slot_of: dict[int, int] = field(default_factory=dict)
    joined: set[int] = field(default_factory=set)
    _sources: dict[int, int] = field(default_factory=dict)

    def look(self, content: bytes) -> None:
        """Take in a message."""
        address, arguments = _read(content)
        if address == "/g_new":
            node, _, parent = (_integer(each) for each in arguments[:3])
            strip = strip_of_node(parent)
            if is_source(node) and strip is not None:
                self._sources[node] = strip.slot
        elif address == "/s_new":
            node, target = _integer(arguments[1]), _integer(arguments[3])
            if is_voice(node) and target in self._sources:
                self.slot_of[node] = slot = self._sources[target]
                self.voices[slot] += 1
            elif arguments[0] in (STRIP_SYNTH, SEND_SYNTH):
                self._join(arguments)
        elif address == "/n_set" and strip_of_node(_integer(arguments[0])) is not None:
            self._join(arguments)

    def _join(self, arguments: list[object]) -> None:
        for name, value in zip(arguments, arguments[1:], strict=False):
            if name in ("out", "out_b") and isinstance(value, float):
                strip = strip_of_bus(int(value))
                if strip is not None:
                    self.joined.add(strip.slot)


def divide(score: bytes, parts: int, channels: int) -> Division | None:
    """Divide a score (as `engine.score` writes it) into at most `parts` shares of about as many notes each.

    Args:
        channels: that the whole score renders; outputs and inputs have MASTER_BUS channels together, and tracks for
            which there is no room stay in the last pass.

    Returns:
        None where fewer than two tracks can be rendered by themselves.

    Raises:
        EngineError: it is no score.
    """
    entries = list(_entries(score))
    plan = _Plan()
    for _, messages in entries:
        for content in messages:
            plan.look(content)
    room = (MASTER_BUS - channels) // 2
    dry = [slot for slot, _ in plan.voices.most_common() if slot not in plan.joined][:room]
    if parts < 2 or len(dry) < 2:
        return None
    loads: list[tuple[int, list[int]]] = [(0, []) for _ in range(min(parts, len(dry)))]
    for slot in dry:  # the largest first, each to whom has least so far
        place = min(range(len(loads)), key=lambda each: (loads[each][0], each))
        count, slots = loads[place]
        loads[place] = (count + plan.voices[slot], [*slots, slot])
    groups = [tuple(sorted(slots)) for _, slots in loads]
    shares = tuple(Share(_share(entries, plan, slots), slots) for slots in groups)
    return Division(shares, _last(entries, plan, [slot for slots in groups for slot in slots], channels))


def _share(entries: list[Entry], plan: _Plan, slots: tuple[int, ...]) -> bytes:
    """Groups and voices of some slots, each slot's bus to outputs of its own; neither strips nor effects nor master."""
    own = {node for node, slot in plan.slot_of.items() if slot in slots}
    listening = [
        message(
            *("/s_new", STEM_SYNTH, _FIRST_STRIP_NODE + place, _TAIL, RECORD_GROUP),
            *("bus", float(Strip(slot).bus), "out", 2.0 * place),
        )
        for place, slot in enumerate(slots)
    ]
    is_begun = False

    def kept(content: bytes) -> Iterable[bytes]:
        nonlocal is_begun
        address, arguments = _read(content)
        if address == "/s_new":
            if _integer(arguments[1]) in own:
                yield content
        elif address in ("/n_set", "/n_free"):
            node = _integer(arguments[0])
            if node in own or is_source(node):
                yield content
        elif address not in ("/g_freeAll", "/g_tail"):
            yield content
        if address == "/g_new" and _integer(arguments[0]) == RECORD_GROUP and not is_begun:
            is_begun = True
            yield from listening

    return _written(entries, kept)


def _last(entries: list[Entry], plan: _Plan, dry: list[int], channels: int) -> bytes:
    """Everything but the voices of the dry slots, whose place inputs take."""
    gone = {node for node, slot in plan.slot_of.items() if slot in dry}
    places = {Strip(slot).node: place for place, slot in enumerate(dry)}

    def kept(content: bytes) -> Iterable[bytes]:
        address, arguments = _read(content)
        named = arguments[1 if address == "/s_new" else 0] if address in ("/s_new", "/n_set", "/n_free") else None
        if named in gone:
            return
        yield content
        if address == "/s_new" and named in places:
            place = places[_integer(named)]
            strip = Strip(dry[place])
            yield message(
                *("/s_new", STEM_SYNTH, strip.input, _HEAD, strip.group),
                *("bus", float(channels + 2 * place), "out", float(strip.bus)),
            )

    return _written(entries, kept)


def _written(entries: list[Entry], kept: Callable[[bytes], Iterable[bytes]]) -> bytes:
    out = io.BytesIO()
    for place, (when, messages) in enumerate(entries):
        left = [each for content in messages for each in kept(content)]
        if left or place == len(entries) - 1:  # the last one says how long it is
            data = bundle(when, left)
            out.write(len(data).to_bytes(4, "big") + data)
    return out.getvalue()


def _entries(score: bytes) -> Iterator[Entry]:
    at = 0
    while at < len(score):
        size = int.from_bytes(score[at : at + 4], "big")
        at += 4
        if size < 16 or at + size > len(score):
            raise EngineError("A score ends inside a bundle")
        yield read_bundle(score[at : at + size])
        at += size


def _read(content: bytes) -> tuple[str, list[object]]:
    if content.startswith(b"/d_recv"):  # large, and nothing is asked of it
        return "/d_recv", []
    address, arguments = read_message(content)
    return address, list(arguments)


def _integer(value: object) -> int:
    if not isinstance(value, int):
        raise EngineError(f"A score names the node {value!r:.40}")
    return value
