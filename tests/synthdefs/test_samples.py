"""Folders are banks; a broken file is named and leaves the others alone."""

from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.errors import SampleError, UnknownNameError
from marmalade_sc.synthdefs.catalogue import Catalogue
from marmalade_sc.synthdefs.metadata import Definition
from marmalade_sc.synthdefs.samples import Bank, BufferSpec, SampleBank, SampleLimits, resolve


def sound(path: Path, channels: int = 1, rate: int = 48000, frames: int = 100, **options: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = numpy.linspace(0.1, 0.5, frames)[:, None] * numpy.arange(1, channels + 1)[None, :] / channels
    soundfile.write(path, samples, rate, **options)
    return path


@pytest.fixture
def bank(tmp_path: Path) -> SampleBank:
    return SampleBank(tmp_path / "own", [tmp_path / "shared"], tmp_path / "cache")


def test_banks_are_folders_in_the_order_of_names_and_count_around(bank: SampleBank) -> None:
    for name in ("b.wav", "a.flac", "c.aiff", "notes.txt", ".hidden.wav"):
        if name.endswith("txt"):
            (bank.own / "bd" / name).write_text("no sound")
        else:
            sound(bank.own / "bd" / name)
    (bank.own / "empty").mkdir()
    assert list(bank.scan()) == ["bd"]
    assert [path.name for path in bank.get("bd").files] == ["a.flac", "b.wav", "c.aiff"]
    assert [bank.get("bd").at(index).name for index in (0, 3, -1, 4)] == ["a.flac", "a.flac", "c.aiff", "b.wav"]


def test_the_player_s_own_bank_shadows_a_shared_one(bank: SampleBank, tmp_path: Path) -> None:
    sound(tmp_path / "shared" / "bd" / "x.wav")
    sound(bank.own / "bd" / "y.wav")
    assert bank.scan()["bd"].is_own and bank.get("bd").files[0].name == "y.wav"


def test_a_plan_tells_frames_channels_and_rate(bank: SampleBank) -> None:
    mono = sound(bank.own / "k" / "1.wav", rate=44100, frames=441)
    stereo = sound(bank.own / "k" / "2.flac", channels=2, rate=96000, frames=960)
    bank.scan()
    specs, errors = bank.plan("k")
    assert errors == ()
    assert specs == (BufferSpec(mono, 441, 1, 44100), BufferSpec(stereo, 960, 2, 96000))
    assert specs[0] is not None and specs[0].sampler == "sampler1" and specs[0].duration_s == pytest.approx(0.01)


def test_many_channels_are_folded_to_two(bank: SampleBank) -> None:
    sound(bank.own / "s" / "surround.wav", channels=4, subtype="FLOAT")
    bank.scan()
    spec = bank.plan("s")[0][0]
    assert spec is not None and spec.channels == 2 and spec.frames == 100
    left, right = soundfile.read(spec.path)[0][-1]
    assert left == pytest.approx((0.125 + 0.375) / 2) and right == pytest.approx((0.25 + 0.5) / 2)
    written = spec.path.stat().st_mtime_ns
    assert bank.plan("s")[0][0] == spec and spec.path.stat().st_mtime_ns == written, "converted once"
    assert [path.suffix for path in bank.cache_dir.iterdir()] == [".wav"]


def test_what_scsynth_does_not_read_is_converted(bank: SampleBank) -> None:
    """Not every scsynth is built with a libsndfile that reads Ogg."""
    sound(bank.own / "o" / "kick.ogg", frames=4800)
    bank.scan()
    spec = bank.plan("o")[0][0]
    assert spec is not None and spec.path.parent == bank.cache_dir and spec.frames >= 4800
    assert soundfile.info(spec.path).format == "WAV"


def test_names_of_any_letters_are_found(bank: SampleBank) -> None:
    path = sound(bank.own / "größe" / "höher.wav")
    bank.scan()
    assert bank.plan("größe")[0] == (BufferSpec(path, 100, 1, 48000),)


def test_a_broken_missing_empty_or_large_file_is_named_and_leaves_the_others(bank: SampleBank) -> None:
    good = sound(bank.own / "x" / "good.wav")
    (bank.own / "x" / "broken.wav").write_bytes(b"RIFF\0\0\0\0WAVEjunk")
    (bank.own / "x" / "empty.wav").write_bytes(b"")
    sound(bank.own / "x" / "nothing.wav", frames=0)
    sound(bank.own / "x" / "long.wav", frames=5000)
    missing = sound(bank.own / "x" / "missing.wav")
    bank.limits = SampleLimits(frames=4000)
    bank.scan()
    missing.unlink()
    specs, errors = bank.plan("x")
    assert [spec.path for spec in specs if spec is not None] == [good]
    assert len(specs) == 6 and len(errors) == 5
    for name in ("broken", "empty", "nothing", "long", "missing"):
        assert any(f"{name}.wav" in error.message for error in errors), name
    assert all(isinstance(error, SampleError) and error.hint for error in errors)
    bank.limits = SampleLimits(file_bytes=10)
    with pytest.raises(SampleError, match="MiB"):
        bank.spec(good)


def test_too_many_files_are_told_and_the_first_are_used(bank: SampleBank) -> None:
    for number in range(4):
        sound(bank.own / "m" / f"{number}.wav")
    bank.limits = SampleLimits(files=3)
    assert len(bank.scan()["m"].files) == 3
    assert "more than 3" in bank.errors[0].message


def test_an_unknown_bank_tells_the_nearest(bank: SampleBank) -> None:
    sound(bank.own / "breaks" / "1.wav")
    bank.scan()
    with pytest.raises(UnknownNameError, match="did you mean breaks"):
        bank.get("break")


def test_names_mean_own_banks_then_synthdefs_then_other_banks() -> None:
    kick = Definition("kick", "0", "w", "x", "voice", (), 1, False, "", "", ("bd",))
    catalogue = Catalogue.of([kick])
    own, other = Bank("bd", (Path("a"),), True), Bank("bd", (Path("a"),), False)
    assert resolve("bd", catalogue, {"bd": own}) == own
    assert resolve("bd", catalogue, {"bd": other}) == kick
    assert resolve("bd", Catalogue.of([]), {"bd": other}) == other
    with pytest.raises(UnknownNameError, match="did you mean kick"):
        resolve("kik", catalogue, {})
