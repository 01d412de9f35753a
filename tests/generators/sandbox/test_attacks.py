"""Hostile generators in a real sandbox, as an ordinary user and under a root player: none succeeds."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from marmalade_sc.errors import PlayerError
from marmalade_sc.generators.sandbox import launch
from marmalade_sc.generators.sandbox.cell import Cell, Ending, children_of
from marmalade_sc.generators.sandbox.launch import Quota, Sandbox
from marmalade_sc.generators.sandbox.probe import probe, why_not
from marmalade_sc.generators.sandbox.watchdog import Watchdog, Watched
from tests.generators.sandbox.attacks import ATTACKS
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

PROGRAM = Path(__file__).with_name("attacks.py")
USER = 20240
USUAL = Quota()
IS_ROOT = os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class Scene:
    """A player's folder with secrets and sockets, and an instance in it."""

    home: Path
    targets: dict[str, object]


@pytest.fixture(scope="module")
def missing() -> str:
    """Layers that this machine lacks, in words."""
    return why_not(probe(USER))


@pytest.fixture
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    # Below /tmp itself: pytest's own folders are closed to the other users that these tests become.
    root = Path(subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True).stdout.strip())
    root.chmod(0o755)
    home, other = root / "gen", root / "other"
    for folder in (home, other):
        folder.mkdir(mode=0o755)
    (home / "attacks.py").write_bytes(PROGRAM.read_bytes())
    (home / "attacks.py").chmod(0o444)
    (other / "secret").write_text("SECRET")
    (root / "player.key").write_text("SECRET")
    tcp, udp, path = (
        socket.create_server(("127.0.0.1", 0)),
        socket.socket(type=socket.SOCK_DGRAM),
        socket.socket(socket.AF_UNIX),
    )
    udp.bind(("127.0.0.1", 0))
    path.bind(str(root / "host.sock"))
    (root / "host.sock").chmod(0o777)
    path.listen(8)
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0marmalade-test-{os.getpid()}")
    abstract.listen(8)
    victim = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"], env={"SECRET": "SECRET"})
    targets: dict[str, object] = {
        "key": str(root / "player.key"),
        "other": str(other),
        "player": str(root),
        "tcp": tcp.getsockname()[1],
        "udp": udp.getsockname()[1],
        "sock": str(root / "host.sock"),
        "other_gateway": str(root / "host.sock"),
        "abstract": f"marmalade-test-{os.getpid()}",
        "victim": victim.pid,
    }
    try:
        yield Scene(home, targets)
    finally:
        victim.kill()
        victim.wait()
        for one in (tcp, udp, path, abstract):
            one.close()
        shutil.rmtree(root)


def sandbox(scene: Scene, *arguments: str, quota: Quota = USUAL, program: str = "/gen/attacks.py") -> Sandbox:
    environment = {"TARGETS": json.dumps(scene.targets)}
    argv = [launch.interpreter(), "-I", "-S", program, *arguments]
    return Sandbox(scene.home, argv, environment=environment, uid=USER if IS_ROOT else None, quota=quota)


def rows(text: str) -> dict[str, dict[str, object]]:
    return {row["attack"]: row for row in (json.loads(line) for line in text.splitlines() if line.startswith("{"))}


def check_all_denied(output: str, words: str, missing: str) -> None:
    found = rows(output)
    if missing:  # a kernel without one of the layers: it must not have begun at all
        assert not found
        return
    assert set(found) == set(ATTACKS), words[-2000:]
    breaches = [row for row in found.values() if row["breach"]]
    assert not breaches


def test_the_probe_finds_every_layer_or_says_how_to_get_it() -> None:
    layers = probe(USER)
    assert [layer.name for layer in layers][:2] == ["bubblewrap", "Landlock"]
    assert all(layer.is_there or layer.remedy for layer in layers)
    assert not why_not(layers) or "(" in why_not(layers)


def test_there_are_at_least_fifty_attacks() -> None:
    assert len(ATTACKS) >= 50


def test_no_attack_succeeds_in_this_players_sandbox(scene: Scene, missing: str) -> None:
    done = subprocess.run(
        launch.command(sandbox(scene)),
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
        env={**os.environ, "OF_THE_PLAYER": "SECRET"},
    )
    check_all_denied(done.stdout, done.stderr, missing)


