"""Hush, mute, stealing, replacing, effects and sends on a pure tone: nothing is heard that is not the tone.

A tone of 200 Hz is played into the real strips by scsynth -N. What is above 5 kHz is not the tone: a step of the full
amplitude would be there at -20 dBFS, a clean ramp of 5 ms at -60 or less.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.score import NonRealtime
from marmalade_sc.engine.synths import system_synthdefs
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.sdk.frames import Bundles, Frame, Mix, Release, Section, Swap, join_bundles
from marmalade_sc.sdk.instruments import Instrument
from marmalade_sc.sdk.osc import bundle, message
from marmalade_sc.synthdefs.compile import Built, build_source

pytestmark = [pytest.mark.live, pytest.mark.untimed]

MS = UNITS_PER_SECOND // 1000
RATE = 48_000
FLOOR_DB = -60.0

TONE = """
from supriya.ugens import SinOsc
from marmalade_sc.synthdefs import held, synthdef
@synthdef()
def tone(sustain):
    return SinOsc.ar(frequency=200) * 1.4 * held(sustain, 0.05, 0.05)
"""

#: What a stranger's synth may do to the strip that it plays into, half a second long.
HOSTILE = {
    "loud": "WhiteNoise.ar() * 1000 * gate",
    "nan": "(DC.ar(source=0) / DC.ar(source=0)) * gate",
    "infinite": "(DC.ar(source=1) / DC.ar(source=0)) * gate",
    "minus": "(DC.ar(source=-1) / DC.ar(source=0)) * gate",
    "dc": "DC.ar(source=1000) * gate",
    "runaway": "LPF.ar(source=WhiteNoise.ar(), frequency=1e9) * gate",
}
SOURCE = """
from supriya.ugens import DC, LPF, WhiteNoise
from marmalade_sc.synthdefs import held, synthdef
@synthdef()
def {name}(sustain):
    gate = held(sustain, 0.001, 0.001)
    return {code}
