"""What can be played, as a source sees it: names, controls and the ready bytes of their notes.

Made from the rows of the synthdef catalogue and of the list of sample banks, so that neither supriya nor a folder of
samples is touched where music is made.
"""

import math
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from marmalade_sc.errors import ControlError, UnknownNameError, nearest
from marmalade_sc.sdk.osc import NoteTemplate

if TYPE_CHECKING:
    from marmalade_sc.sdk.shapes import Shape

__all__ = ["Bank", "Instrument", "Orchestra", "Sample"]

_SAMPLERS: Final = {1: "sampler1", 2: "sampler2"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One sound file in a buffer: number on the server, channels (1 or 2) and length in seconds."""

    buffer: int
    channels: int
    length_s: float


@dataclass(frozen=True, slots=True)
class Bank:
    """A folder of samples; `bd:3` is sample 3 of bank `bd`, counted round. `preferred` wins over a synthdef."""

    name: str
    samples: tuple[Sample, ...]
    preferred: bool = False


@dataclass(frozen=True, slots=True)
class Instrument:
    """A synthdef that notes can name.

    Attributes:
        wire: its name in messages to the dispatcher, `<name>.<hash>`.
        defaults, lows, highs: by index of control.
        units, docs: the same, for people; may be empty.
    """

    name: str
    wire: str
    index: Mapping[str, int]
    defaults: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    is_random: bool
    kind: str
    doc: str = ""
    units: tuple[str, ...] = ()
    docs: tuple[str, ...] = ()
    template: NoteTemplate = field(compare=False, repr=False, default_factory=lambda: NoteTemplate("", 0))
    pack: struct.Struct = field(compare=False, repr=False, default_factory=lambda: struct.Struct(""))

    @classmethod
    def from_row(cls, row: Mapping[str, object]) -> "Instrument":
        """An instrument from a row of the catalogue (docs/synthdefs.md). Raises KeyError where it is none."""
        controls = row["controls"]
        assert isinstance(controls, list)
        wire = f"{row['name']}.{row['hash']}"
        return cls(
            name=str(row["name"]),
            wire=wire,
            index={str(control["name"]): place for place, control in enumerate(controls)},
            defaults=tuple(float(control["default"]) for control in controls),
            lows=tuple(float(control["low"]) for control in controls),
            highs=tuple(float(control["high"]) for control in controls),
            is_random=bool(row["random"]),
            kind=str(row["kind"]),
            doc=str(row["doc"]),
            units=tuple(str(control.get("unit", "")) for control in controls),
            docs=tuple(str(control.get("doc", "")) for control in controls),
            template=NoteTemplate(wire, len(controls) + 1),
            pack=struct.Struct(f">{len(controls)}f"),
        )

    def values(self, controls: Mapping[str, float]) -> list[float]:
        """All control values by index: defaults, with `controls` clipped to their ranges in their places.

        Raises:
            ControlError: a name is not a control of this instrument, or a value is not a finite number.
        """
        values = list(self.defaults)
        for name, value in controls.items():
            place = self.index.get(name)
            if place is None:
                near = nearest(name, self.index)
                raise ControlError(
                    f"{self.name} has no control {name!r}",
                    hint=f"Did you mean {near!r}?" if near else f"It has: {', '.join(self.index)}.",
                )
            if isinstance(value, float) and self.lows[place] <= value <= self.highs[place]:  # nearly always
                values[place] = value + 0.0  # -0.0 as 0.0: they are one key where notes are remembered
                continue
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise ControlError(f"{name} of {self.name} cannot be {value!r:.60}", hint="Give a number.")
            values[place] = min(self.highs[place], max(self.lows[place], float(value))) + 0.0
        return values


class Orchestra:
    """All instruments and banks by name. Immutable in use; a reload makes a new one.

    `shapes` and `remembered` belong to `sdk.notes`: shapes of events by sound and names of controls, and how many notes
    these remember.

    A name is looked up in this order: a bank in the player's own samples folder, a synthdef, an alias of a
    synthdef, any other bank.
    """

    def __init__(self, instruments: Iterable[tuple[Instrument, Sequence[str]]], banks: Iterable[Bank] = ()) -> None:
        self._instruments: dict[str, Instrument] = {}
        aliases: dict[str, Instrument] = {}
        for instrument, names in instruments:
            self._instruments.setdefault(instrument.name, instrument)
            for name in names:
                aliases.setdefault(name, instrument)
        for name, instrument in aliases.items():
            self._instruments.setdefault(name, instrument)
        self._banks = {bank.name: bank for bank in banks}
        self.shapes: dict[tuple[object, ...], Shape] = {}
        self.remembered = 0

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, object]], banks: Iterable[Bank] = ()) -> "Orchestra":
        """An orchestra from the rows of the catalogue."""
        made = []
        for row in rows:
            aliases = row.get("aliases", [])
            assert isinstance(aliases, list)
            made.append((Instrument.from_row(row), [str(alias) for alias in aliases]))
        return cls(made, banks)

    def extended(self, newer: "Orchestra") -> "Orchestra":
        """This orchestra with the names of a newer one that it does not have; what it has stays as it is."""
        made = Orchestra(())
        made._instruments = {**newer._instruments, **self._instruments}
        added = {name: bank for name, bank in newer._banks.items() if name not in self._instruments}
        made._banks = {**added, **self._banks}
        return made

    def names(self) -> tuple[str, ...]:
        """Every name that `s` may say, sorted; effects are not among them."""
        voices = (name for name, found in self._instruments.items() if found.kind != "effect")
        return tuple(sorted({*voices, *self._banks}))

    def instruments(self) -> Mapping[str, Instrument]:
        """All instruments by name and alias: voices, samplers, effects."""
        return self._instruments

    def banks(self) -> Mapping[str, Bank]:
        """The sample banks by name."""
        return self._banks

    def voices(self) -> dict[str, Instrument]:
        """Voices by name and alias."""
        return {name: found for name, found in self._instruments.items() if found.kind == "voice"}

    def effects(self) -> dict[str, Instrument]:
        """Effects by name and alias."""
        return {name: found for name, found in self._instruments.items() if found.kind == "effect"}

    def find(self, name: str, number: int = 0) -> tuple[Instrument, Sample | None]:
        """What plays under a name: an instrument, and the sample when it is a bank.

        Raises:
            UnknownNameError: nothing has this name; tells the nearest.
        """
        bank = self._banks.get(name)
        instrument = self._instruments.get(name)
        if bank is not None and bank.samples and (bank.preferred or instrument is None):
            sample = bank.samples[number % len(bank.samples)]
            sampler = self._instruments.get(_SAMPLERS[sample.channels])
            if sampler is None:
                raise UnknownNameError(f"The bank {name!r} needs the synthdef {_SAMPLERS[sample.channels]}")
            return sampler, sample
        if instrument is None or instrument.kind == "effect":
            near = nearest(name, self.names())
            raise UnknownNameError(
                f"No synthdef or sample bank is called {name!r:.80}", hint=f"Did you mean {near!r}?" if near else ""
            )
        return instrument, None
