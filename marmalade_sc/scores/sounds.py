"""Which synthdef plays an instrument of General MIDI, how, and within which range; and what each drum is. One table."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from marmalade_sc.errors import ScoreError, nearest
from marmalade_sc.scores.instruments import INSTRUMENTS, Instrument

__all__ = ["DRUMS", "FAMILY_SOUNDS", "SOUNDS", "Sound", "overridden", "sound_of", "sounds_of"]


@dataclass(frozen=True, slots=True)
class Sound:
    """A synthdef with settings.

    Attributes:
        synth: its name.
        level: what a note in mf has as `amp`.
        lowest, highest: MIDI notes of the instrument's usual range; others are played too.
        controls: values of controls beside freq, amp, pan and sustain.
    """

    synth: str
    level: float = 0.3
    lowest: int = 21
    highest: int = 108
    controls: Mapping[str, float] = field(default_factory=dict)


def _sound(synth: str, level: float, lowest: int, highest: int, **controls: float) -> Sound:
    return Sound(synth, level, lowest, highest, MappingProxyType(controls))


FAMILY_SOUNDS: Final[Mapping[str, Sound]] = MappingProxyType(
    {
        "piano": _sound("keys", 0.45, 21, 108, brightness=0.35, decay=3.0, release=0.2),
        "chromatic percussion": _sound("bell", 0.3, 53, 108, decay=1.8),
        "organ": _sound("organ", 0.25, 36, 96, turn=0.8, attack=0.01, release=0.08),
        "guitar": _sound("pluck", 0.45, 40, 88, decay=2.0, brightness=0.55),
        "bass": _sound("bass", 0.45, 24, 67, cutoff=500, attack=0.004, release=0.1),
        "strings": _sound("string", 0.42, 28, 103, cutoff=3600, attack=0.06, release=0.25),
        "ensemble": _sound("string", 0.42, 28, 96, cutoff=4200, attack=0.12, release=0.5),
        "brass": _sound("lead", 0.3, 34, 94, cutoff=1900, resonance=0.1, vibrato=0.002, attack=0.04, release=0.1),
        "reed": _sound("lead", 0.28, 34, 91, cutoff=1500, resonance=0.15, vibrato=0.003, attack=0.03, release=0.08),
        "pipe": _sound("fm", 0.24, 60, 108, ratio=1.0, index=0.7, decay=0.15, attack=0.045, release=0.1),
        "synth lead": _sound("lead", 0.3, 36, 96),
        "synth pad": _sound("pad", 0.35, 36, 96),
        "synth effects": _sound("pad", 0.3, 36, 96, detune=0.015),
        "world": _sound("pluck", 0.45, 41, 96, decay=1.2, brightness=0.8),
        "percussive": _sound("mallet", 0.4, 48, 96, ratio=2.7, decay=0.5, hardness=0.6),
        "sound effects": _sound("noise", 0.7, 24, 96, width=1.2, attack=0.2, release=0.4),
        "synthdef": Sound("", 0.3, 0, 127),
    }
)
"""What plays a whole family."""

SOUNDS: Final[Mapping[str, Sound]] = MappingProxyType(
    {
        "midi-bright-acoustic-piano": _sound("keys", 0.45, 21, 108, brightness=0.6, decay=2.6),
        "midi-honky-tonk-piano": _sound("keys", 0.45, 21, 108, brightness=0.75, decay=1.8),
        "midi-harpsichord": _sound("pluck", 0.4, 41, 89, decay=1.4, brightness=0.95),
        "midi-clavi": _sound("pluck", 0.4, 36, 96, decay=0.7, brightness=0.85),
        "midi-celesta": _sound("bell", 0.25, 60, 108, decay=1.2),
        "midi-glockenspiel": _sound("bell", 0.25, 72, 108, decay=1.5),
        "midi-marimba": _sound("mallet", 0.45, 45, 96, ratio=4.0, decay=1.0, hardness=0.35),
        "midi-xylophone": _sound("mallet", 0.4, 65, 108, ratio=3.0, decay=0.45, hardness=0.8),
        "midi-tubular-bells": _sound("bell", 0.35, 60, 77, decay=5.0),
        "midi-dulcimer": _sound("pluck", 0.4, 60, 84, decay=2.0, brightness=0.75),
        "midi-church-organ": _sound("organ", 0.25, 36, 96, turn=0.0, attack=0.03, release=0.3),
        "midi-rock-organ": _sound("organ", 0.25, 36, 96, turn=6.2),
        "midi-accordion": _sound("lead", 0.25, 53, 89, cutoff=2600, vibrato=0.004, attack=0.03),
        "midi-harmonica": _sound("lead", 0.25, 60, 84, cutoff=2200, vibrato=0.006, attack=0.03),
        "midi-tango-accordion": _sound("lead", 0.25, 53, 89, cutoff=2400, vibrato=0.005, attack=0.03),
        "midi-electric-guitar-palm-muted": _sound("pluck", 0.5, 40, 86, decay=0.25, brightness=0.35),
        "midi-electric-guitar-overdrive": _sound("lead", 0.3, 40, 86, cutoff=2400, vibrato=0.001, attack=0.004),
        "midi-electric-guitar-distorted": _sound("lead", 0.3, 40, 86, cutoff=3400, vibrato=0.001, attack=0.004),
        "midi-electric-guitar-harmonics": _sound("bell", 0.25, 40, 86, decay=1.6),
        "midi-acoustic-bass": _sound("pluck", 0.6, 28, 55, decay=1.2, brightness=0.3),
        "midi-bass-slap": _sound("pluck", 0.55, 28, 67, decay=0.9, brightness=0.8),
        "midi-bass-pop": _sound("pluck", 0.55, 28, 67, decay=0.7, brightness=0.9),
        "midi-synth-bass-1": _sound("acid", 0.4, 28, 67, resonance=0.4, sweep=5.0),
        "midi-synth-bass-2": _sound("sub", 0.36, 24, 60),
        "midi-violin": _sound("string", 0.42, 55, 103, cutoff=5200, attack=0.05, release=0.18),
        "midi-viola": _sound("string", 0.45, 48, 93, cutoff=4200, attack=0.05, release=0.2),
        "midi-cello": _sound("string", 0.45, 36, 76, cutoff=3000, attack=0.06, release=0.22),
        "midi-contrabass": _sound("string", 0.5, 28, 67, cutoff=1800, attack=0.07, release=0.25),
        "midi-pizzicato-strings": _sound("pluck", 0.5, 28, 96, decay=0.35, brightness=0.45),
        "midi-orchestral-harp": _sound("pluck", 0.45, 24, 103, decay=2.6, brightness=0.5),
        "midi-timpani": _sound("mallet", 0.55, 36, 57, ratio=1.5, decay=1.8, hardness=0.5),
        "midi-synth-strings-1": _sound("pad", 0.32, 36, 96, cutoff=3000, attack=0.12, release=0.5),
        "midi-synth-strings-2": _sound("pad", 0.32, 36, 96, cutoff=2400, attack=0.25, release=0.7),
        "midi-choir-aahs": _sound("pad", 0.32, 48, 79, cutoff=1400, detune=0.004, attack=0.15, release=0.4),
        "midi-voice-oohs": _sound("pad", 0.32, 48, 79, cutoff=800, detune=0.004, attack=0.15, release=0.4),
        "midi-orchestra-hit": _sound("mallet", 0.5, 48, 72, ratio=1.5, decay=1.2, hardness=1.0),
        "midi-tuba": _sound("lead", 0.4, 29, 55, cutoff=900, resonance=0.1, vibrato=0.001, attack=0.05),
        "midi-muted-trumpet": _sound("lead", 0.25, 58, 82, cutoff=2800, resonance=0.5, vibrato=0.002, attack=0.03),
        "midi-french-horn": _sound("lead", 0.32, 41, 77, cutoff=1200, vibrato=0.002, attack=0.06, release=0.15),
        "midi-clarinet": _sound("fm", 0.24, 50, 91, ratio=2.0, index=0.9, decay=0.3, attack=0.035, release=0.08),
        "midi-square-lead": _sound("lead", 0.28, 36, 96, cutoff=6000, vibrato=0.0),
        "midi-synth-pad-choir": _sound("pad", 0.32, 48, 84, cutoff=1200, detune=0.004),
        "midi-fx-crystal": _sound("bell", 0.28, 48, 96, decay=2.5),
        "midi-sitar": _sound("pluck", 0.45, 48, 77, decay=2.4, brightness=0.95),
        "midi-kalimba": _sound("mallet", 0.4, 48, 79, ratio=5.4, decay=1.1, hardness=0.3),
        "midi-bagpipes": _sound("lead", 0.25, 36, 77, cutoff=3600, resonance=0.4, vibrato=0.0),
        "midi-fiddle": _sound("string", 0.42, 55, 96, cutoff=5600, attack=0.03, release=0.12),
        "midi-shehnai": _sound("lead", 0.25, 48, 72, cutoff=3000, resonance=0.5, vibrato=0.006),
        "midi-tinkle-bell": _sound("bell", 0.25, 72, 108, decay=0.9),
        "midi-agogo": _sound("mallet", 0.35, 60, 96, ratio=2.76, decay=0.6, hardness=0.9),
        "midi-steel-drums": _sound("mallet", 0.4, 52, 96, ratio=2.0, decay=1.4, hardness=0.7),
        "midi-woodblock": _sound("mallet", 0.45, 60, 96, ratio=2.4, decay=0.12, hardness=0.7),
        "midi-melodic-tom": _sound("mallet", 0.5, 36, 84, ratio=1.6, decay=0.5, hardness=0.5),
        "midi-synth-drum": _sound("mallet", 0.5, 36, 84, ratio=0.5, decay=0.6, hardness=0.9),
        "midi-reverse-cymbal": _sound("noise", 0.7, 48, 96, width=1.4, attack=0.9, release=0.05),
        "midi-taiko-drum": _sound("mallet", 0.6, 36, 60, ratio=1.6, decay=0.9, hardness=0.7),
    }
)
"""What plays an instrument where it differs from its family."""


def _drums() -> Mapping[int, Sound]:
    rows: tuple[tuple[tuple[int, ...], str, float, dict[str, float]], ...] = (
        ((35, 36), "kick", 0.7, {}),
        ((37,), "rim", 0.5, {}),
        ((38, 40), "snare", 0.55, {}),
        ((39,), "clap", 0.5, {}),
        ((41, 43), "tom_low", 0.55, {}),
        ((45, 47), "tom_mid", 0.55, {}),
        ((48, 50), "tom_high", 0.55, {}),
        ((42, 44), "hihat", 0.4, {}),
        ((46,), "openhat", 0.4, {}),
        ((49, 52, 55, 57), "crash", 0.4, {}),
        ((51, 53, 59), "ride", 0.4, {}),
        ((54, 69, 70, 82), "shaker", 0.4, {}),
        ((56, 67, 68), "cowbell", 0.4, {}),
        ((75, 76, 77), "clave", 0.4, {}),
        ((60, 62, 65), "tom_high", 0.45, {"decay": 0.15}),
        ((61, 63, 64, 66), "tom_mid", 0.45, {"decay": 0.2}),
        ((80, 81, 83, 84), "ride", 0.3, {"decay": 0.8}),
    )
    return MappingProxyType(
        {note: Sound(synth, level, note, note, controls) for notes, synth, level, controls in rows for note in notes}
    )


DRUMS: Final = _drums()
"""Percussion by MIDI note; a note that is not there is a rim shot."""
_OTHER_DRUM: Final = Sound("rim", 0.4)


def sound_of(instrument: Instrument, midi: float, own: Mapping[str, Sound] | None = None) -> Sound:
    """What plays a note of an instrument. `own`: sounds that go before the table's, by full name (see `overridden`)."""
    if own and instrument.name in own:
        return own[instrument.name]
    if instrument.is_percussion:
        drum = round(midi)
        return (own or {}).get(f"{instrument.name}:{drum}") or DRUMS.get(drum, _OTHER_DRUM)
    if instrument.is_synthdef:
        return replace(FAMILY_SOUNDS["synthdef"], synth=instrument.name)
    return SOUNDS.get(instrument.name) or FAMILY_SOUNDS[instrument.family]


