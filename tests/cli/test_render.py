"""Mistakes in the command are told before the work begins: nobody waits ten minutes for "cannot be written"."""

from pathlib import Path

import pytest

from marmalade_sc.cli.main import run


def _render(tmp_path: Path, *options: str) -> int:
    (tmp_path / "set.py").write_text('d1 >> s("bd")\n')
    return run(["--dir", str(tmp_path / "player"), "render", str(tmp_path / "set.py"), *options])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seconds", "nan"], "--seconds"),
        (["--tail", "nan"], "--tail"),
        (["--bpm", "inf"], "--bpm"),
        (["--cycles", "2", "--seconds", "3"], "give one of them"),
        (["--plot", "TMP/picture.jpg"], "picture.png"),
        (["--events", "TMP/out.wav"], "given twice"),
        (["--stems", "/proc/stems"], "cannot be made"),
    ],
)
def test_an_option_that_cannot_be_is_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    options = [option.replace("TMP", str(tmp_path)) for option in options]
    assert _render(tmp_path, "-o", str(tmp_path / "out.wav"), *options) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out.wav").exists()


def test_an_ending_that_is_no_format_of_ours_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _render(tmp_path, "-o", str(tmp_path / "out.mp3")) == 2
    assert "neither .wav nor .flac" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["wrong.json", "wrong.wav"])
def test_an_expectation_that_cannot_be_read_is_told_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).write_text("{nope")
    assert _render(tmp_path, "-o", str(tmp_path / "out.wav"), "--expect", str(tmp_path / name)) == 2
    assert name in capsys.readouterr().err
    assert not (tmp_path / "out.wav").exists()


def test_a_reference_is_not_overwritten_by_what_is_compared_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out.wav").write_bytes(b"reference")
    assert _render(tmp_path, "-o", str(tmp_path / "out.wav"), "--expect", str(tmp_path / "out.wav")) == 2
    assert (tmp_path / "out.wav").read_bytes() == b"reference"


@pytest.mark.parametrize("command", ["render", "play"])
def test_a_set_that_is_not_utf_8_is_a_mistake_and_no_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "set.py").write_bytes(b'd1 >> s("bd \xff")\n')
    more = ["-o", str(tmp_path / "out.wav")] if command == "render" else []
    assert run(["--dir", str(tmp_path / "player"), command, str(tmp_path / "set.py"), *more]) == 2
    assert "set.py is not UTF-8" in capsys.readouterr().err


def test_a_broken_sound_and_a_broken_synthdef_are_named_by_a_render(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = tmp_path / "player" / "samples" / "mine"
    bank.mkdir(parents=True)
    (bank / "broken.wav").write_bytes(b"RIFF")
    (tmp_path / "player" / "synthdefs").mkdir()
    (tmp_path / "player" / "synthdefs" / "wrong.py").write_text("def wrong(:\n")
    assert _render(tmp_path, "-o", str(tmp_path / "out.wav"), "--cycles", "1/4", "--tail", "0") == 0
    said = capsys.readouterr().err
    assert "broken.wav is broken" in said
    assert "wrong.py" in said
