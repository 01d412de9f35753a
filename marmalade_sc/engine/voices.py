"""From a note as a source writes it to the message that scsynth gets: checked once per shape, then packed.

A source writes `/s_new <name>.<hash> <node> 0 0 0 [controls... seed]`. All that precedes the node id is constant for a
synthdef, so a dictionary of those prefixes is the whole check of command, synthdef and number of controls.
"""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from marmalade_sc.engine.layout import RANDOM_GENERATORS
from marmalade_sc.errors import FrameError
from marmalade_sc.sdk.osc import NoteTemplate, read_message, string

__all__ = ["EXACT", "WALL", "Voice", "VoiceTable"]

WALL: Final = "wall"
EXACT: Final = "exact"

_IDS: Final = struct.Struct(">iiii")
_OUT: Final = struct.Struct(">f")
_RANDOM_ID: Final = struct.Struct(">f")
_NO_TIME: Final = struct.pack(">ff", 0.0, 0.0)
_ADD_TO_HEAD: Final = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """A synthdef that notes may use, in the mode the engine runs.

    Attributes:
        wire: name that sources write, `<name>.<hash>`.
        controls: names of the author's controls, by index.
        exact: whether its exact variant sounds; some synthdefs have none.
        out_prefix: constant start of the message to scsynth.
        size: bytes of a note's message from a source.
    """

    wire: str
    controls: tuple[str, ...]
    exact: bool
    out_prefix: bytes
    in_prefix_size: int
    size: int

    def sustain_s(self, message: bytes) -> float:
        """The length that a note's message asks for, 0 where it says nothing of it."""
        if "sustain" not in self.controls:
            return 0.0
        place = self.in_prefix_size + 16 + 4 * self.controls.index("sustain")
        value: float = _OUT.unpack_from(message, place)[0]
        return value


class VoiceTable:
    """The synthdefs that notes may name, by the constant start of their messages.

    Args:
        mode: WALL or EXACT: which variant of a synthdef sounds.
    """

    def __init__(self, mode: str) -> None:
        self.mode = mode
        self._by_prefix: dict[bytes, Voice] = {}
        self._prefix_sizes: dict[int, tuple[int, ...]] = {}
        self._by_wire: dict[str, Voice] = {}

    def __len__(self) -> int:
        return len(self._by_wire)

    def __contains__(self, wire: str) -> bool:
        return wire in self._by_wire

    def add(self, definitions: Iterable[Mapping[str, object]]) -> None:
        """Take in definitions as the catalogue lists them; those of kind `effect` are not voices."""
        for row in definitions:
            if row.get("kind") == "effect":
                continue
            controls = row["controls"]
            assert isinstance(controls, list)
            exact = self.mode == EXACT and row.get("exact") is not None
            sounding = str(row[EXACT if exact else WALL])
            self._add(f"{row['name']}.{row['hash']}", sounding, tuple(c["name"] for c in controls), exact)

    def _add(self, wire: str, sounding: str, controls: tuple[str, ...], exact: bool) -> None:
        in_prefix = NoteTemplate.prefix(wire, len(controls) + 1)
        out_prefix = string("/s_new") + string(",siiii[" + "f" * (len(controls) + 5) + "]") + string(sounding)
        size = len(in_prefix) + 16 + 4 * (len(controls) + 1)
        voice = Voice(wire, controls, exact, out_prefix, len(in_prefix), size)
        self._by_prefix[in_prefix] = voice
        self._by_wire[wire] = voice
        sizes = self._prefix_sizes.get(size, ())
        if len(in_prefix) not in sizes:
            self._prefix_sizes[size] = (*sizes, len(in_prefix))

    def remove(self, wire: str) -> None:
        """Forget a synthdef; notes that name it are refused from now on."""
        voice = self._by_wire.pop(wire, None)
        if voice is not None:
            del self._by_prefix[NoteTemplate.prefix(wire, len(voice.controls) + 1)]

    def check(self, message: bytes) -> Voice:
        """The voice of a note's message.

        Raises:
            FrameError: it is no /s_new of a known synthdef in the form above.
        """
        for size in self._prefix_sizes.get(len(message), ()):
            voice = self._by_prefix.get(message[:size])
            if voice is not None:
                return voice
        raise self._refusal(message)

    def rewrite(self, message: bytes, voice: Voice, node: int, group: int, bus: int) -> tuple[bytes, bytes]:
        """The message to scsynth, as what comes before and behind its place in time (`at`)."""
        values = voice.in_prefix_size + 16
        head = voice.out_prefix + _IDS.pack(node, _ADD_TO_HEAD, group, 0) + message[values:-4] + _OUT.pack(bus)
        return head, _RANDOM_ID.pack(node % RANDOM_GENERATORS) + message[-4:]

    @staticmethod
    def at(block: int = 0, offset: int = 0) -> bytes:
        """The two controls that tell an exact voice its block and frame within it; zero for wall voices."""
        return struct.pack(">ff", block, offset) if block or offset else _NO_TIME

    def _refusal(self, message: bytes) -> FrameError:
        try:
            address, arguments = read_message(message)
        except FrameError as error:
            return error
        if address != "/s_new":
            return FrameError(f"{address:.40} is not among the commands a source may send")
        wire = arguments[0] if arguments else ""
        if not isinstance(wire, str) or wire not in self._by_wire:
            return FrameError(f"A note names the synthdef {wire!r:.80}, which is not loaded")
        return FrameError(
            f"A note of {wire:.80} does not carry its {len(self._by_wire[wire].controls)} controls and a seed"
        )
