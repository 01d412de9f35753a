"""Processes from the fork server: the supervisor's own children, as if each had been started by itself."""

import json
import os
import selectors
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.player.base.processes import children_of
from marmalade_sc.player.supervision.children import ProcessSpec, python_argv
from marmalade_sc.player.supervision.forking import Forks
from tests.player.deadline import eventually
from tests.player.supervision.test_supervisor import Host, host, shell

__all__ = ["host"]

_MODULE = """
import json, os, re, signal, sys
from pathlib import Path
from marmalade_sc.errors import PlayerError
from marmalade_sc.player.base import lifeline
os.environ["AT_IMPORT"] = "1"
def surroundings():
    own = ("COLOUR", "AT_IMPORT", lifeline.LIFELINE, lifeline.READY)
    environment = {name: value for name, value in os.environ.items() if name not in own}
    masks = re.findall("(Sig(?:Blk|Ign|Cgt)):\\t(.*)", Path("/proc/self/status").read_text())
    signals = {name: int(mask, 16) & 0x7fffffff for name, mask in masks}  # above 31 are the C library's own
    files = sorted(re.sub("[0-9]+", "", os.readlink(path)) for path in Path("/proc/self/fd").iterdir() if path.exists())
    limits = Path("/proc/self/limits").read_text()
    priority, folder, mask = os.getpriority(os.PRIO_PROCESS, 0), os.getcwd(), os.umask(0o77)
    return [environment, signals, files, limits, priority, folder, mask, sys.stdout.write_through, sys.path]
def main(arguments):
    lifeline.await_turn()
    if "surroundings" in arguments:
        print(json.dumps(surroundings()))
    about = [os.getppid(), os.getsid(0), os.environ.get("COLOUR"), sys.argv[1:], os.readlink("/proc/self/fd/0")]
    print(json.dumps([arguments, *about]))
    if "wrong" in arguments:
        raise PlayerError("This is how a mistake is told")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))
    lifeline.watch()
    lifeline.ready()
    while True:
        signal.pause()
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""

_HELD = """
import os, sys, time
from pathlib import Path
from forkprobe import main
SERVER, MARK = os.getpid(), Path(__file__).with_name("hold")
def hold():
    while os.getppid() == SERVER and MARK.exists():
        time.sleep(0.01)
os.register_at_fork(after_in_parent=hold)
if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
"""
"""What is between stays so after it has forked, before it says whom."""


@pytest.fixture
def probe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """A process of a module that says what it finds itself in."""
    (tmp_path / "forkprobe.py").write_text(_MODULE)
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[3]}{os.pathsep}{tmp_path}")

    def spec(name: str, *arguments: str, module: str = "forkprobe", **more: Any) -> dict[str, Any]:
        env = {"COLOUR": name, "PYTHONUNBUFFERED": "1"}
        argv = python_argv(module, *arguments)
        return {"name": name, "argv": argv, "env": env, "waits": True, "forks": True, "dies_by": 15, **more}

    return spec


def server_of(one: Host) -> int:
    """The pid of its fork server: the child that is in no record."""
    known = {entry["pid"] for entry in one.table().values()}
    (pid,) = (pid for pid in children_of(one.supervisor().pid) if pid not in known)
    return pid


def has_server(one: Host) -> bool:
    known = {entry["pid"] for entry in one.table().values()}
    return bool(known) and len([pid for pid in children_of(one.supervisor().pid) if pid not in known]) == 1


def is_another(one: Host, name: str, before: int) -> bool:
    """Whether it runs as another process than before; seen in one look."""
    entry = one.table().get(name, {})
    return entry.get("state") == "running" and entry["pid"] != before


def is_forked(pid: int) -> bool:
    return b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_what_is_forked_is_as_if_it_had_been_started(host: Callable[..., Host], probe: Callable[..., Any]) -> None:
    one = host(probe("red", "a b"), probe("blue", after=["first"]), shell("first"))
    eventually(lambda: one.all_run("red", "blue", "first"))
    for name, arguments in (("red", ["a b"]), ("blue", [])):
        pid = one.pid(name)
        assert is_forked(pid)
        assert Path(f"/proc/{pid}/comm").read_text().strip() == name
        said = json.loads(one.log(name))
        assert said == [arguments, one.supervisor().pid, pid, name, arguments, os.devnull]
        assert not [each for each in Path(f"/proc/{pid}/fd").iterdir() if "socket" in str(each.readlink())]
    assert one.stop() == 0


def test_a_fork_finds_itself_where_a_start_would(host: Callable[..., Host], probe: Callable[..., Any]) -> None:
    """Environment, signals, open files, limits, priority: else what a user's code does depends on who started it."""
    one = host(probe("red", "surroundings"), probe("blue", "surroundings", forks=False))
    eventually(lambda: one.all_run("red", "blue"))
    assert is_forked(one.pid("red")) and not is_forked(one.pid("blue"))
    forked, started = (json.loads(one.log(name).splitlines()[0]) for name in ("red", "blue"))
    for there, here in zip(forked, started, strict=True):
        assert there == here


def test_what_was_forked_and_dies_comes_back_and_mistakes_are_told(
    host: Callable[..., Host], probe: Callable[..., Any]
) -> None:
    one = host(probe("red"), probe("odd", "wrong"))
    eventually(lambda: one.all_run("red"))
    before = one.pid("red")
    os.kill(before, signal.SIGKILL)
    eventually(lambda: is_another(one, "red", before))
    assert is_forked(one.pid("red"))
    eventually(lambda: "odd ended (status 1) and is started again. Its last words: This is how" in one.said())