def overridden(toml: str) -> dict[str, Sound]:
    """Sounds from a TOML text, which has the tables that `sounds_of` takes.

    Raises:
        ScoreError: it is no such text.
    """
    try:
        return sounds_of(tomllib.loads(toml))
    except tomllib.TOMLDecodeError as error:
        raise ScoreError(f"the sounds of the instruments cannot be read: {error}") from error


def sounds_of(tables: Mapping[str, object]) -> dict[str, Sound]:
    """Sounds from tables named by instrument (or "percussion:38" for a drum), with `synth`, `level`, `lowest`,
    `highest` and `controls`; what is not said is as in the table. The name of a synthdef stands for a table with it.

    Raises:
        ScoreError: a name or a value cannot be.
    """
    found: dict[str, Sound] = {}
    for name, table in tables.items():
        base, _, drum = name.partition(":")
        instrument = INSTRUMENTS.get(base)
        if instrument is None or (drum and not (instrument.is_percussion and drum.isdecimal())):
            close = nearest(base, INSTRUMENTS)
            raise ScoreError(f"no instrument is named {name}", hint=f"Did you mean {close}?" if close else "")
        sound = sound_of(instrument, int(drum or 0))
        table = {"synth": table} if isinstance(table, str) else table
        found[f"{instrument.name}:{drum}" if drum else instrument.name] = _changed(sound, name, table)
    return found


def _changed(sound: Sound, name: str, table: object) -> Sound:
    if not isinstance(table, dict) or not isinstance(controls := table.get("controls", {}), dict):
        raise ScoreError(f"{name} has no table of settings", hint=f'Write [{name}] and below it synth = "keys".')
    numbers = {**controls, **{key: value for key, value in table.items() if key not in ("controls", "synth")}}
    for key, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ScoreError(f"{key} of {name} cannot be {value!r:.40}", hint="Give a number.")
    unknown = set(table) - {"synth", "level", "lowest", "highest", "controls"}
    if unknown:
        raise ScoreError(f"{name} has no setting {sorted(unknown)[0]}", hint="It has synth, level, lowest, highest.")
    synth = str(table.get("synth", sound.synth))
    kept = sound.controls if synth == sound.synth else {}
    return Sound(
        synth,
        float(table.get("level", sound.level)),
        int(table.get("lowest", sound.lowest)),
        int(table.get("highest", sound.highest)),
        {**kept, **{key: float(value) for key, value in controls.items()}},
    )