def test_no_attack_succeeds_as_an_ordinary_user(scene: Scene, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under a user namespace of its own; where the tests run as root they become another user first."""
    python = "/usr/bin/python3" if IS_ROOT else launch.interpreter()
    monkeypatch.setattr(os, "geteuid", lambda: USER)
    monkeypatch.setattr(launch, "interpreter", lambda: python)
    if IS_ROOT:
        monkeypatch.setattr(launch, "runtime", lambda: ())
        boot = scene.home.parent / "boot.py"
        boot.write_bytes(launch.BOOT.read_bytes())
        boot.chmod(0o444)
        monkeypatch.setattr(launch, "BOOT", boot)
    one = Sandbox(
        scene.home, [python, "-I", "-S", "/gen/attacks.py"], environment={"TARGETS": json.dumps(scene.targets)}
    )
    become = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups", "--"] if IS_ROOT else []
    done = subprocess.run(
        [*become, *launch.command(one)],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
        check=False,
        env={**os.environ, "OF_THE_PLAYER": "SECRET"},
    )
    check_all_denied(done.stdout, done.stderr, missing)


def test_a_root_player_never_runs_one_as_root(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(ValueError, match="another user"):
        launch.command(Sandbox(scene.home, ["/bin/true"]))


#: What the filter tells of each attack that it stops. Of the others the kernel tells nobody: what they look for is not
#: there, or read-only, or a limit is reached (the watchdog's and the gateway's own tests say what those tell).
TOLD = {
    "open_a_disk": "mknodat",
    **dict.fromkeys(
        ("tcp_to_localhost", "udp_to_scsynth", "tcp_over_ipv6", "raw_socket", "netlink", "vsock"), "socket"
    ),
    "ptrace_process_1": "ptrace",
    "read_anothers_memory": "process_vm_readv",
    "take_a_descriptor": "pidfd_getfd",
    "new_user_namespace": "unshare",
    "new_mount_namespace": "unshare",
    "clone_into_namespaces": "clone",
    "mount": "mount",
    "remount_writable": "mount",
    "new_root": "chroot",
    "become_root": "setuid",
    "become_another_user": "setresuid",
    "io_uring": "io_uring_setup",
    "a_file_in_memory": "memfd_create",
    "keyring": "keyctl",
    "bpf": "bpf",
    "perf_events": "perf_event_open",
    "shared_memory": "shmget",
    "raise_its_priority": "setpriority",
    "real_time_priority": "sched_setscheduler",
    "change_the_clock": "clock_settime",
    "change_the_hostname": "sethostname",
}


async def test_each_refused_call_is_told(scene: Scene, missing: str) -> None:
    """The filter's witness hears of it, and the answer is as it was without one."""
    gate = scene.home.parent / "gate"
    gate.mkdir(mode=0o755)
    told: list[tuple[str, str]] = []
    one = replace(sandbox(scene), sockets=gate)
    try:
        cell = await Cell.start(one, lambda who, what: told.append((who, what)))
    except PlayerError:
        assert missing, "every layer is there, and it does not begin"
        return
    cell.lines = deque()
    await asyncio.wait_for(cell.wait(), 120)
    found = rows("\n".join(cell.lines))
    if missing:  # a machine without one of the layers: it must not have begun at all
        assert not found and not told
        return
    assert set(found) == set(ATTACKS) and not [row for row in found.values() if row["breach"]]
    wanted = Counter(("filter", f"the system call {name}") for name in TOLD.values())
    await asyncio.to_thread(eventually, lambda: not wanted - Counter(told))
    assert set(TOLD) < set(ATTACKS)
    assert not list(gate.iterdir()), "nobody else may come to its witness"


async def test_a_flood_of_refused_calls_costs_its_sandbox_the_time(scene: Scene) -> None:
    gate = scene.home.parent / "gate"
    gate.mkdir(mode=0o755)
    code = "import os\nwhile True:\n    try:\n        os.chroot('/')\n    except OSError:\n        pass\n"
    (scene.home / "program.py").write_text(code)
    (scene.home / "program.py").chmod(0o444)
    told: list[str] = []
    cell = await Cell.start(
        replace(sandbox(scene, program="/gen/program.py"), sockets=gate), lambda who, what: told.append(what)
    )
    await asyncio.to_thread(eventually, lambda: len(told) > 60)
    await cell.stop(0.1)
    assert len(told) < 20_000, "20 at once, and then a tenth of a second"


async def gone(pid: int) -> None:
    """Return when a process has ended; a namespace takes some milliseconds to fold."""
    for _ in range(400):
        try:
            if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
                return
        except OSError:
            return
        await asyncio.sleep(0.05)
    pytest.fail(f"process {pid} of the sandbox is still there")


async def watched(scene: Scene, code: str, seconds: float = 8.0, quota: Quota = USUAL) -> tuple[Cell, Ending, Watched]:
    """Run a program until it ends, the watchdog ends it, or so many seconds are over."""
    (scene.home / "program.py").write_text(code)
    (scene.home / "program.py").chmod(0o444)
    cell = await Cell.start(sandbox(scene, program="/gen/program.py", quota=quota))
    dog = Watchdog()
    seen = dog.add(cell.inner, quota, cell.kill)
    deadline = asyncio.get_running_loop().time() + seconds
    while cell.is_running and asyncio.get_running_loop().time() < deadline:
        dog.look()
        await asyncio.sleep(0.05)
    return cell, await cell.stop(0.3, "the test is over"), seen


async def test_children_that_use_memory_together_are_ended(scene: Scene) -> None:
    code = """
import os, time
for _ in range(5):
    if not os.fork():
        x = bytearray(120 << 20)
        time.sleep(30)
time.sleep(30)
"""
    _, ending, _ = await watched(scene, code, 20.0)
    assert "MiB of memory" in str(ending)


async def test_a_million_empty_files_are_ended(scene: Scene) -> None:
    code = """
import os, time
os.mkdir("/tmp/a")
for n in range(10**6):
    open(f"/tmp/a/{n}", "w").close()
    time.sleep(0.0001)
"""
    _, ending, _ = await watched(scene, code, 30.0)
    assert "files" in str(ending)


async def test_a_busy_loop_gets_its_share_of_a_core_and_no_more(scene: Scene) -> None:
    """A second at once and a share in the long run, here a small one: what is beyond stands still and then goes on."""
    (scene.home / "program.py").write_text("while True:\n    pass\n")
    (scene.home / "program.py").chmod(0o444)
    quota = replace(USUAL, cpu=0.03)
    cell = await Cell.start(sandbox(scene, program="/gen/program.py", quota=quota))
    dog = Watchdog()
    seen = dog.add(cell.inner, quota, cell.kill)

    async def wait_until(is_paused: bool) -> set[str]:
        """The states of its processes then."""
        deadline = asyncio.get_running_loop().time() + 60
        while seen.paused != is_paused:
            assert cell.is_running and asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)
            dog.look()
        await asyncio.sleep(0.02)
        stats = [Path(f"/proc/{pid}/stat").read_text() for pid in children_of(cell.inner)]
        return {each.rsplit(")", 1)[1].split()[0] for each in stats}

    assert await wait_until(True) == {"T"}
    used = seen.cpu_s
    assert used >= 1.0
    assert await wait_until(False) <= {"R", "S"}
    assert seen.cpu_s - used < 0.5 and seen.paused_s > 0
    assert str(await cell.stop(0.3, "the test is over")) == "the test is over"


