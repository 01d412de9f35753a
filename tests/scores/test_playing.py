"""From notes to frames: what plays them, when, how loud and how long."""

import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import Score, ScoreFrames, cut, overridden, read_score, sound_of, track_names
from marmalade_sc.scores.instruments import FAMILIES, INSTRUMENTS
from marmalade_sc.scores.sounds import DRUMS, FAMILY_SOUNDS, SOUNDS
from marmalade_sc.sdk.frames import Bundles, Release
from marmalade_sc.sdk.instruments import Orchestra
from marmalade_sc.sdk.osc import read_bundle, read_message
from marmalade_sc.settings.places import bundled
from marmalade_sc.testing.catalogue import catalogue_row

START = 1000 * UNITS_PER_SECOND
PLAIN = {"amp": (0.5, 0.0, 4.0), "pan": (0.0, -1.0, 1.0), "sustain": (0.2, 0.0, 60.0), "freq": (220.0, 20.0, 20_000.0)}
OTHERS = (
    "cutoff",
    "resonance",
    "vibrato",
    "attack",
    "release",
    "brightness",
    "decay",
    "turn",
    "detune",
    "ratio",
    "index",
    "width",
    "sweep",
)


def orchestra() -> Orchestra:
    """All synthdefs of the table, each with every control."""
    names = {sound.synth for sound in (*FAMILY_SOUNDS.values(), *SOUNDS.values(), *DRUMS.values())} | {"mysynth"}
    controls = PLAIN | dict.fromkeys(OTHERS, (0.5, 0.0, 20_000.0))
    return Orchestra.from_rows(catalogue_row(name, controls=controls) for name in sorted(names - {""}))


def frames(source: str, **more: object) -> ScoreFrames:
    score = read_score(source, synthdefs=frozenset({"mysynth"}))
    return ScoreFrames(score, orchestra(), overridden(str(more.get("own", ""))), 7)


