"""Jobs on real processes: our own Redis, workers, scsynth, sandboxes; whatever is killed, each is done once."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.generators.archive import pack, read_folder
from marmalade_sc.identity.keys import Identity
from marmalade_sc.jobs.contracts import CONTRACTS
from marmalade_sc.jobs.job import Job
from marmalade_sc.jobs.record import Record
from marmalade_sc.player.base.directory import PlayerDirectory
from marmalade_sc.player.base.processes import children_of, end, start_time
from marmalade_sc.settings.places import Places, bundled
from marmalade_sc.worker.desk import Desk, desk
from marmalade_sc.worker.keeper import holder
from marmalade_sc.worker.pool import Pool
from marmalade_sc.worker.surroundings import Surroundings
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

SCORE = "piano: (tempo 240) o4 c8 d e f\nviolin: o5 c4 e4\n"
SET = """
d1 >> s("bd*4, hh*8")
b1 >> bass("<0 3>*4", scale="minor", root="a2", dur=.4)
d2 >> s("cp(3,8)")
d1.fx = drive(.3)
d2.send(b1=-6)
"""
SLOW = "import time\ntime.sleep(600)\n"
OPTIONS = {"jobs.workers": "2", "jobs.nice": "0"}
WITHIN_S = 120.0


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    """A player directory with a job Redis of its own; what was started for it is ended afterwards."""
    home = tmp_path_factory.mktemp("jöbs")
    found = Surroundings(Places.find(home / "player"), OPTIONS)
    yield found
    if (process := holder(found.places)) is not None:
        end(process, 30.0)


@pytest.fixture
def at(around: Surroundings) -> Iterator[Desk]:
    with desk(around) as found:
        yield found


def children(around: Surroundings, module: str) -> list[int]:
    """Children of the keeper that run a module or program."""
    found = holder(around.places)
    if found is None:
        return []
    mark = module.encode()
    pids = children_of(found.pid)
    return [pid for pid in pids if mark in Path(f"/proc/{pid}/cmdline").read_bytes()]


def marmalade(around: Surroundings, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    sets = [word for key, value in around.options.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(around.places.root), *sets]
    return subprocess.run([*command, *map(str, arguments)], capture_output=True, text=True, timeout=240, check=False)


def ended(at: Desk, id: str) -> Record:
    return at.wait(id, lambda _: None, WITHIN_S).record


def sound(path: Path) -> str:
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True)
    return hashlib.sha256(numpy.ascontiguousarray(samples).tobytes()).hexdigest()


def test_a_set_in_two_parts_has_the_samples_of_the_render_command(around: Surroundings, tmp_path: Path) -> None:
    """Inserts, a send and several tracks: what is rendered by two workers is what one renders, to the last bit."""
    source = tmp_path / "set.py"
    source.write_text(SET)
    files = [tmp_path / "direct.wav", tmp_path / "two.wav"]
    plain = marmalade(around, "render", source, "--cycles", "2", "-o", files[0])
    two = marmalade(around, "job", "submit", "render", source, "--cycles", "2", "--parts", "2", "-o", files[1])
    assert [plain.returncode, two.returncode] == [0, 0], (plain.stderr, two.stderr)
    assert len({sound(path) for path in files}) == 1


def test_a_job_that_is_submitted_twice_is_done_once_and_another_of_its_name_is_refused(
    at: Desk, around: Surroundings, tmp_path: Path
) -> None:
    source = tmp_path / "a.alda"
    source.write_text(SCORE)
    submit = ("job", "submit", "score", source, "--id", "twice", "--tail", "0.1")
    assert marmalade(around, *submit).returncode == 0
    assert marmalade(around, *submit).returncode == 0
    record = ended(at, "twice")
    assert (record.state, record.endings) == ("done", 1)
    assert record.tries == {"parse": 1, "compile": 1, "render": 1, "encode": 1}
    other = marmalade(around, *submit[:-1], "0.2")
    assert other.returncode == 2
    assert "another job" in other.stderr


def test_a_mistake_is_told_with_its_place_and_not_tried_again(around: Surroundings, at: Desk, tmp_path: Path) -> None:
    source = tmp_path / "bad.py"
    source.write_text('d1 >> s("bd")\nd2 >> nosuch("bd")\n')
    done = marmalade(around, "job", "submit", "render", source, "--id", "bad", "-o", tmp_path / "x.wav")
    assert done.returncode == 2
    assert "bad.py, line 2, column 7" in done.stderr
    assert not (tmp_path / "x.wav").exists()
    assert at.look("bad").record.tries == {"parse": 1, "compile": 1}


def test_a_set_of_a_job_reads_nothing_of_the_machine_that_it_runs_on(at: Desk, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    at.submit("render", "evil.py", f"open({str(secret)!r}).read()".encode(), {"cycles": "1"}, "evil")
    record = ended(at, "evil")
    assert record.state == "failed"
    assert "Permission denied" in record.error or "No such file" in record.error


def test_a_generator_plays_in_its_sandbox_on_the_worker(at: Desk, tmp_path: Path) -> None:
    tree = read_folder(bundled("generators") / "drums")
    at.submit("generator", "drums", pack(tree), {"seconds": 2.0, "tail": 0.1, "format": "flac"}, "drums")
    record = ended(at, "drums")
    assert record.state == "done", record.error
    at.fetch("drums", tmp_path / "drums.flac")
    samples, rate = soundfile.read(tmp_path / "drums.flac")
    assert len(samples) == round(2.1 * rate)
    assert numpy.abs(samples).max() > 0.01


def test_a_job_that_is_cancelled_stops_and_leaves_no_process(at: Desk) -> None:
    at.submit("render", "slow.py", SLOW.encode(), {"cycles": "1"}, "slow")
    eventually(lambda: at.look("slow").record.running == "compile", WITHIN_S)
    assert at.cancel("slow")
    assert not at.cancel("slow")
    eventually(lambda: any("was stopped" in line for _, line in at.ledger.log("slow")), WITHIN_S)
    assert at.look("slow").record.state == "cancelled"


def test_jobs_survive_kills_of_their_client_a_worker_the_redis_and_the_keeper(at: Desk, around: Surroundings) -> None:
    """Each is done exactly once, whatever was killed while it ran."""
    ids = [f"kill-{n}" for n in range(4)]
    for n, id in enumerate(ids[1:]):
        at.submit("score", "a.alda", f"{SCORE} g{n + 1}".encode(), {"tail": 0.1}, id)
    # A client that was killed before it could put the first step into the queue.
    identity = around.identity
    first = Job(ids[0], "score", "a.alda", at.depot.put(SCORE.encode()), {"tail": 0.2}, 1, identity.public)
    assert at.ledger.submit(ids[0], first.write(identity))
    eventually(lambda: any(at.look(id).record.tries for id in ids), WITHIN_S)
    os.kill(int(str(next(iter(eventually(at.ledger.workers, WITHIN_S).values()))["pid"])), signal.SIGKILL)
    os.kill(eventually(lambda: children(around, "redis-server"), WITHIN_S)[0], signal.SIGKILL)
    process = holder(around.places)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    records = [ended(at, id) for id in ids]
    assert [record.state for record in records] == ["done"] * len(ids), [record.error for record in records]
    assert [record.endings for record in records] == [1] * len(ids)


def test_a_step_goes_to_a_program_fails_and_is_given_up_then_taken_up_again(
    around: Surroundings, tmp_path: Path
) -> None:
    """A worker in another language, which fails at first: tried again, a dead letter, and done in the end."""
    good = tmp_path / "good"
    script = tmp_path / "encode.sh"
    script.write_text(
        f'#!/bin/sh\ncat > request\n[ -e "{good}" ] || exit 3\necho hello > out\n'
        """echo '{"output": {"files": [{"name": "master", "ending": "wav", "file": {"file": "out"}}]}}'\n"""
    )
    script.chmod(0o755)
    mine = Surroundings(Places.find(tmp_path / "player"), {"jobs.workers": "0", "jobs.retries": "1"})
    sets = [word for key, value in mine.options.items() for word in ("--set", f"{key}={value}")]
    command = [sys.executable, "-P", "-m", "marmalade_sc", "--dir", str(mine.places.root), *sets]
    worker = subprocess.Popen([*command, "job", "worker", "--step", f"encode={script}"], stderr=subprocess.DEVNULL)
    try:
        with desk(mine) as found:
            found.submit("score", "a.alda", SCORE.encode(), {"tail": 0.1}, "sh")
            record = ended(found, "sh")
            assert (record.state, record.tries["encode"], record.tries["render"]) == ("dead", 2, 1)
            assert "encode failed 2 times" in record.error
            assert [glance.id for glance in found.all(only_dead=True)] == ["sh"]
            eventually(lambda: found.queue.letters(CONTRACTS["encode"]) == 1, WITHIN_S)
            good.touch()
            found.retry("sh")
            assert ended(found, "sh").state == "done"
            assert found.all(only_dead=True) == []
            found.fetch("sh", tmp_path / "out.wav")
            assert (tmp_path / "out.wav").read_text() == "hello\n"
    finally:
        worker.terminate()
        worker.wait(WITHIN_S)
        if (process := holder(mine.places)) is not None:
            end(process, 30.0)


def test_a_player_that_starts_and_ends_leaves_jobs_alone(at: Desk, around: Surroundings) -> None:
    """It cleans up what a crash has left, in the same directory."""
    part = around.places.jobs / "files" / ".coming.part"
    part.write_text("half")
    PlayerDirectory.open(around.places).close()
    assert part.exists()
    part.unlink()
    assert at.ledger.client.ping()
    assert around.places.jobs_socket.exists()


def test_what_nobody_trusted_has_signed_is_not_done(at: Desk) -> None:
    stranger = Identity.from_seed(b"stranger")
    source = at.depot.put(SCORE.encode())
    text = Job("strange", "score", "a.alda", source, {}, 1, stranger.public).write(stranger)
    assert at.ledger.submit("strange", text)
    at.queue.put("strange", "parse", CONTRACTS["parse"])
    record = ended(at, "strange")
    assert record.state == "failed"
    assert "jobs.trust" in record.error
    assert record.tries == {}


def test_results_expire_with_their_job_and_their_files(at: Desk, around: Surroundings) -> None:
    at.submit("score", "a.alda", (SCORE + " g").encode(), {"tail": 0.1}, "old")
    files = at.wait("old", lambda _: None, WITHIN_S).files
    blob = json.loads(json.dumps(files[0]))["file"]["blob"]
    assert at.depot.has(blob)
    later = around.ledger(at.ledger.client)
    later._now = lambda: time.time() + 30 * 86_400
    later.expire()
    assert at.ledger.get("old") is None
    assert not at.ledger.is_needed(blob)


def test_a_worker_that_hangs_is_replaced(at: Desk, around: Surroundings) -> None:
    """Stopped, not killed: the kernel says nothing of it, only its silence does."""
    said: list[str] = []
    pool = Pool(around, 1, silent_s=4.0, say=said.append)

    def is_so(answer: Callable[[], bool]) -> Callable[[], bool]:
        def ask() -> bool:
            pool.look()
            return answer()

        return ask

    try:
        eventually(is_so(lambda: pool.has_beaten), WITHIN_S)
        (pid,) = pool.pids
        os.kill(pid, signal.SIGSTOP)
        eventually(is_so(lambda: pool.has_beaten and pool.pids != [pid]), WITHIN_S)
        assert any(f"worker {pid} hangs" in words for words in said)
        eventually(lambda: start_time(pid) is None, WITHIN_S)
    finally:
        pool.stop(30.0)