async def test_a_flood_of_output_is_bounded_and_harmless_to_a_terminal(scene: Scene) -> None:
    code = "while True:\n    print('\\x1b[2J\\x07' + 'x' * 1000)\n"
    cell, _, _ = await watched(scene, code, 2.0)
    assert cell.refused > 0 and len(cell.lines) <= 64
    assert all(each.isprintable() for each in cell.lines)


async def test_one_that_ignores_the_request_to_end_is_killed(scene: Scene) -> None:
    code = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while True:
    signal.pause()
"""
    cell, ending, _ = await watched(scene, code, 1.0)
    assert not cell.is_running and str(ending) == "the test is over"


async def test_one_that_hears_the_request_may_end_by_itself(scene: Scene) -> None:
    code = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("bye", flush=True), sys.exit(0)))
print("ready", flush=True)
while True:
    signal.pause()
"""
    cell, ending, _ = await watched(scene, code, 1.0)
    assert ending.status == 0 and cell.lines[-1] == "bye"


async def test_daemons_end_with_the_program(scene: Scene) -> None:
    code = """
import os, time
if not os.fork():
    os.setsid()
    if not os.fork():
        time.sleep(60)
    os._exit(0)
"""
    cell, ending, _ = await watched(scene, code, 5.0)
    assert ending.status == 0
    await gone(cell.inner)


async def test_all_end_when_the_player_is_killed(scene: Scene) -> None:
    """bubblewrap dies with its parent, and takes the namespace with it."""
    (scene.home / "program.py").write_text("import time\nprint('ready', flush=True)\ntime.sleep(120)\n")
    one = sandbox(scene, program="/gen/program.py")
    code = (
        "import subprocess, sys, json, os, signal\n"
        "r, w = os.pipe()\n"
        "argv = json.loads(sys.argv[1])\n"
        "p = subprocess.Popen([argv[0], '--json-status-fd', str(w), *argv[1:]], pass_fds=(w,))\n"
        "print(json.loads(os.fdopen(r).readline())['child-pid'], flush=True)\n"
        "signal.pause()\n"
    )
    argv = json.dumps(launch.command(one))
    with subprocess.Popen([sys.executable, "-c", code, argv], stdout=subprocess.PIPE, text=True) as player:
        assert player.stdout is not None
        inner = int(player.stdout.readline())
        assert player.stdout.readline() == "ready\n"
        player.send_signal(signal.SIGKILL)
    await gone(inner)
