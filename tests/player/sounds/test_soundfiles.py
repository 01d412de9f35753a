"""The files of a render: whole or not there, compensated, in the format their names say."""

from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.engine.score import LEAD
from marmalade_sc.errors import RenderError
from marmalade_sc.player.sounds.soundfiles import check_folder, check_writable, kind_of, split

FRAMES, DELAY = 1000, 480


def rendered(folder: Path, stems: int = 0) -> Path:
    """As scsynth leaves it: an impulse on sample 100 of all stems, on the master later by its delay."""
    samples = numpy.zeros((LEAD + DELAY + FRAMES + 64, 2 + 2 * stems), dtype="float32")
    samples[LEAD + DELAY + 100, :2] = 0.5
    for stem in range(stems):
        samples[LEAD + 100, 2 + 2 * stem : 4 + 2 * stem] = 1.5 + stem
    path = folder / "rendered.wav"
    soundfile.write(path, samples, 48_000, subtype="FLOAT")
    return path


@pytest.mark.parametrize("kind", ["wav", "flac"])
def test_master_and_stems_agree_to_the_sample(tmp_path: Path, kind: str) -> None:
    master, stems = tmp_path / f"out.{kind}", [tmp_path / "d1.wav", tmp_path / "d2.wav"]
    split(rendered(tmp_path, 2), DELAY, FRAMES, master, kind, stems)
    samples, rate = soundfile.read(master)
    assert (len(samples), rate, soundfile.info(master).subtype) == (FRAMES, 48_000, "PCM_24")
    assert list(numpy.nonzero(samples[:, 0])[0]) == [100]
    for number, path in enumerate(stems):
        stem, _ = soundfile.read(path)
        assert len(stem) == FRAMES
        assert stem[100, 0] == 1.5 + number, "stems may go beyond full scale"
    assert {path.name for path in tmp_path.iterdir()} == {"rendered.wav", master.name, "d1.wav", "d2.wav"}


def test_when_one_file_cannot_be_written_none_is_left(tmp_path: Path) -> None:
    blocked = tmp_path / "none" / "d1.wav"
    with pytest.raises(RenderError, match="cannot be written"):
        split(rendered(tmp_path, 1), DELAY, FRAMES, tmp_path / "out.wav", "wav", [blocked])
    assert [path.name for path in tmp_path.iterdir()] == ["rendered.wav"]


def test_an_older_file_stays_when_a_render_fails(tmp_path: Path) -> None:
    (tmp_path / "out.wav").write_bytes(b"older")
    with pytest.raises(RenderError):
        split(tmp_path / "not there.wav", DELAY, FRAMES, tmp_path / "out.wav", "wav")
    assert (tmp_path / "out.wav").read_bytes() == b"older"


def test_a_place_is_checked_without_leaving_anything(tmp_path: Path) -> None:
    check_writable(tmp_path / "out.wav")
    check_folder(tmp_path / "a" / "b")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []
    for path in (tmp_path, tmp_path / "no" / "out.wav"):
        with pytest.raises(RenderError, match="cannot be written"):
            check_writable(path)
    (tmp_path / "file").write_text("")
    with pytest.raises(RenderError, match="cannot be made"):
        check_folder(tmp_path / "file" / "stems")


@pytest.mark.parametrize(("name", "kind"), [("a.wav", "wav"), ("a.WAVE", "wav"), ("a.FLAC", "flac"), ("a", "wav")])
def test_the_ending_says_the_format(name: str, kind: str) -> None:
    assert kind_of(Path(name)) == kind


def test_an_ending_that_is_no_format_is_refused() -> None:
    with pytest.raises(RenderError, match="neither"):
        kind_of(Path("a.mp3"))
