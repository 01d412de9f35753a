"""The command line: quick help, clear errors, right exit statuses."""

import subprocess
import sys
from pathlib import Path

import click
import pytest

from marmalade_sc.cli import main
from marmalade_sc.cli.main import COMMANDS, marmalade, run

_HEAVY = ("supriya", "numpy", "redis", "aiohttp", "cryptography", "matplotlib", "prompt_toolkit", "rich", "soundfile")


def test_help_imports_nothing_heavy() -> None:
    """Whoever types `marmalade --help` waits for it."""
    code = (
        "import sys; from marmalade_sc.cli.main import run; run(['--help']); "
        "print('HEAVY', sorted({name.partition('.')[0] for name in sys.modules} & set(sys.argv[1:])))"
    )
    done = subprocess.run([sys.executable, "-c", code, *_HEAVY], capture_output=True, text=True, check=True)
    assert "HEAVY []" in done.stdout


@pytest.mark.parametrize(
    "name", [name for name in COMMANDS if name in marmalade.list_commands(click.Context(marmalade))]
)
def test_every_command_of_the_table_can_be_imported_and_has_help(name: str) -> None:
    command = marmalade.get_command(click.Context(marmalade), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_the_help_lists_each_command_that_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    said = capsys.readouterr().out
    for name in marmalade.list_commands(click.Context(marmalade)):
        assert name in said
        assert COMMANDS[name].help[:30] in said


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctr"]) == 2
    assert "Did you mean 'doctor'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["config", "get", "tempo.bmp"], "tempo.bpm"),
        (["--set", "tempo.bpm=fast", "config", "show"], "tempo.bpm cannot be 'fast'"),
        (["--set", "nothing", "config", "show"], "KEY=VALUE"),
        (["config", "show", "--set", "audio.drivr=jack"], "audio.driver"),
    ],
)
def test_a_mistake_of_the_user_has_status_2_and_no_traceback(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(["--dir", str(tmp_path), *arguments]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.startswith("marmalade: ")
    assert "Traceback" not in said


def test_trouble_has_status_1(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert run(["--dir", str(tmp_path / "file" / "x"), "player", "start"]) == 1
    assert "marmalade: The player directory" in capsys.readouterr().err


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main, "COMMANDS", {"config": main.Slot("session", "a module without such a command")})
    with pytest.raises(AttributeError):
        run(["config"])


def test_a_reader_that_goes_away_is_no_trouble(tmp_path: Path) -> None:
    command = f"'{sys.executable}' -m marmalade_sc --dir '{tmp_path}' doctor | head -n 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
