"""A process to be supervised, and how it is started: its own session, its output in a pipe, bound to its parent."""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NoReturn

from marmalade_sc.player.base.lifeline import LIFELINE, READY, TURN
from marmalade_sc.player.base.priority import stand_back
from marmalade_sc.player.base.processes import ProcessId, start_time

__all__ = ["Pipes", "ProcessSpec", "Ready", "Started", "become_subreaper", "python_argv", "python_env", "spawn"]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_BEFORE_MODULE = 3
"""Where the module stands in what `python_argv` makes."""


@dataclass(frozen=True, slots=True)
class Ready:
    """How a process shows that it can be used.

    `word`: it writes a line to the descriptor in MARMALADE_READY_FD. `connect`: its socket at `path` takes a
    connection. `exists`: `path` is there (it is removed before the start). `started`: it runs.
    """

    by: Literal["word", "connect", "exists", "started"]
    path: Path | None = None

    def is_so(self) -> bool:
        """Whether `path` shows it now. Always False for a word, which comes through the pipe."""
        if self.by == "started":
            return True
        if self.path is None:
            return False
        if self.by == "exists":
            return self.path.exists()
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as probe:
            return probe.connect_ex(os.fsencode(self.path)) == 0


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process: what runs, what it stands on, how it starts and how it ends.

    `needs` are started before it and restarted with it; `after` are only started before it (it survives their
    restart). Both name other processes. `env` is added to the supervisor's environment. `dies_by` is the signal that
    the kernel sends when the supervisor is gone. `renews`: its death asks for a new plan, because the world it was
    planned for may have changed. `nice` is its priority, where the system lets us. `waits`: it is started at once and
    waits itself, after its imports, for its turn (`lifeline.await_turn`). `forks`: its command, one of `python_argv`,
    may be carried out by the fork server, which has the imports already; only where it `waits`.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    ready: Ready = field(default_factory=lambda: Ready("word"))
    ready_s: float = 15.0
    stop_s: float = 3.0
    dies_by: int = signal.SIGKILL
    renews: bool = False
    nice: int = 0
    waits: bool = False
    forks: bool = False

    def call(self) -> tuple[str, tuple[str, ...]]:
        """Module and arguments of a command that `python_argv` made."""
        return self.argv[_BEFORE_MODULE], self.argv[_BEFORE_MODULE + 1 :]

    @property
    def follows(self) -> frozenset[str]:
        """All that have to run before it starts."""
        return frozenset(self.needs) | frozenset(self.after)


@dataclass(frozen=True, slots=True)
class Started:
    """A process that was started: who it is, the read ends of its output and of its word of readiness, and the write
    end of what tells it its turn. Where the fork server was asked for it, `errand` is the number, and who it is
    follows."""

    process: ProcessId | None
    output: int
    word: int
    turn: int
    errand: int = 0


@dataclass(frozen=True, slots=True)
class Pipes:
    """The pipes between the supervisor and a process: its output, its word of readiness, what tells it its turn."""

    output: int
    output_end: int
    word: int
    word_end: int
    turn_end: int
    turn: int

    @classmethod
    def open(cls) -> "Pipes":
        """Make them.

        Raises:
            OSError: too many files are open.
        """
        made: list[int] = []
        try:
            for _ in range(3):
                made += os.pipe()
        except OSError:
            for fd in made:
                os.close(fd)
            raise
        return cls(*made)

    def close_ends(self) -> None:
        """Close the process's ends, which it has itself now."""
        for fd in (self.output_end, self.word_end, self.turn_end):
            os.close(fd)

    def close(self) -> None:
        """Close the supervisor's ends: there is no process."""
        for fd in (self.output, self.word, self.turn):
            os.close(fd)

    def started(self, process: ProcessId | None, errand: int = 0) -> Started:
        """With the process that was started."""
        os.set_blocking(self.output, False)
        os.set_blocking(self.word, False)
        return Started(process, self.output, self.word, self.turn, errand)


def become_subreaper() -> None:
    """Have orphans of our children become our children, so that they can be ended and reaped.

    Raises:
        OSError: the kernel refused.
    """
    if _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def spawn(spec: ProcessSpec, lifeline: int) -> Started:
    """Start it. Only for a process with a single thread: the child runs Python between fork and exec.

    Args:
        lifeline: read end of the supervisor's lifeline pipe; the child inherits it.

    Raises:
        OSError: no process or pipe could be made. A program that cannot be run shows as exit status 127.
    """
    if spec.ready.path is not None:
        spec.ready.path.unlink(missing_ok=True)
    libc, parent = _libc(), os.getpid()
    pipes = Pipes.open()
    env = {**os.environ, **spec.env, LIFELINE: str(lifeline), READY: str(pipes.word_end)}
    inherited = [lifeline, pipes.word_end]
    if spec.waits:
        env[TURN] = str(pipes.turn_end)
        inherited.append(pipes.turn_end)
    try:
        pid = os.fork()
        if pid == 0:
            _become(spec, env, libc, parent, pipes.output_end, inherited)
    except OSError:
        pipes.close()
        raise
    finally:
        pipes.close_ends()
    # A zombie has no start time here; it is reaped like any other child.
    return pipes.started(ProcessId(pid, start_time(pid) or 0))


def _become(
    spec: ProcessSpec, env: Mapping[str, str], libc: ctypes.CDLL, parent: int, output: int, inherited: Sequence[int]
) -> NoReturn:
    try:
        signal.set_wakeup_fd(-1)
        # SIGXFSZ stays ignored, as Python has it: a file at its limit is a failed write, not the end of Redis.
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.setsid()
        if spec.nice:
            stand_back(spec.nice)
        libc.prctl(_PR_SET_PDEATHSIG, spec.dies_by, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        for fd in inherited:
            os.set_inheritable(fd, True)
        os.execvpe(spec.argv[0], spec.argv, env)
    except BaseException as error:
        os.write(2, f"{spec.argv[0]} cannot be run: {error}\n".encode(errors="replace"))
    finally:
        os._exit(127)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def python_argv(module: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a module of ours with this very Python; nothing is imported from the current folder."""
    return (sys.executable, "-P", "-m", module, *arguments)


def python_env() -> dict[str, str]:
    """What such a command needs in its environment: our package found, output unbuffered."""
    home = str(Path(__file__).resolve().parents[3])
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != home]
    return {"PYTHONPATH": os.pathsep.join([home, *others]), "PYTHONUNBUFFERED": "1"}
