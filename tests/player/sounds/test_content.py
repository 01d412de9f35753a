"""Banks between the processes: a file keeps its number, what cannot be used is named."""

import json
import threading
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.errors import SynthDefError
from marmalade_sc.player.sounds.content import Buffers, read_banks, read_definitions, read_orchestra, wait_for_catalogue
from marmalade_sc.synthdefs.samples import SampleBank


def sound(path: Path, channels: int = 1) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, numpy.zeros((480, channels), dtype="float32"), 48_000)


def test_banks_are_read_as_they_were_written(tmp_path: Path) -> None:
    sound(tmp_path / "samples" / "tröte" / "a é.wav")
    sound(tmp_path / "samples" / "tröte" / "b.wav", 2)
    banks = SampleBank(tmp_path / "samples", [], tmp_path / "cache")
    assert Buffers().write(banks, tmp_path / "x" / "banks.json") == []
    (bank,), buffers = read_banks(tmp_path / "x" / "banks.json")
    assert (bank.name, bank.preferred) == ("tröte", True)
    assert [(sample.channels, sample.length_s) for sample in bank.samples] == [(1, 0.01), (2, 0.01)]
    assert [path.exists() for _, path in buffers] == [True, True]


def test_a_file_keeps_its_number_when_others_come_and_go(tmp_path: Path) -> None:
    """scsynth holds it under that number; notes on their way name it."""
    folder = tmp_path / "samples"
    for name in "ace":
        sound(folder / "kit" / f"{name}.wav")
    banks, buffers, path = SampleBank(folder, [], tmp_path / "cache"), Buffers(), tmp_path / "banks.json"
    buffers.write(banks, path)
    before = {file: number for number, file in read_banks(path)[1]}
    sound(folder / "kit" / "b.wav")
    (folder / "kit" / "e.wav").unlink()
    buffers.write(banks, path)
    after = {file: number for number, file in read_banks(path)[1]}
    shared = before.keys() & after.keys()
    assert len(shared) == 2
    assert all(before[file] == after[file] for file in shared)
    assert len(set(after.values())) == 3
    assert len(set(before.values()) | set(after.values())) == 4


def test_a_file_that_is_written_over_gets_another_number(tmp_path: Path) -> None:
    """The server holds the old one under the old number, and notes that sound name it."""
    folder = tmp_path / "samples"
    sound(folder / "kit" / "a.wav")
    sound(folder / "kit" / "b.wav")
    banks, buffers, path = SampleBank(folder, [], tmp_path / "cache"), Buffers(), tmp_path / "banks.json"
    buffers.write(banks, path)
    before = {file.name: number for number, file in read_banks(path)[1]}
    sound(folder / "kit" / "a.wav", 2)
    buffers.write(banks, path)
    after = {file.name: number for number, file in read_banks(path)[1]}
    assert after["a.wav"] not in before.values() and after["b.wav"] == before["b.wav"]


def test_a_broken_file_is_named_and_the_others_are_there(tmp_path: Path) -> None:
    sound(tmp_path / "samples" / "kit" / "a.wav")
    (tmp_path / "samples" / "kit" / "b.wav").write_bytes(b"no sound")
    said = Buffers().write(SampleBank(tmp_path / "samples", [], tmp_path / "cache"), tmp_path / "banks.json")
    assert len(said) == 1
    assert "b.wav" in said[0]
    assert len(read_banks(tmp_path / "banks.json")[0][0].samples) == 1


@pytest.mark.parametrize("text", [None, "", "{"])
def test_a_list_that_is_missing_or_damaged_is_no_bank(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "banks.json").write_text(text)
    assert read_banks(tmp_path / "banks.json") == ((), ())


def test_a_catalogue_that_is_missing_or_damaged_is_said(tmp_path: Path) -> None:
    with pytest.raises(SynthDefError, match="no catalogue"):
        read_orchestra(tmp_path / "catalogue.json", tmp_path / "banks.json")
    with pytest.raises(SynthDefError, match="has not appeared"):
        wait_for_catalogue(tmp_path / "catalogue.json", 0.02)
    (tmp_path / "catalogue.json").write_text("{")
    with pytest.raises(SynthDefError):
        read_definitions(tmp_path / "catalogue.json", tmp_path / "banks.json", tmp_path)
    (tmp_path / "catalogue.json").write_text(json.dumps([]))
    wait_for_catalogue(tmp_path / "catalogue.json", 0.02)
    assert read_definitions(tmp_path / "catalogue.json", tmp_path / "banks.json", tmp_path).rows == ()


def test_a_catalogue_is_waited_for_as_long_as_something_is_built(tmp_path: Path) -> None:
    """However long all takes together: each step begins the time anew."""
    steps: list[int] = []

    def build() -> None:
        for number in range(20_000):
            (tmp_path / f"{number}.scsyndef").touch()
            if len(steps) >= 3:
                (tmp_path / "catalogue.json").touch()
                return
            threading.Event().wait(0.005)

    building = threading.Thread(target=build)
    building.start()
    wait_for_catalogue(tmp_path / "catalogue.json", 30.0, lambda: steps.append(1))
    building.join()
    assert len(steps) >= 3
