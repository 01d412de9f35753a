"""The job of docs/ci.md, run as it stands there: what a user copies works, and finds what it is to find."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.fences import DOCS, ROOT, fences

pytestmark = [pytest.mark.live, pytest.mark.untimed]

COMMAND = shlex.split(fences(DOCS / "ci.md", "sh")[0].text)
SECONDS = 120


@pytest.fixture(scope="module")
def player(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One player directory, so that synthdefs are built once."""
    return tmp_path_factory.mktemp("player")


def _run(folder: Path, player: Path, edit: tuple[str, str] = ("", "")) -> "subprocess.CompletedProcess[str]":
    """The documented command in a folder that has `docs/`, its set edited."""
    assert COMMAND[0] == "./scripts/marmalade"
    (folder / "docs" / "examples").mkdir(parents=True)
    (folder / "docs" / "ci").symlink_to(DOCS / "ci")
    code = (DOCS / "examples" / "ci_set.py").read_text(encoding="utf-8")
    (folder / "docs" / "examples" / "ci_set.py").write_text(code.replace(*edit) if edit[0] else code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-P", "-m", "marmalade_sc", *COMMAND[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MARMALADE_DIR": str(player)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def test_the_documented_job_passes(tmp_path: Path, player: Path) -> None:
    done = _run(tmp_path, player)
    assert (done.returncode, done.stdout) == (0, "out.wav is as docs/ci/expected.json says.\n"), done.stderr
    measures = json.loads((tmp_path / "measures.json").read_text(encoding="utf-8"))
    assert set(measures["stems"]) == {"d1", "d2", "b1"}


def test_another_tempo_fails_the_job_with_the_documented_table(tmp_path: Path, player: Path) -> None:
    """A job that cannot fail checks nothing."""
    done = _run(tmp_path, player, ("clock.bpm = 120", "clock.bpm = 126"))
    assert done.returncode == 1, done.stderr
    page = (DOCS / "ci.md").read_text(encoding="utf-8")
    documented = page.split("126 it prints\n\n```\n")[1].split("```")[0].splitlines()
    printed = done.stdout.splitlines()
    assert [line for line in documented if line != "..." and line not in printed] == []
    assert (tmp_path / "measures.json").exists()


def test_a_mistake_in_the_set_is_not_a_difference(tmp_path: Path, player: Path) -> None:
    done = _run(tmp_path, player, ('s("bd ~ sn ~, hh*8")', 's("bd ~ sn [~, hh*8")'))
    assert done.returncode == 2
    assert "never closed" in done.stderr
    assert not (tmp_path / "out.wav").exists()