def played(made: ScoreFrames) -> Iterator[tuple[int, str, str, dict[str, float]]]:
    """Time, track, synth and controls of each note."""
    for _, frame in made.frames(START, UNITS_PER_SECOND // 4):
        for section in frame.sections:
            assert isinstance(section, Bundles)
            assert section.epoch == 7
            for data in section.bundles():
                when, messages = read_bundle(data)
                for content in messages:
                    _, values = read_message(content)
                    name = str(values[0]).partition(".")[0]
                    index = made.orchestra.find(name)[0].index
                    array = values[5]
                    assert isinstance(array, list)
                    yield when, section.track, name, {each: array[place] for each, place in index.items()}


def test_notes_are_due_at_their_exact_times() -> None:
    """Rounded once, so that nothing drifts in a long piece."""
    made = frames("(tempo! 97) piano: [c12 d e f]*500")
    expected = [START + round(Fraction(n.offset_ms) * UNITS_PER_SECOND / 1000) for n in made.score.notes]
    assert [when for when, *_ in played(made)] == expected


def test_a_note_carries_its_length_its_level_and_its_place() -> None:
    (found,) = played(frames("violin: (vol 100) (track-vol 50) (pan 25) (quant 50) (reference-pitch 432) o4 a2"))
    when, track, synth, controls = found
    assert (when, track, synth) == (START, "violin", "string")
    assert controls["sustain"] == pytest.approx(0.5)
    assert controls["amp"] == pytest.approx(0.42 / 0.5421 * 0.5 * 1.27)
    assert controls["pan"] == -0.5
    assert controls["freq"] == pytest.approx(432)


def test_percussion_plays_a_drum_for_each_note() -> None:
    assert [synth for _, _, synth, _ in played(frames("percussion: o2 c d f+ a+ > > > > > c"))] == [
        "kick",
        "snare",
        "hihat",
        "openhat",
        "rim",
    ]


def test_a_synthdef_plays_under_its_own_name() -> None:
    assert [(track, synth) for _, track, synth, _ in played(frames("mysynth: c"))] == [("mysynth", "mysynth")]


def test_the_table_can_be_overridden() -> None:
    own = (
        '[violin]\nsynth = "mysynth"\nlevel = 0.1\n[violin.controls]\ncutoff = 900\n["percussion:38"]\nsynth = "clap"\n'
    )
    (first, second) = played(frames("violin: c percussion: r o2 d", own=own))
    assert (first[2], first[3]["cutoff"]) == ("mysynth", 900)
    assert first[3]["amp"] == pytest.approx(0.1)
    assert second[2] == "clap"


@pytest.mark.parametrize(
    "own",
    [
        "[",
        "[nonsense]",
        "[violin]\nlevel = true",
        "violin = 1",
        "[violin]\nloud = 1",
        '["violin:3"]',
        "[violin]\ncontrols = 1",
    ],
)
def test_a_wrong_override_is_a_mistake(own: str) -> None:
    with pytest.raises(ScoreError):
        overridden(own)


def test_what_cannot_play_is_said_before_anything_plays() -> None:
    with pytest.raises(ScoreError):
        frames("violin: c", own='[violin]\nsynth = "nowhere"').check()
    with pytest.raises(ScoreError):
        frames("violin: c", own="[violin.controls]\nnowhere = 1").check()
    assert frames("violin: o1 c o4 c").check() == ["violin: 1 notes lie outside the usual range of its instrument"]
    assert frames("violin: o4 c").check() == []


def test_parts_have_tracks_of_their_own() -> None:
    score = read_score('piano "left": c piano "right": c violin/viola "ss": c violin "tt": c')
    assert list(track_names(score).values()) == ["left", "right", "violin", "viola", "tt"]
    score = read_score("piano: c midi-synth-pad-warm: c violin/viola: c")
    assert len(set(track_names(score).values())) == 4


def offsets(score: Score) -> list[float]:
    return [note.offset_ms for note in score.notes]


def test_a_score_is_cut_at_times_and_markers() -> None:
    score = read_score("piano: c d %here e f g")
    assert offsets(cut(score, "here", None)) == [0, 500, 1000]
    assert offsets(cut(score, "0:01", "2")) == [0, 500]
    assert offsets(cut(score, None, "here")) == [0, 500]
    assert cut(score, "here", None).markers == {"here": 0}
    with pytest.raises(ScoreError):
        cut(score, "nowhere", None)


def test_the_end_of_a_score_fades_its_tracks() -> None:
    made = frames("piano: c violin: c")
    assert made.release(START).sections == (Release("piano", 8, START), Release("violin", 8, START))


def test_every_instrument_has_a_sound() -> None:
    assert sum(map(len, FAMILIES.values())) == 128
    assert {i.program for i in INSTRUMENTS.values() if i.program is not None} == set(range(128))
    assert set(SOUNDS) <= {instrument.name for instrument in INSTRUMENTS.values()}
    for instrument in INSTRUMENTS.values():
        sound = sound_of(instrument, 60)
        assert sound.synth
        assert sound.lowest <= sound.highest


def test_the_table_names_synthdefs_and_controls_that_are_there() -> None:
    """A renamed control would silence a family on stage."""
    for sound in (*FAMILY_SOUNDS.values(), *SOUNDS.values(), *DRUMS.values()):
        if sound.synth:
            text = (bundled("synthdefs") / f"{sound.synth}.py").read_text(encoding="utf-8")
            ranges = re.findall(r"(\w+)=control\(\s*[-\d.]+, \"[^\"]*\", ([-\d.]+), ([-\d.]+)", text)
            allowed = {name: (float(low), float(high)) for name, low, high in ranges}
            for name, value in sound.controls.items():
                assert allowed[name][0] <= value <= allowed[name][1], (sound.synth, name)


def test_the_table_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scores.md").read_text(encoding="utf-8")
    for name, sound in (*((f"**{family}**", each) for family, each in FAMILY_SOUNDS.items()), *SOUNDS.items()):
        if sound.synth:
            controls = " ".join(f"{control}={value:g}" for control, value in sound.controls.items())
            row = f"| {name} | `{sound.synth}` | {sound.lowest} to {sound.highest} | {sound.level:g} | {controls} |"
            assert row in page
    for note, sound in DRUMS.items():
        assert re.search(rf"\| [\d, ]*\b{note}\b[\d, ]* \| `{sound.synth}` \| {sound.level:g} \|", page)