def test_a_module_that_cannot_be_imported_says_so_in_its_own_log(
    host: Callable[..., Host], probe: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "forkbroken.py").write_text("raise ValueError('no such luck')\n")
    one = host(probe("red"), probe("bad", module="forkbroken"))
    eventually(lambda: "ValueError: no such luck" in one.log("bad"))
    assert "bad is started by itself: ValueError: no such luck" in one.said()
    eventually(lambda: one.all_run("red"))


def test_without_its_server_all_play_on_and_another_comes(host: Callable[..., Host], probe: Callable[..., Any]) -> None:
    one = host(probe("red"), probe("blue"))
    eventually(one.all_run)
    before, server = {name: one.pid(name) for name in ("red", "blue")}, server_of(one)
    os.kill(server, signal.SIGKILL)
    eventually(lambda: has_server(one) and server_of(one) != server)
    assert {name: one.pid(name) for name in before} == before
    os.kill(before["red"], signal.SIGKILL)
    eventually(lambda: is_another(one, "red", before["red"]))
    assert is_forked(one.pid("red"))


def test_a_server_that_hangs_holds_nothing_up_for_long(host: Callable[..., Host], probe: Callable[..., Any]) -> None:
    one = host(probe("red", ready_s=2.0), shell("first"))
    eventually(lambda: one.all_run("red", "first") and has_server(one))
    before, server = one.pid("red"), server_of(one)
    os.kill(server, signal.SIGSTOP)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: is_another(one, "red", before))
    assert not is_forked(one.pid("red"))
    assert not Path(f"/proc/{server}").exists()


def test_a_fork_that_is_not_known_does_not_run(host: Callable[..., Host], probe: Callable[..., Any]) -> None:
    """The one between is killed before the supervisor, which is held, knows whom it forked."""
    one = host(probe("red"))
    eventually(one.all_run)
    before, server = one.pid("red"), server_of(one)
    os.kill(server, signal.SIGSTOP)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: one.table()["red"]["state"] == "starting")  # it has asked
    os.kill(one.supervisor().pid, signal.SIGSTOP)
    try:
        os.kill(server, signal.SIGCONT)
        eventually(lambda: any(children_of(pid) for pid in children_of(server)))
        (between,) = children_of(server)
        (forked,) = children_of(between)
        os.kill(between, signal.SIGKILL)
        eventually(lambda: _waits_for_a_pipe(forked) and forked in children_of(one.supervisor().pid))
        assert Path(f"/proc/{forked}/comm").read_text().strip() != "red"
    finally:
        os.kill(one.supervisor().pid, signal.SIGCONT)
    eventually(lambda: one.all_run("red") and one.pid("red") != before)
    assert one.stop() == 0


def test_what_is_to_fork_and_is_killed_before_it_says_whom_is_not_waited_for(
    host: Callable[..., Host], probe: Callable[..., Any], tmp_path: Path
) -> None:
    """Nobody knows of what it has forked: that one ends, and the process is started by itself at once."""
    (tmp_path / "forkheld.py").write_text(_HELD)
    one = host(probe("red", module="forkheld"))
    eventually(one.all_run)
    before, server = one.pid("red"), server_of(one)
    (tmp_path / "hold").touch()
    os.kill(before, signal.SIGKILL)
    eventually(lambda: any(children_of(pid) for pid in children_of(server)))
    (between,) = children_of(server)
    (forked,) = children_of(between)
    os.kill(between, signal.SIGKILL)
    eventually(lambda: is_another(one, "red", before))
    assert one.pid("red") != forked and not is_forked(one.pid("red"))
    assert "red is started by itself: what was to fork it was killed" in one.said()
    assert "not ready within" not in one.said(), "15 s of a set"
    eventually(lambda: not _lives(forked))
    assert has_server(one) and server_of(one) == server and not children_of(server)


def test_a_server_that_has_just_died_takes_no_errand_and_keeps_no_files(
    probe: Callable[..., Any],
) -> None:
    """The supervisor hears of its death a moment later: what it wants to start meanwhile is started by its command."""
    forks, files = Forks(), _open_files()
    forks.start()
    forks.end()
    os.waitpid(forks.pid, 0)
    spec = ProcessSpec(**probe("red"))
    with Path(os.devnull).open() as lifeline:
        assert forks.ask(spec, lifeline.fileno()) is None
    selector = selectors.DefaultSelector()
    selector.register(forks.fileno(), selectors.EVENT_READ)
    forks.deliver([], selector)
    selector.close()
    assert not forks.is_open
    assert _open_files() == files


@pytest.mark.parametrize("guarded", [True, False])
def test_nothing_that_was_forked_outlives_the_supervisor(
    host: Callable[..., Host], probe: Callable[..., Any], guarded: bool
) -> None:
    one = host(probe("red"), probe("blue", dies_by=9), guarded=guarded)
    eventually(one.all_run)
    pids = [one.pid("red"), one.pid("blue"), server_of(one)]
    os.kill(one.supervisor().pid, signal.SIGKILL)
    if not guarded:
        one.process.wait(10)
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() and _lives(pid) for pid in pids))


def test_what_is_asked_for_in_the_last_moment_ends_with_all(
    host: Callable[..., Host], probe: Callable[..., Any]
) -> None:
    one = host(*(probe(f"p{number}") for number in range(6)))
    eventually(lambda: bool(one.table()))
    assert one.stop() == 0
    assert not (one.folder / "processes.json").exists()


def _waits_for_a_pipe(pid: int) -> bool:
    return "pipe" in Path(f"/proc/{pid}/wchan").read_text()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False
