"""The instruments of General MIDI by Alda's names: 128 programs in 16 families, and percussion."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ["FAMILIES", "INSTRUMENTS", "Instrument"]


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument: its full name, its family, its program (0 to 127; None for percussion and synthdefs)."""

    name: str
    family: str
    program: int | None

    @property
    def is_percussion(self) -> bool:
        """Whether it plays drums by note, on MIDI channel 9."""
        return self.family == "percussion"

    @property
    def is_synthdef(self) -> bool:
        """Whether it is a synthdef by its own name: it needs no MIDI channel."""
        return self.family == "synthdef"


FAMILIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "piano": (
            "acoustic-grand-piano: midi-piano piano",
            "bright-acoustic-piano",
            "electric-grand-piano",
            "honky-tonk-piano",
            "electric-piano-1",
            "electric-piano-2",
            "harpsichord: harpsichord",
            "clavi: midi-clavinet clavinet",
        ),
        "chromatic percussion": (
            "celesta: celesta celeste midi-celeste",
            "glockenspiel: glockenspiel",
            "music-box: music-box",
            "vibraphone: vibraphone vibes midi-vibes",
            "marimba: marimba",
            "xylophone: xylophone",
            "tubular-bells: tubular-bells",
            "dulcimer: dulcimer",
        ),
        "organ": (
            "drawbar-organ",
            "percussive-organ",
            "rock-organ",
            "church-organ: organ",
            "reed-organ",
            "accordion: accordion",
            "harmonica: harmonica",
            "tango-accordion",
        ),
        "guitar": (
            "acoustic-guitar-nylon: midi-acoustic-guitar acoustic-guitar guitar",
            "acoustic-guitar-steel",
            "electric-guitar-jazz",
            "electric-guitar-clean: electric-guitar-clean",
            "electric-guitar-palm-muted",
            "electric-guitar-overdrive: electric-guitar-overdrive",
            "electric-guitar-distorted: electric-guitar-distorted",
            "electric-guitar-harmonics: electric-guitar-harmonics",
        ),
        "bass": (
            "acoustic-bass: acoustic-bass upright-bass",
            "electric-bass-finger: electric-bass-finger electric-bass",
            "electric-bass-pick: electric-bass-pick",
            "fretless-bass: fretless-bass",
            "bass-slap",
            "bass-pop",
            "synth-bass-1",
            "synth-bass-2",
        ),
        "strings": (
            "violin: violin",
            "viola: viola",
            "cello: cello",
            "contrabass: string-bass arco-bass double-bass contrabass midi-string-bass midi-arco-bass midi-double-bass",
            "tremolo-strings",
            "pizzicato-strings",
            "orchestral-harp: harp orchestral-harp midi-harp",
            "timpani: timpani",
        ),
        "ensemble": (
            "string-ensemble-1",
            "string-ensemble-2",
            "synth-strings-1",
            "synth-strings-2",
            "choir-aahs",
            "voice-oohs",
            "synth-voice",
            "orchestra-hit",
        ),
        "brass": (
            "trumpet: trumpet",
            "trombone: trombone",
            "tuba: tuba",
            "muted-trumpet",
            "french-horn: french-horn",
            "brass-section",
            "synth-brass-1",
            "synth-brass-2",
        ),
        "reed": (
            "soprano-saxophone: midi-soprano-sax soprano-saxophone soprano-sax",
            "alto-saxophone: midi-alto-sax alto-saxophone alto-sax",
            "tenor-saxophone: midi-tenor-sax tenor-saxophone tenor-sax",
            "baritone-saxophone: midi-baritone-sax midi-bari-sax baritone-saxophone baritone-sax bari-sax",
            "oboe: oboe",
            "english-horn: english-horn",
            "bassoon: bassoon",
            "clarinet: clarinet",
        ),
        "pipe": (
            "piccolo: piccolo",
            "flute: flute",
            "recorder: recorder",
            "pan-flute: pan-flute",
            "bottle: bottle",
            "shakuhachi: shakuhachi",
            "whistle: whistle",
            "ocarina: ocarina",
        ),
        "synth lead": (
            "square-lead: square square-wave square-lead midi-square midi-square-wave",
            "saw-wave: sawtooth saw-wave saw-lead midi-sawtooth midi-saw-lead",
            "calliope-lead: calliope-lead calliope midi-calliope",
            "chiffer-lead: chiffer-lead chiffer chiff midi-chiffer midi-chiff",
            "charang: charang",
            "solo-vox",
            "fifths: midi-sawtooth-fifths",
            "bass-and-lead: midi-bass+lead",
        ),
        "synth pad": (
            "synth-pad-new-age: midi-pad-new-age midi-new-age-pad",
            "synth-pad-warm: midi-pad-warm midi-warm-pad",
            "synth-pad-polysynth: midi-pad-polysynth midi-polysynth-pad",
            "synth-pad-choir: midi-pad-choir midi-choir-pad",
            "synth-pad-bowed: midi-pad-bowed midi-bowed-pad midi-pad-bowed-glass midi-bowed-glass-pad",
            "synth-pad-metallic: midi-pad-metallic midi-metallic-pad midi-pad-metal midi-metal-pad",
            "synth-pad-halo: midi-pad-halo midi-halo-pad",
            "synth-pad-sweep: midi-pad-sweep midi-sweep-pad",
        ),
        "synth effects": (
            "fx-rain: midi-fx-ice-rain midi-rain midi-ice-rain",
            "fx-soundtrack: midi-soundtrack",
            "fx-crystal: midi-crystal",
            "fx-atmosphere: midi-atmosphere",
            "fx-brightness: midi-brightness",
            "fx-goblins: midi-fx-goblin midi-goblins midi-goblin",
            "fx-echoes: midi-fx-echo-drops midi-echoes midi-echo-drops",
            "fx-sci-fi: midi-sci-fi",
        ),
        "world": (
            "sitar: sitar",
            "banjo: banjo",
            "shamisen: shamisen",
            "koto: koto",
            "kalimba: kalimba",
            "bagpipes: bagpipes",
            "fiddle",
            "shehnai: shehnai shahnai shenai shanai midi-shahnai midi-shenai midi-shanai",
        ),
        "percussive": (
            "tinkle-bell: midi-tinker-bell",
            "agogo",
            "steel-drums: midi-steel-drum steel-drums steel-drum",
            "woodblock",
            "taiko-drum",
            "melodic-tom",
            "synth-drum",
            "reverse-cymbal",
        ),
        "sound effects": (
            "guitar-fret-noise",
            "breath-noise",
            "seashore",
            "bird-tweet",
            "telephone-ring",
            "helicopter",
            "applause",
            "gunshot: midi-gun-shot",
        ),
    }
)
"""Eight programs each, in the order of General MIDI: the name (without midi-), after a colon its other names."""


def _instruments() -> Mapping[str, Instrument]:
    table: dict[str, Instrument] = {}
    program = 0
    for family, rows in FAMILIES.items():
        for row in rows:
            name, _, others = row.partition(":")
            instrument = Instrument(f"midi-{name}", family, program)
            table |= dict.fromkeys((instrument.name, *others.split()), instrument)
            program += 1
    percussion = Instrument("midi-percussion", "percussion", None)
    return MappingProxyType(table | {"midi-percussion": percussion, "percussion": percussion})


INSTRUMENTS: Final = _instruments()
"""Every name, with its instrument."""
