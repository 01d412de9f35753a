"""`marmalade job`: what is refused before anything is started."""

from pathlib import Path

import pytest

from marmalade_sc.cli.main import run
from marmalade_sc.settings.places import Places
from marmalade_sc.worker.keeper import holder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_text('d1 >> s("bd")')
    return path


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["submit", "render", "SOURCE", "--cycles", "1", "--seconds", "2"], "give one of them"),
        (["submit", "render", "SOURCE", "--cycles", "x"], "not a number of cycles"),
        (["submit", "render", "SOURCE", "--seconds", "nan"], "not a number"),
        (["submit", "render", "SOURCE", "--stems", "FOLDER"], "--output"),
        (["submit", "render", "SOURCE", "-o", "FOLDER/x.mp3"], ".mp3"),
        (["submit", "render", "SOURCE", "-o", "FOLDER/no/such/x.wav"], "cannot be written"),
        (["submit", "score", "FOLDER/nowhere.alda"], "cannot be read"),
        (["submit", "generator", "no-such-generator"], "no-such-generator"),
        (["worker", "--step", "rendr=/bin/true"], "Did you mean 'render'?"),
        (["worker", "--step", "render"], "names no program"),
        (["worker", "--only", "mixing"], "no step"),
    ],
)
def test_mistakes_are_told_before_anything_is_started(
    arguments: list[str], words: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "player"
    told = [each.replace("SOURCE", str(source)).replace("FOLDER", str(tmp_path)) for each in arguments]
    assert run(["--dir", str(home), "job", *told]) == 2
    assert words in capsys.readouterr().err
    assert holder(Places.find(home)) is None
    assert not (home / "jobs").exists()


def test_a_job_redis_that_sends_in_the_clear_is_refused(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--dir", str(tmp_path / "player"), "--set", "jobs.redis=redis://u:secret@render.example"]
    assert run([*options, "job", "list"]) == 2
    said = capsys.readouterr().err
    assert "rediss://" in said
    assert "secret" not in said


def test_a_job_redis_that_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--dir", str(tmp_path / "player"), "--set", f"jobs.redis=unix://{tmp_path}/none.sock"]
    assert run([*options, "job", "list"]) == 1
    assert "cannot be used" in capsys.readouterr().err
