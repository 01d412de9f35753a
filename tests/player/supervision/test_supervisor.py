"""The supervisor with real processes: order, restarts, limits, and nothing left behind however it ends."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.player.base.processes import ProcessId
from tests.player.deadline import eventually

_HOST = """
import json, sys, time
from pathlib import Path
from marmalade_sc.player.supervision.children import ProcessSpec, Ready
from marmalade_sc.player.supervision.guard import guarded
from marmalade_sc.player.supervision.supervisor import Supervisor
folder = Path(sys.argv[1])
def plan():
    specs = json.loads((folder / "plan.json").read_text())
    for spec in specs:
        ready = spec.pop("ready", ["word"])
        spec["ready"] = Ready(ready[0], Path(ready[1]) if len(ready) > 1 else None)
        for key in ("argv", "needs", "after"):
            spec[key] = tuple(spec.get(key, ()))
    return [ProcessSpec(**spec) for spec in specs]
def watch():
    try:
        found = tuple(json.loads((folder / "watch.json").read_text()))
        (folder / "watch.json").unlink()
        return found
    except FileNotFoundError:
        return None
say = lambda line: print(line, flush=True)
def run():
    Supervisor(plan, record=folder / "processes.json", logs=folder, say=say, watch=watch).run()
    return 0
sys.exit(guarded(run) if "guarded" in sys.argv else run())
"""

_SAY_READY = "echo ready > /dev/fd/$MARMALADE_READY_FD; "


def shell(name: str, code: str = "exec sleep 60", *, ready: bool = True, **more: Any) -> dict[str, Any]:
    return {"name": name, "argv": ["sh", "-c", (_SAY_READY if ready else "") + code], **more}


class Host:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, *specs: dict[str, Any], guarded: bool = True) -> None:
        self.folder = folder
        self.plan(*specs)
        self.output = folder / "said.txt"
        with self.output.open("wb") as output:
            command = [sys.executable, "-c", _HOST, str(folder), *(["guarded"] if guarded else [])]
            self.process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)

    def plan(self, *specs: dict[str, Any]) -> None:
        aside = self.folder / "plan.new"
        aside.write_text(json.dumps(specs))
        aside.replace(self.folder / "plan.json")

    def table(self) -> dict[str, dict[str, Any]]:
        try:
            text = (self.folder / "processes.json").read_text()
        except FileNotFoundError:
            return {}
        return {entry["name"]: entry for entry in json.loads(text)["processes"]}

    def states(self) -> dict[str, str]:
        return {name: entry["state"] for name, entry in self.table().items()}

    def pid(self, name: str) -> int:
        return int(self.table()[name]["pid"])

    def all_run(self, *names: str) -> bool:
        states = self.states()
        return bool(states) and all(state == "running" for name, state in states.items() if not names or name in names)

    def renewed(self, before: dict[str, int]) -> bool:
        """Whether all run, those of `before` as other processes; seen in one look, for a death may come between two."""
        table = self.table()
        return bool(table) and all(
            entry["state"] == "running" and entry["pid"] != before.get(name) for name, entry in table.items()
        )

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def said(self) -> str:
        return self.output.read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def supervisor(self) -> ProcessId:
        record = json.loads((self.folder / "processes.json").read_text())["supervisor"]
        return ProcessId(record["pid"], record["start"])

    def kill(self) -> None:
        """Kill the outer process: the supervisor itself, or its guard."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    hosts: list[Host] = []

    def start(*specs: dict[str, Any], guarded: bool = True) -> Host:
        hosts.append(Host(tmp_path, *specs, guarded=guarded))
        return hosts[-1]

    yield start
    for one in hosts:
        if one.process.poll() is None:
            one.stop()


