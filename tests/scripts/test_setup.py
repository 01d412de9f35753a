"""The scripts that install what is missing: what they say, and that they are quick when nothing is."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"


def bash(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run bash with setup.sh sourced, without anything on standard input."""
    command = ["bash", "-euo", "pipefail", "-c", f". {SCRIPTS}/setup.sh; {code}"]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, env={**os.environ, **env}
    )


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A folder that has what every Debian has, and nothing of what Marmalade needs."""
    for name in ("bash", "dirname", "readlink", "sha256sum", "cat", "flock", "id", "tr", "find", "head"):
        (tmp_path / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
    return tmp_path


def test_requirements_have_hashes_and_no_addresses() -> None:
    """A lock that names a host works in one place only."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert not re.search(r"://|^--|^-e|^-r", text, re.MULTILINE)
        starts = re.findall(r"^[a-z0-9][a-z0-9._-]*==", text, re.MULTILINE)
        assert len(starts) > 30
        blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
        assert all("--hash=sha256:" in block for block in blocks if block.strip())


def test_every_dependency_of_the_project_is_locked() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    wanted = {
        "requirements.txt": [*project["dependencies"], *extras["build"]],
        "requirements-dev.txt": [*project["dependencies"], *extras["build"], *extras["test"]],
    }
    for name, needs in wanted.items():
        locked = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for need in needs:
            package = re.split(r"[<>=!~ \[]", need)[0].lower().replace("_", "-")
            assert package in locked, f"{package} is not in {name}: run scripts/lock"


def test_on_a_bare_machine_everything_is_named_as_missing(bare: Path) -> None:
    done = bash(f"PATH={bare}; prefix={bare}; missing_packages", XDG_RUNTIME_DIR=str(bare))
    missing = done.stdout.split()
    assert {"supercollider-server", "redis-server", "jackd2"} <= set(missing)
    assert "pipewire-jack" not in missing


def test_where_pipewire_runs_pw_jack_is_needed_too(bare: Path) -> None:
    import socket

    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(bare / "pipewire-0"))
        done = bash(f"PATH={bare}; prefix={bare}; missing_packages", XDG_RUNTIME_DIR=str(bare))
    assert "pipewire-jack" in done.stdout.split()


def test_without_apt_one_sentence_says_what_is_missing(bare: Path) -> None:
    done = bash(f"PATH={bare}; install_programs redis-server jackd2")
    assert done.returncode == 1
    assert "this needs redis-server jackd2, and there is no apt here" in done.stderr
    assert done.stderr.count("\n") == 2


def test_an_old_python_is_refused_with_what_to_do(bare: Path) -> None:
    old = bare / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = bash(
        f"PATH={bare}; venv={bare}/venv; python={bare}/venv/bin/python; as_root() {{ return 1; }}; install_python x"
    )
    assert done.returncode == 1
    assert "Python 3.11 or later" in done.stderr


def test_a_finished_installation_is_passed_by(tmp_path: Path) -> None:
    """Later starts skip all that; bench/start.py says in how many milliseconds."""
    stamp = (
        f"venv={tmp_path}; python=/bin/true; "
        'inputs=$(cat "$repo/requirements.txt" "$repo/pyproject.toml" "$repo/scripts/setup.sh" | sha256sum); '
        f'printf %s "$inputs $repo" > {tmp_path}/.marmalade-requirements.txt; '
    )
    assert bash(stamp).returncode == 0
    quick = f"venv={tmp_path}; python=/bin/true; missing_packages() {{ :; }}; install_python() {{ exit 9; }}; "
    done = bash(quick + "setup requirements.txt")
    assert done.returncode == 0, done.stderr


def test_changed_requirements_are_installed(tmp_path: Path) -> None:
    (tmp_path / ".marmalade-requirements.txt").write_text("of yesterday")
    code = (
        f"venv={tmp_path}; python=/bin/true; repo={tmp_path}; mkdir scripts; touch requirements.txt pyproject.toml "
        'scripts/setup.sh; missing_packages() { :; }; install_python() { echo "installs $1"; }; '
        "setup requirements.txt; setup requirements.txt"
    )
    done = bash(f"cd {tmp_path}; {code}")
    assert done.stdout == "installs requirements.txt\n"


def test_the_scripts_are_whole() -> None:
    for name in ("marmalade", "test", "check", "lock", "unpack", "wheel-check"):
        assert os.access(SCRIPTS / name, os.X_OK)
        subprocess.run(["bash", "-n", SCRIPTS / name], check=True)
