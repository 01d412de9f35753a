"""Every bundled synthdef, played by a real scsynth: levels, edges, exact places, chance and ends."""

import os
import threading
from functools import cache
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.synthdefs.catalogue import bundled_folder
from marmalade_sc.synthdefs.compile import Built, build_source
from marmalade_sc.synthdefs.foundry import Built as BuiltEvent
from marmalade_sc.synthdefs.foundry import Foundry
from tests.live import nrt
from tests.live.nrt import BLOCK, Note, Samples, message, render

pytestmark = pytest.mark.live

FILES = {path.stem: path for path in sorted(bundled_folder().glob("*.py"))}
START = 1000
SECONDS = 6.0

#: Sounds that must begin on the very sample: what measures onsets relies on their first one.
SHARP = {"kick", "snare", "clap", "hihat", "openhat", "rim", "clave", "cowbell", "crash", "ride"} | {
    "tom_low",
    "tom_mid",
    "tom_high",
    "pluck",
}
#: Voices that swell, played as long as they are meant to be.
SUSTAIN = {"pad": 1.5, "string": 1.0}


@cache
def built(name: str) -> Built:
    return build_source(FILES[name].read_text(encoding="utf-8"), FILES[name])


VOICES = [name for name in FILES if built(name).definition.kind == "voice"]
EFFECTS = [name for name in FILES if built(name).definition.kind == "effect"]

CLICK = build_source(
    """
from supriya.ugens import Impulse
from marmalade_sc.synthdefs import percussive, synthdef
@synthdef()
def click():
    return Impulse.ar(frequency=0) * percussive(0, 0.01)
""",
    Path("click.py"),
)


def controls(name: str) -> dict[str, float]:
    return {"sustain": SUSTAIN[name]} if name in SUSTAIN else {}


def level_db(samples: Samples) -> float:
    return float(20 * numpy.log10(max(numpy.abs(samples).max(), 1e-9)))


def sounding(samples: Samples) -> tuple[int, int]:
    """The first and last sample that is not zero."""
    where = numpy.nonzero(numpy.abs(samples).max(axis=1))[0]
    return int(where[0]), int(where[-1])


def test_the_set_holds_what_is_promised() -> None:
    names = set(FILES)
    for name in FILES:
        names |= set(built(name).definition.aliases)
    wanted = "kick bd snare sd sn clap cp hihat hh openhat oh ho rim tom lt mt ht cowbell clave shaker crash ride bass "
    wanted += "acid lead pad pluck keys organ bell noise sub fm string sampler1 sampler2 lpf hpf delay reverb drive "
    wanted += "crush pan"
    assert set(wanted.split()) <= names
    aliases = [alias for name in FILES for alias in built(name).definition.aliases]
    assert len(aliases) == len(set(aliases)) and not set(aliases) & set(FILES), "each name means one thing"
    for name in FILES:
        definition = built(name).definition
        assert definition.doc and all(control.doc for control in definition.controls), name


@pytest.mark.parametrize("name", VOICES)
def test_a_voice_is_level_clean_and_ends(tmp_path: Path, name: str) -> None:
    """-12 to -3 dBFS at the default level, no offset, no click where it begins or ends."""
    samples = render(tmp_path, [built(name)], [(built(name), Note(START, controls(name)))], SECONDS)
    first, last = sounding(samples)
    assert -12 <= level_db(samples) <= -3
    # An oscillator that begins at 0 gives its first sound one sample later.
    assert START <= first <= START + 1
    if name in SHARP:
        assert numpy.abs(samples[START]).max() >= 0.09, "a sharp first sample: -21 dBFS at least"
    else:
        assert numpy.abs(samples[START]).max() < 0.02, "a soft start does not click"
    # The mean of a short low note holds a part of a wave: 0.004 (-48 dBFS) is the most that one leaves here.
    assert numpy.abs(samples[first : last + 1].mean(axis=0)).max() < 0.004
    assert numpy.abs(samples[last - 8 : last + 1]).max() < 1e-3, "-60 dBFS where it ends"
    assert last < (SECONDS - 0.5) * 48000, "it frees itself"