"""

Samples = numpy.ndarray[tuple[int, ...], numpy.dtype[numpy.float64]]


@pytest.fixture(scope="module")
def sounds() -> dict[str, Built]:
    from marmalade_sc.synthdefs.catalogue import bundled_folder

    reverb = bundled_folder() / "reverb.py"
    lpf = bundled_folder() / "lpf.py"
    built = [build_source(TONE, Path("tone.py"))]
    built += [build_source(path.read_text(encoding="utf-8"), path) for path in (reverb, lpf)]
    return {one.definition.name: one for one in built}


class Set:
    """A tone from 0.1 s on, and what is done to it."""

    def __init__(self, sounds: dict[str, Built]) -> None:
        self.sounds = sounds
        rows = [one.definition.to_json() for one in sounds.values()]
        voices = VoiceTable(WALL)
        voices.add(rows)
        self.mixer = Mixer()
        self.dispatcher = Dispatcher(voices, self.mixer)
        self.instrument = Instrument.from_row(sounds["tone"].definition.to_json())
        self.todo: list[tuple[int, Callable[[], Sequence[Section]]]] = []
        self.at(0, lambda: [self.note(100, 3.0)])

    def at(self, ms: int, make: Callable[[], Sequence[Section]]) -> None:
        self.todo.append((ms, make))

    def note(self, ms: int, sustain: float, track: str = "d1", epoch: int = 0) -> Bundles:
        when = START + ms * MS
        values = [*self.instrument.values({"sustain": sustain}), 1.0]
        return Bundles(track, epoch, when, join_bundles([bundle(when, [self.instrument.template.message(1, values)])]))

    def wire(self, name: str) -> str:
        return f"{self.sounds[name].definition.wall}"

    def render(self, folder: Path, seconds: float = 4.0, steal_at_ms: int = -1) -> Samples:
        """What the master gives."""
        wav = folder / "out.wav"
        with NonRealtime("scsynth", RATE).rendering(wav) as score:
            score.setup([message("/d_recv", one.compile()) for one in system_synthdefs()])
            score.setup([message("/d_recv", one.data) for one in self.sounds.values()])
            score.setup(self.mixer.base())
            todo = sorted(self.todo, key=lambda each: each[0])
            for number, ms in enumerate(range(0, round(seconds * 1000), 5)):
                now = START + ms * MS
                while todo and todo[0][0] <= ms:
                    self.dispatcher.accept(Frame(number, 0, now, now, tuple(todo.pop(0)[1]())), "test", now)
                if 0 <= steal_at_ms <= ms < steal_at_ms + 5:
                    score.add(now - START, self.dispatcher.steal(1))
                for packet in self.dispatcher.due(now):
                    when = max(packet.when, now)
                    score.add(when - START, packet.messages)
            score.add(round(seconds * UNITS_PER_SECOND), [message("/c_set", 1, 0.0)])
        samples, _ = soundfile.read(wav, always_2d=True)
        return numpy.asarray(samples, dtype=numpy.float64)


START = 1000 * UNITS_PER_SECOND


def above_db(samples: Samples, cutoff_hz: float = 5000.0) -> float:
    """The peak of what lies above a frequency, in dBFS."""
    spectrum = numpy.fft.rfft(samples, axis=0)
    spectrum[: round(cutoff_hz * len(samples) / RATE)] = 0
    peak = numpy.abs(numpy.fft.irfft(spectrum, len(samples), axis=0)).max()
    return float(20 * numpy.log10(max(peak, 1e-9)))


def level_db(samples: Samples, begin_s: float, end_s: float) -> float:
    part = samples[round(begin_s * RATE) : round(end_s * RATE)]
    return float(20 * numpy.log10(max(numpy.abs(part).max(), 1e-9)))


@pytest.fixture
def tone(sounds: dict[str, Built]) -> Set:
    return Set(sounds)


def test_the_measure_itself_finds_a_click(tone: Set, tmp_path: Path) -> None:
    samples = tone.render(tmp_path)
    assert above_db(samples) < -75, "the tone alone"
    assert level_db(samples, 1.0, 2.0) == pytest.approx(-9, abs=1.0)
    cut = samples.copy()
    cut[RATE + 60 :] = 0
    assert above_db(cut) > -30


def test_a_hush_does_not_click_and_is_silence_within_its_time(tone: Set, tmp_path: Path) -> None:
    tone.at(1000, lambda: [Release("d1", 1, START + 1000 * MS, 0.02)])
    samples = tone.render(tmp_path)
    assert above_db(samples) < FLOOR_DB
    assert level_db(samples, 0.9, 1.0) > -12
    assert level_db(samples, 1.05, 4.0) < -100


def test_a_hush_with_new_notes_at_once_does_not_click(tone: Set, tmp_path: Path) -> None:
    tone.at(1000, lambda: [Release("d1", 1, START + 1000 * MS, 0.02), tone.note(1090, 1.0, epoch=1)])
    samples = tone.render(tmp_path)
    assert above_db(samples) < FLOOR_DB
    assert level_db(samples, 1.5, 1.9) > -12


def test_the_tail_of_an_effect_does_not_come_back_after_a_hush(tone: Set, tmp_path: Path) -> None:
    tone.at(0, lambda: [Mix("d1", 0, {"inserts": [{"wire": tone.wire("reverb"), "controls": {"mix": 0.8}}]})])
    tone.at(1000, lambda: [Release("d1", 1, START + 1000 * MS, 0.02)])
    samples = tone.render(tmp_path)
    assert level_db(samples, 0.9, 1.0) > -20
    assert level_db(samples, 1.06, 4.0) < -90
    assert above_db(samples) < FLOOR_DB


def test_a_slow_fade_of_a_stop_is_as_slow_as_it_says(tone: Set, tmp_path: Path) -> None:
    tone.at(1000, lambda: [Release("d1", 1, START + 1000 * MS, 1.0)])
    samples = tone.render(tmp_path)
    assert above_db(samples) < FLOOR_DB
    assert level_db(samples, 1.45, 1.55) == pytest.approx(level_db(samples, 0.8, 0.9) - 6, abs=1.5)
    assert level_db(samples, 2.05, 4.0) < -100


def test_a_fade_goes_evenly_in_db_and_takes_its_time(tone: Set, tmp_path: Path) -> None:
    """A lag rushes off and then crawls; eight bars of that are two bars of fade and six of waiting."""
    fades = ((500, -40.0, 2.0), (2700, 0.0, 0.2))
    for at, gain_db, fade_s in fades:
        tone.at(at, partial(lambda at, **to: [Mix("d1", START + at * MS, to)], at, gain_db=gain_db, fade_s=fade_s))
    samples = tone.render(tmp_path)
    full = level_db(samples, 0.3, 0.5)
    for at_s, wanted_db in ((1.0, -10.0), (1.5, -20.0), (2.0, -30.0), (2.6, -40.0), (2.8, -20.0), (3.0, 0.0)):
        assert level_db(samples, at_s - 0.01, at_s + 0.01) - full == pytest.approx(wanted_db, abs=2.5)
    assert above_db(samples) < FLOOR_DB


@pytest.mark.parametrize("first", [{"mute": True}, {"gain_db": -60.0}, {"pan": -1.0, "fade_s": 0.02}, {"solo": True}])
def test_the_fader_moves_without_a_click(tone: Set, tmp_path: Path, first: dict[str, object]) -> None:
    track = "d2" if "solo" in first else "d1"
    back: dict[str, object] = {"mute": False, "gain_db": 0.0, "pan": 0.0, "solo": False}
    tone.at(1000, lambda: [Mix(track, START + 1000 * MS, first)])
    tone.at(1500, lambda: [Mix(track, START + 1500 * MS, back)])
    samples = tone.render(tmp_path)
    assert above_db(samples) < FLOOR_DB
    if "pan" not in first:
        assert level_db(samples, 1.2, 1.5) < -50
    assert level_db(samples, 2.0, 2.5) > -12


def test_what_is_replaced_rings_out_without_a_click(tone: Set, tmp_path: Path) -> None:
    tone.at(1000, lambda: [Swap("d1", 1, START + 1200 * MS), tone.note(1200, 1.0, epoch=1)])
    assert above_db(tone.render(tmp_path)) < FLOOR_DB


def test_a_voice_is_stolen_without_a_click(tone: Set, tmp_path: Path) -> None:
    samples = tone.render(tmp_path, steal_at_ms=1000)
    assert above_db(samples) < FLOOR_DB
    assert level_db(samples, 1.1, 4.0) < -100


@pytest.mark.parametrize("name", ["lpf", "reverb"])
def test_effects_come_and_go_without_a_click(tone: Set, tmp_path: Path, name: str) -> None:
    row = [{"wire": tone.wire(name), "controls": {}}]
    tone.at(800, lambda: [Mix("d1", START + 800 * MS, {"inserts": row})])
    tone.at(1200, lambda: [Mix("d1", START + 1200 * MS, {"inserts": [*row, *row]})])
    tone.at(1600, lambda: [Mix("d1", START + 1600 * MS, {"inserts": []})])
    assert above_db(tone.render(tmp_path)) < FLOOR_DB


def test_sends_come_and_go_without_a_click(tone: Set, tmp_path: Path) -> None:
    tone.at(800, lambda: [Mix("d1", START + 800 * MS, {"sends": {"r1": 0.0}})])
    tone.at(1600, lambda: [Mix("d1", START + 1600 * MS, {"sends": {}})])
    samples = tone.render(tmp_path)
    assert above_db(samples) < FLOOR_DB
    assert level_db(samples, 1.2, 1.5) - level_db(samples, 0.4, 0.7) == pytest.approx(6.02, abs=0.3), "0 dB is as loud"


def test_the_master_keeps_its_ceiling_and_removes_what_is_no_sound(tone: Set, tmp_path: Path) -> None:
    def loud(track: str) -> Sequence[Section]:
        return [tone.note(100, 2.0, track), Mix(track, 0, {"gain_db": 12.0})]

    for number in range(12):
        tone.at(0, partial(loud, f"e{number}"))
    samples = tone.render(tmp_path)
    assert level_db(samples, 0.0, 4.0) <= -0.29
    assert numpy.isfinite(samples).all()


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_a_synth_does_is_below_0_dbfs_and_over_within_100_ms(
    sounds: dict[str, Built], tmp_path: Path, name: str
) -> None:
    """T11: +60 dB, NaN, infinities, DC, in a strip without the lower ceiling of guests; the tone plays on beside it."""
    hostile = build_source(SOURCE.format(name=name, code=HOSTILE[name]), Path(f"{name}.py"))
    plain = Set(sounds).render(tmp_path, 3.0)
    tone = Set({**sounds, name: hostile})
    evil = Instrument.from_row(hostile.definition.to_json())
    when = START + 1000 * MS
    content = evil.template.message(1, [*evil.values({"sustain": 0.5}), 1.0])
    tone.at(900, lambda: [Bundles("evil", 0, when, join_bundles([bundle(when, [content])]))])
    samples = tone.render(tmp_path, 3.0)
    assert numpy.isfinite(samples).all()
    assert level_db(samples, 0.0, 3.0) <= -0.29
    changed = samples[: len(plain)] - plain[: len(samples)]
    is_a_number = name in ("loud", "dc", "runaway")
    assert (level_db(changed, 1.0, 1.5) > -30) == is_a_number, "what is no number is not heard at all"
    assert abs(samples[round(1.35 * RATE) : round(1.45 * RATE)].mean()) < 0.05, (
        "no loudspeaker is held out of its place"
    )
    after = round(1.6 * RATE)
    # What a constant leaves behind is below hearing; the tone itself is as it was.
    below = numpy.exp(-2j * numpy.pi * 200 * numpy.arange(RATE // 10) / RATE)
    for begin in range(after, after + RATE, RATE // 10):
        was, is_ = (abs((each[begin : begin + RATE // 10, 0] * below).sum()) for each in (plain, samples))
        assert 20 * abs(numpy.log10(is_ / was)) < 0.5
    assert level_db(changed, 2.2, 3.0) < -80


def test_a_track_joins_and_leaves_a_group_without_a_click_and_as_loud(tone: Set, tmp_path: Path) -> None:
    tone.at(1000, lambda: [Mix("d1", 0, {"group": "g1"})])
    tone.at(2000, lambda: [Mix("d1", 0, {"group": ""})])
    samples = tone.render(tmp_path)
    assert above_db(samples) < FLOOR_DB
    for begin_s in (0.8, 1.3, 2.3):
        assert level_db(samples, begin_s, begin_s + 0.1) == pytest.approx(-9, abs=1.0)