def test_processes_start_in_order_and_stop_in_the_other_order(host: Callable[..., Host], tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    def traced(name: str, **more: Any) -> dict[str, Any]:
        code = f"trap 'echo -{name} >> {trace}; exit 0' TERM; sleep 0.05; echo +{name} >> {trace}; {_SAY_READY}"
        return shell(name, code + " while :; do sleep 0.02; done", ready=False, **more)

    one = host(traced("c", needs=["b"]), traced("b", after=["a"]), traced("a"))
    eventually(one.all_run)
    assert one.stop() == 0
    assert trace.read_text().split() == ["+a", "+b", "+c", "-c", "-b", "-a"]
    assert not (tmp_path / "processes.json").exists()
    assert "All processes are ready." in one.said()


def waiting(name: str, early: Path, trace: Path, **more: Any) -> dict[str, Any]:
    """A process that says that it is there, then waits for its turn."""
    code = (
        "import sys, time; from pathlib import Path; from marmalade_sc.player.base import lifeline; "
        "Path(sys.argv[1]).touch(); lifeline.await_turn(); "
        "Path(sys.argv[2]).open('a').write('began '); lifeline.ready(); time.sleep(60)"
    )
    return {"name": name, "argv": [sys.executable, "-c", code, str(early), str(trace)], "waits": True, **more}


def test_a_process_that_waits_is_there_early_and_begins_in_its_turn(host: Callable[..., Host], tmp_path: Path) -> None:
    """Imports are most of a start: they take place while what they stand on comes up, and nothing begins before."""
    early, trace = tmp_path / "early", tmp_path / "trace"
    until_early = f"until [ -e {early} ]; do sleep 0.02; done; printf 'up ' >> {trace}; {_SAY_READY} exec sleep 60"
    one = host(shell("redis", until_early, ready=False), waiting("engine", early, trace, after=["redis"]))
    eventually(one.all_run)
    assert trace.read_text() == "up began "


def test_one_that_dies_before_its_turn_comes_again(host: Callable[..., Host], tmp_path: Path) -> None:
    early, trace, go = tmp_path / "early", tmp_path / "trace", tmp_path / "go"
    until_told = f"until [ -e {go} ]; do sleep 0.02; done; {_SAY_READY} exec sleep 60"
    one = host(shell("redis", until_told, ready=False), waiting("engine", early, trace, needs=["redis"]))
    eventually(early.exists)
    old = eventually(lambda: one.table()["engine"]["pid"])
    os.kill(int(old), signal.SIGKILL)
    eventually(lambda: one.table()["engine"]["pid"] not in (None, old))
    assert one.states()["engine"] == "waiting"
    go.touch()
    eventually(one.all_run)
    assert trace.read_text() == "began "


def test_what_dies_is_back_each_time(host: Callable[..., Host]) -> None:
    one = host(shell("a"))
    eventually(one.all_run)
    for _ in range(3):
        old = one.pid("a")
        os.kill(old, signal.SIGKILL)
        eventually(lambda old=old: one.renewed({"a": old}))  # type: ignore[misc]
    entry = one.table()["a"]
    assert (entry["restarts"], entry["last_exit"]) == (3, "signal SIGKILL")


def test_what_needs_the_dead_one_restarts_and_what_only_came_after_it_plays_on(host: Callable[..., Host]) -> None:
    """Redis may be killed and the engine must not notice; when jackd goes the engine has to start anew."""
    one = host(
        shell("jackd"),
        shell("redis"),
        shell("engine", needs=["jackd"], after=["redis"]),
        shell("live", needs=["engine"]),
    )
    eventually(one.all_run)
    before = {name: one.pid(name) for name in one.states()}
    os.kill(before["redis"], signal.SIGKILL)
    eventually(lambda: one.renewed({"redis": before["redis"]}))
    assert {n for n in before if one.pid(n) != before[n]} == {"redis"}
    os.kill(before["jackd"], signal.SIGKILL)
    eventually(lambda: one.renewed({n: before[n] for n in ("jackd", "engine", "live")}))
    assert one.table()["engine"]["last_exit"] == "signal SIGTERM"


def test_a_process_that_always_dies_is_given_up_and_the_rest_runs(host: Callable[..., Host]) -> None:
    one = host(
        shell("broken", "echo no card found; exit 78", ready=False), shell("fine"), shell("rest", after=["broken"])
    )
    eventually(lambda: one.states().get("broken") == "failed" and one.all_run("fine", "rest"))
    assert "broken ended for good: status 78" in one.said()
    assert "no card found" in one.said()
    assert one.stop() == 0


@pytest.mark.live
def test_fifty_deaths_in_half_a_minute_are_enough(host: Callable[..., Host]) -> None:
    one = host(shell("broken", "exit 3", ready=False), shell("fine"), shell("above", needs=["broken"]))
    eventually(lambda: one.states().get("broken") == "failed", within_s=40.0)
    assert "50 times within 30 s" in one.said()
    assert one.said().count("is started again") == 3
    assert one.states() == {"broken": "failed", "fine": "running", "above": "waiting"}


def test_a_program_that_does_not_exist_is_named(host: Callable[..., Host]) -> None:
    one = host({"name": "x", "argv": ["no-such-program-here"]})
    eventually(lambda: "no-such-program-here cannot be run" in one.said())


def test_one_that_does_not_become_ready_is_ended_and_tried_again(host: Callable[..., Host]) -> None:
    one = host(shell("slow", ready=False, ready_s=0.1))
    eventually(lambda: one.table().get("slow", {}).get("restarts", 0) >= 1)
    assert "not ready within 0.1 s, signal SIGKILL" in one.said()


def test_one_that_comes_further_may_take_its_time(host: Callable[..., Host], tmp_path: Path) -> None:
    """A first start on a busy machine: the foundry was killed at its fifteenth second, and began anew, for ever."""
    go = tmp_path / "go"
    steps = (
        f"until [ -e {go} ]; do printf . > /dev/fd/$MARMALADE_READY_FD; sleep 0.02; done; {_SAY_READY} exec sleep 60"
    )
    one = host(shell("slow", steps, ready=False, ready_s=2.0))
    pid = eventually(lambda: one.table().get("slow", {}).get("pid"))
    end = time.monotonic() + 3.0
    eventually(lambda: time.monotonic() > end)
    go.touch()
    eventually(one.all_run)
    assert (one.table()["slow"]["pid"], one.table()["slow"]["restarts"]) == (pid, 0)


def test_a_socket_that_answers_is_readiness(host: Callable[..., Host], tmp_path: Path) -> None:
    code = (
        "import socket,sys,time; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); "
        "time.sleep(0.1); s.listen(); time.sleep(60)"
    )
    path = tmp_path / "x.sock"
    path.write_text("stale")
    argv = [sys.executable, "-S", "-c", code, str(path)]
    one = host({"name": "a", "argv": argv, "ready": ["connect", str(path)]}, shell("b", needs=["a"]))
    eventually(one.all_run)


def test_stopping_kills_what_does_not_listen_and_may_be_asked_twice(host: Callable[..., Host]) -> None:
    deaf = shell("deaf", "trap '' TERM; while :; do sleep 0.05; done", stop_s=0.2)
    one = host(deaf)
    eventually(one.all_run)
    one.process.send_signal(signal.SIGINT)
    one.process.send_signal(signal.SIGTERM)
    assert one.stop() == 0
    assert one.said().count("Stopping.") == 1


def _family(one: Host, *names: str) -> list[ProcessId]:
    found = [ProcessId.of(one.pid(name)) for name in names]
    assert all(found)
    return [process for process in found if process]


def test_when_the_supervisor_is_killed_everything_it_started_ends(host: Callable[..., Host], tmp_path: Path) -> None:
    """Else a scsynth without a player would drone on, on stage, with nobody to stop it."""
    code = (
        "import signal, sys, time; from pathlib import Path; from marmalade_sc.player.base import lifeline; "
        "signal.signal(15, signal.SIG_IGN); lifeline.ready(); "
        "lifeline.watch(lambda: Path(sys.argv[1]).write_text('told'), grace_s=0.2); time.sleep(60)"
    )
    python = {"name": "python", "argv": [sys.executable, "-c", code, str(tmp_path / "told")], "dies_by": 15}
    one = host(shell("binary", "trap '' TERM; exec sleep 60"), python, guarded=False)
    eventually(one.all_run)
    family = _family(one, "binary", "python")
    one.kill()
    eventually(lambda: not any(process.lives for process in family))
    assert (tmp_path / "told").read_text() == "told"


@pytest.mark.parametrize("victim", ["supervisor", "guard"])
def test_whoever_of_the_two_above_is_killed_even_grandchildren_end(
    host: Callable[..., Host], tmp_path: Path, victim: str
) -> None:
    """scsynth is a child of the engine, and user code may fork: a death signal does not reach these."""
    code = f"setsid sh -c 'trap \"\" TERM; echo $$ > {tmp_path}/a; sleep 60; :' & "
    one = host(shell("engine", f"{code} while [ ! -s {tmp_path}/a ]; do sleep 0.01; done; sleep 60; :"))
    eventually(lambda: one.all_run() and (tmp_path / "a").exists() and (tmp_path / "a").read_text())
    grandchild = ProcessId.of(int((tmp_path / "a").read_text()))
    assert grandchild is not None
    family = [*_family(one, "engine"), grandchild, one.supervisor()]
    if victim == "guard":
        one.kill()
    else:
        os.kill(one.supervisor().pid, signal.SIGKILL)
        assert one.process.wait(10) == 128 + signal.SIGKILL
    eventually(lambda: not any(process.lives for process in family))


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_orphans_of_a_process_end_with_it(host: Callable[..., Host], tmp_path: Path, how: str) -> None:
    """The live host forks; what a killed host leaves behind must not go on playing."""
    code = f"setsid sh -c 'echo $$ > {tmp_path}/a; sleep 60' & sh -c 'echo $$ > {tmp_path}/b; exec sleep 60' & "
    one = host(shell("live", f"{code} while [ ! -s {tmp_path}/a -o ! -s {tmp_path}/b ]; do sleep 0.01; done; sleep 60"))
    eventually(lambda: one.all_run() and all((tmp_path / n).exists() and (tmp_path / n).read_text() for n in "ab"))
    family = [ProcessId.of(int((tmp_path / name).read_text())) for name in "ab"]
    if how == "killed":
        os.kill(one.pid("live"), signal.SIGKILL)
    else:
        assert one.stop() == 0
    eventually(lambda: not any(process and process.lives for process in family))


def test_a_new_plan_starts_stops_and_changes_only_what_differs(host: Callable[..., Host]) -> None:
    """A sound card is unplugged: jackd dies, the new plan has another driver, and all else plays on."""
    one = host(shell("jackd", renews=True), shell("engine", needs=["jackd"]), shell("redis"), shell("old"))
    eventually(one.all_run)
    before = {name: one.pid(name) for name in one.states()}
    one.plan(shell("engine", "exec sleep 61"), shell("redis"), shell("new"))
    os.kill(before["jackd"], signal.SIGKILL)
    eventually(lambda: set(one.states()) >= {"engine", "redis", "new"} and one.all_run("engine", "redis", "new"))
    assert one.pid("redis") == before["redis"]
    assert one.pid("engine") != before["engine"]
    eventually(lambda: "running" not in {s for n, s in one.states().items() if n in ("jackd", "old")})


def test_a_signal_has_the_plan_made_anew(host: Callable[..., Host]) -> None:
    """`marmalade jam switch` changes what is planned and then says so."""
    one = host(shell("a"))
    eventually(one.all_run)
    one.plan(shell("a"), shell("b"))
    os.kill(one.supervisor().pid, signal.SIGUSR1)
    eventually(lambda: one.states() == {"a": "running", "b": "running"})
    assert one.table()["a"]["restarts"] == 0


def test_a_change_that_the_watch_sees_restarts_what_it_names(host: Callable[..., Host], tmp_path: Path) -> None:
    one = host(shell("jackd"), shell("engine", needs=["jackd"]))
    eventually(one.all_run)
    before = one.pid("engine")
    (tmp_path / "watch.json").write_text(json.dumps(["jackd", "The card is gone."]))
    eventually(lambda: one.renewed({"engine": before}))
    assert "The card is gone." in one.said()
    assert "ended" not in one.said()


def test_a_watch_that_fails_is_said_once_and_ends_nothing(host: Callable[..., Host], tmp_path: Path) -> None:
    """Somebody saves a typing mistake in config.toml in the middle of the set."""
    (tmp_path / "watch.json").write_text("no JSON")
    one = host(shell("a"))
    eventually(lambda: one.all_run() and "not watched" in one.said())
    before = one.pid("a")
    (tmp_path / "watch.json").write_text(json.dumps(["a", "Mended."]))
    eventually(lambda: one.renewed({"a": before}))
    assert one.said().count("not watched") == 1


def test_a_full_disk_under_the_messages_ends_nothing(host: Callable[..., Host], tmp_path: Path) -> None:
    (tmp_path / "said.txt").symlink_to("/dev/full")
    one = host(shell("a"))
    eventually(one.all_run)
    old = one.pid("a")
    os.kill(old, signal.SIGKILL)
    eventually(lambda: one.renewed({"a": old}))
    assert one.stop() == 0


def test_output_goes_to_a_log_of_its_own(host: Callable[..., Host]) -> None:
    one = host(shell("a", "echo hello; echo problem >&2; exec sleep 60"))
    eventually(one.all_run)
    eventually(lambda: one.log("a") == "hello\nproblem\n")


def test_children_start_with_clean_signals_and_no_files_of_ours(host: Callable[..., Host]) -> None:
    code = "grep -E 'Sig(Ign|Blk)' /proc/self/status; ls /proc/self/fd; exec sleep 60"
    one = host(shell("a", code))
    eventually(one.all_run)
    eventually(lambda: one.log("a").count("\n") >= 5)
    text = one.log("a")
    assert text.split()[1] == "0" * 16, "nothing is blocked"
    ignored = int(text.split()[3], 16) % (1 << 31)  # glibc's posix_spawn ignores its own two, 32 and 33; so Python 3.13
    assert ignored == 1 << (signal.SIGXFSZ - 1), "a file at its limit is a failed write, not a death"
    assert len(text.split()[4:]) <= 6, "standard ones, the lifeline, the word and ls's own"