@pytest.mark.parametrize("name", VOICES)
def test_the_exact_variant_sounds_as_the_wall_variant_to_the_sample(tmp_path: Path, name: str) -> None:
    """Made 20 ms early, delayed into place by the server's own count of blocks."""
    at = 4000 + BLOCK - 1  # the last sample of a block, the hardest place
    both = [
        render(tmp_path, [built(name)], [(built(name), Note(at, controls(name), exact=e))], SECONDS)
        for e in (False, True)
    ]
    length = min(len(samples) for samples in both)
    # The exact voice is freed two blocks later: what a filter still rings there is below -70 dBFS.
    assert numpy.abs(both[0][:length] - both[1][:length]).max() < 3e-4
    assert sounding(both[0])[0] == sounding(both[1])[0]


@pytest.mark.parametrize("name", [name for name in VOICES if built(name).definition.random])
def test_chance_repeats_with_its_seed_and_is_alone(tmp_path: Path, name: str) -> None:
    """The same note in a stem, in the mix and tomorrow: other voices do not change its noise."""
    one = built(name)
    alone = render(tmp_path, [one], [(one, Note(9000, controls(name), random_id=7, random_seed=5))], 2.0)
    crowd = [(one, Note(9000 - 400 + i * 100, {"amp": 0.0}, random_id=100 + i, random_seed=i)) for i in range(8)]
    mixed = render(tmp_path, [one], [*crowd, (one, Note(9000, controls(name), random_id=7, random_seed=5))], 2.0)
    other = render(tmp_path, [one], [(one, Note(9000, controls(name), random_id=7, random_seed=6))], 2.0)
    length = min(len(alone), len(mixed))
    assert numpy.array_equal(alone[:length], mixed[:length])
    assert numpy.abs(alone[:length] - other[:length]).max() > 0.001


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_exact_voices_land_on_their_sample_at_every_rate(tmp_path: Path, rate: int) -> None:
    places = [rate // 10 + i * (rate // 40 + 7) for i in range(200)]
    margins = [rate // 1000 * m for m in (1, 5, 20, 59)]
    notes = [(CLICK, Note(place, {}, exact=True, margin=margins[i % 4])) for i, place in enumerate(places)]
    samples = render(tmp_path, [CLICK], notes, 6.0, rate=rate)
    assert numpy.nonzero(samples[:, 0])[0].tolist() == places


def test_exact_voices_pass_the_end_of_the_block_counter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After 6.2 hours at 48 kHz the counter begins anew: the note across it must not be lost."""
    from supriya import ugens
    from supriya.ugens import SynthDefBuilder

    start = 2**24 - 100
    with SynthDefBuilder() as builder:
        count = ugens.Phasor.kr(rate=1, start=0, stop=2**24) - 100.0  # type: ignore[attr-defined]
        ugens.Out.kr(bus=0, source=[count + (count < 0) * 2.0**24])  # type: ignore[attr-defined]
    data = builder.build(name="block_counter").compile()
    plain = nrt.arguments

    def late(definition: object, note: Note) -> list[float]:
        values = plain(definition, note)  # type: ignore[arg-type]
        index = CLICK.definition.index("at_block")
        values[index] = (values[index] + start) % 2**24
        return values

    monkeypatch.setattr(nrt, "block_counter", lambda: data)
    monkeypatch.setattr(nrt, "arguments", late)
    places = [5000 + i * 331 for i in range(20)]
    assert places[0] // BLOCK < 100 < places[-1] // BLOCK
    samples = render(tmp_path, [CLICK], [(CLICK, Note(place, {}, exact=True)) for place in places], 1.0)
    assert numpy.nonzero(samples[:, 0])[0].tolist() == places


def test_a_late_exact_voice_sounds_at_once(tmp_path: Path) -> None:
    samples = render(tmp_path, [CLICK], [(CLICK, Note(6400, {}, exact=True, margin=-640))], 1.0)
    assert numpy.nonzero(samples[:, 0])[0].tolist() == [7041], "one sample is the least delay there is"


FREED = build_source(
    """
from supriya.ugens import SinOsc, DC
from marmalade_sc.synthdefs import synthdef, until
from supriya.ugens import Line
@synthdef(tail=0.25)
def freed():
    # It marks an end that never comes: the framework has to end it.
    return SinOsc.ar(frequency=1000) + until(Line.ar(start=0, stop=0, duration=1e4))
""",
    Path("freed.py"),
)


@pytest.mark.parametrize("exact", [False, True])
def test_a_voice_whose_end_never_comes_is_faded_and_freed(tmp_path: Path, exact: bool) -> None:
    """A node that is held for ever costs a voice of the cap for ever."""
    samples = render(tmp_path, [FREED], [(FREED, Note(4000, {"sustain": 0.5}, exact=exact))], 3.0)
    first, last = sounding(samples)
    assert first in (4000, 4001)
    assert (last - first) / 48000 == pytest.approx(0.5 + 0.25 + 0.02, abs=0.005)
    tail = numpy.abs(samples[last - 480 : last + 1, 0])
    assert tail[:100].max() > 0.1 and tail[-40:].max() < 0.02 and tail[-4:].max() < 0.003, "faded, not cut"


@pytest.mark.parametrize("sustain", [float("inf"), float("nan"), -1.0])
def test_a_sustain_that_cannot_be_does_not_hold_a_node_for_ever(tmp_path: Path, sustain: float) -> None:
    one = built("sub")
    samples = render(tmp_path, [one], [(one, Note(1000, {"sustain": sustain}))], 2.0)
    assert not numpy.isnan(samples).any()


def sample_file(path: Path, samples: Samples, rate: int = 48000) -> Path:
    soundfile.write(path, samples, rate, subtype="FLOAT")
    return path


@pytest.mark.parametrize(("name", "channels"), [("sampler1", 1), ("sampler2", 2)])
@pytest.mark.parametrize("exact", [False, True])
def test_a_sample_comes_through_as_it_is(tmp_path: Path, name: str, channels: int, exact: bool) -> None:
    """Bit for bit, 3 dB down for the middle, but for the last 5 ms."""
    source = numpy.random.default_rng(1).uniform(-0.5, 0.5, (24000, channels)).astype("float32").astype("float64")
    load = message("/b_allocRead", 3, str(sample_file(tmp_path / "in.wav", source)), 0, 0)
    one = built(name)
    samples = render(tmp_path, [one], [(one, Note(1000, {"buf": 3, "amp": 1.0}, exact=exact))], 2.0, first=[load])
    assert numpy.abs(samples[1000:24700] - source[:23700] * 0.5**0.5).max() < 2e-7
    assert sounding(samples)[1] < 25001


@pytest.mark.parametrize(
    ("values", "frames"),
    [
        ({"speed": -1.0}, 24000),
        ({"begin": 0.25, "end": 0.5}, 6000),
        ({"begin": 0.25, "end": 0.5, "speed": -1.0}, 6000),
        ({"speed": 2.0}, 12000),
        ({"rate": 0.5}, 48000),
        ({"sustain": 0.1}, 4800),
        ({"sustain": 9.0}, 24000),
        ({"speed": 0.0}, 2),
    ],
)
def test_a_sampler_plays_the_part_it_was_told(tmp_path: Path, values: dict[str, float], frames: int) -> None:
    source = numpy.random.default_rng(1).uniform(-0.5, 0.5, (24000, 1))
    load = message("/b_allocRead", 0, str(sample_file(tmp_path / "in.wav", source)), 0, 0)
    one = built("sampler1")
    samples = render(tmp_path, [one], [(one, Note(1000, values))], 3.0, first=[load])
    first, last = sounding(samples)
    assert 1000 <= first <= 1001 and last - 999 == pytest.approx(frames, abs=4)


def test_a_sampler_adapts_the_file_s_rate(tmp_path: Path) -> None:
    seconds = numpy.arange(22050)[:, None] / 44100
    source = numpy.sin(2 * numpy.pi * 1000 * seconds) * 0.5
    load = message("/b_allocRead", 0, str(sample_file(tmp_path / "in.wav", source, 44100)), 0, 0)
    one = built("sampler1")
    samples = render(tmp_path, [one], [(one, Note(0, {}))], 2.0, first=[load])[4800:19200, 0]
    spectrum = numpy.abs(numpy.fft.rfft(samples * numpy.hanning(len(samples))))
    assert numpy.argmax(spectrum) * 48000 / len(samples) == pytest.approx(1000, abs=4)


STEADY = build_source(
    """
from supriya.ugens import SinOsc
from marmalade_sc.synthdefs import synthdef
@synthdef()
def steady():
    return [SinOsc.ar(frequency=300) + SinOsc.ar(frequency=5000), SinOsc.ar(frequency=440)]
""",
    Path("steady.py"),
)


@pytest.mark.parametrize("name", EFFECTS)
def test_an_effect_changes_its_strip_and_leaves_without_a_click(tmp_path: Path, name: str) -> None:
    """mix 0 is the sound as it was; gate 0 fades back to it in 20 ms."""
    one = built(name)
    source = (STEADY, Note(100, {"sustain": 3.0, "amp": 0.3}, group=1))
    groups = [message("/g_new", 1, 1, 0), message("/g_new", 2, 1, 0)]
    free = [(48000, message("/n_set", 1001, "gate", 0.0))]

    def played(values: dict[str, float]) -> Samples:
        notes = [source, (one, Note(200, values, group=2))]
        return render(tmp_path, [STEADY, one], notes, 2.0, first=groups, extra=free)

    dry = render(tmp_path, [STEADY], [source], 2.0, first=groups)
    assert numpy.array_equal(played({"mix": 0.0}), dry)
    values = {"place": 0.7} if name == "pan" else {}
    wet = played(values)
    assert numpy.isfinite(wet).all() and numpy.abs(wet).max() < 1.0
    assert numpy.abs(wet[20000:40000] - dry[20000:40000]).max() > 0.01, "it does something"
    gone = 48000 + 2000
    assert numpy.array_equal(wet[gone:], dry[gone:]), "and then it is gone"
    # What moves most from sample to sample is the sound itself, not the fade.
    steps = [numpy.abs(numpy.diff(part, axis=0)).max() for part in (wet[47900:50100], wet[20000:40000], dry)]
    assert steps[0] < max(steps[1:]) * 1.1


def test_200_saves_are_built_in_time_and_leave_nothing_behind(tmp_path: Path) -> None:
    """From save to event within 150 ms, and neither memory, descriptors nor children grow."""
    mine = tmp_path / "mine"
    mine.mkdir()
    foundry = Foundry([mine], tmp_path / "cache")
    foundry.scan()
    foundry.warm()
    text = FILES["kick"].read_text(encoding="utf-8")

    def save(number: int) -> None:
        (mine / "kick.py").write_text(text.replace("48.0", f"{40 + number / 100}"), encoding="utf-8")

    def descriptors_open() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def memory_kb() -> int:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4

    descriptors = memory = 0
    for number in range(200):
        thread = threading.Timer(0.002, save, (number,))
        thread.start()
        events = foundry.poll(5.0)
        thread.join()
        assert [type(event) for event in events] == [BuiltEvent], number
        if number == 20:
            descriptors, memory = descriptors_open(), memory_kb()
    assert descriptors_open() == descriptors
    assert memory_kb() - memory < 8192
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    foundry.close()
