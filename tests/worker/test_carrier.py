"""One step as a program of anybody's: what it may say, and how it is ended."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.jobs.contracts import CONTRACTS
from marmalade_sc.jobs.depot import Depot
from marmalade_sc.player.base.processes import start_time
from marmalade_sc.settings.places import Places
from marmalade_sc.worker.carrier import Carrier, StepError, StoppedError, sweep
from marmalade_sc.worker.surroundings import Surroundings
from tests.player.deadline import eventually


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return Depot(Blobs(tmp_path / "files"))


def carrier(tmp_path: Path, depot: Depot, program: str, **options: str) -> Carrier:
    around = Surroundings(
        Places.find(tmp_path / "player", {}), {key.replace("__", "."): v for key, v in options.items()}
    )
    return Carrier(around, depot, programs={"render": [sys.executable, "-c", textwrap.dedent(program)]})


def done(carrier: Carrier, given: dict[str, object], seen: list[float] | None = None) -> dict[str, object]:
    shares = [] if seen is None else seen
    return carrier.carry(CONTRACTS["render"], given, shares.append, lambda: True)


def test_a_program_gets_its_input_with_paths_and_its_files_are_kept(tmp_path: Path, depot: Depot) -> None:
    program = """
        import json, sys
        asked = json.load(sys.stdin)
        assert (asked["step"], asked["version"]) == ("render", 1)
        text = open(asked["input"]["score"]["path"]).read()
        open(asked["folder"] + "/out.w64", "w").write(text[::-1])
        print(json.dumps({"progress": 0.5}))
        print(json.dumps({"output": {"sound": {"file": "out.w64"}, "n": asked["input"]["n"]}}))
    """
    shares: list[float] = []
    output = done(carrier(tmp_path, depot, program), {"score": {"blob": depot.put(b"abc")}, "n": [1, 2]}, shares)
    assert output == {"sound": {"blob": depot.put(b"cba"), "bytes": 3}, "n": [1, 2]}
    assert shares == [0.5]


@pytest.mark.parametrize(
    ("program", "words", "is_final"),
    [
        ("print('what')", "no JSON", False),
        ("print('[1]')", "no JSON object", False),
        ("import sys; print('alas', file=sys.stderr); sys.exit(3)", "alas", False),
        ("print('{\"output\": 3}')", "no object", True),
        ('print(\'{"output": {"sound": {"file": "/etc/passwd"}}}\')', "has not made", True),
        ('print(\'{"output": {"sound": {"file": "../x"}}}\')', "has not made", True),
        ('print(\'{"error": {"message": "no such note", "is_final": true}}\')', "no such note", True),
        ('print(\'{"error": {"message": "no memory"}}\')', "no memory", False),
        ("while True: print('[' * 10**6, end='')", "too much", True),
    ],
)
def test_what_a_program_says_wrongly_is_told(
    program: str, words: str, is_final: bool, tmp_path: Path, depot: Depot
) -> None:
    with pytest.raises(StepError, match=words) as caught:
        done(carrier(tmp_path, depot, program), {})
    assert caught.value.is_final is is_final


def test_a_program_that_says_nothing_is_ended(tmp_path: Path, depot: Depot) -> None:
    with pytest.raises(StepError, match="said nothing"):
        done(carrier(tmp_path, depot, "import time; time.sleep(600)", jobs__silence_s="1"), {})


def test_a_program_that_nobody_wants_any_more_is_ended_with_what_it_has_started(tmp_path: Path, depot: Depot) -> None:
    mark = tmp_path / "pid"
    program = f"""
        import pathlib, subprocess, time
        child = subprocess.Popen(["sleep", "600"])
        pathlib.Path({str(mark)!r}).write_text(str(child.pid))
        time.sleep(600)
    """
    made = carrier(tmp_path, depot, program)
    with pytest.raises(StoppedError):
        made.carry(CONTRACTS["render"], {}, lambda share: None, lambda: not (mark.exists() and mark.read_text()))
    eventually(lambda: start_time(int(mark.read_text())) is None, 30.0)


def test_nothing_of_a_step_is_left_in_its_folder(tmp_path: Path, depot: Depot) -> None:
    program = (
        "import json,sys; f=json.load(sys.stdin)['folder']; open(f+'/x','w').write('x'); print('{\"output\": {}}')"
    )
    done(carrier(tmp_path, depot, program), {})
    assert list((tmp_path / "player" / "jobs" / "work").iterdir()) == []


def test_working_folders_of_workers_that_were_killed_are_removed(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    for pid in (ended.pid, os.getpid()):
        (tmp_path / f"{pid}-x").mkdir()
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"{os.getpid()}-x"]
