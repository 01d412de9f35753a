"""The fork server: imports what the player's Python processes have in common once, and forks them off.

Six processes that import for themselves take 3.4 s of CPU at each start; what they import takes 1.2 s once. The
supervisor's end is `forking`. Nothing of a player runs here: a module is imported when it is first asked for, so one
process is forked while what the next needs still waits.

A process must be the supervisor's own child: only so can it be reaped and its death be noticed. So what is forked here
forks once more, says who that is, and ends when the supervisor has noted it; its orphan then becomes the child of the
nearest subreaper, which is the supervisor.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.player.base.lifeline import LIFELINE, READY, TURN
from marmalade_sc.player.base.priority import stand_back
from marmalade_sc.player.base.processes import set_name

__all__ = ["DESCRIPTORS", "MOST_BYTES", "Errand", "main"]

MOST_BYTES: Final = 1 << 16
DESCRIPTORS: Final = ("output", "lifeline", "word", "turn", "noted")
"""What comes with an errand, in this order. On `noted` come two bytes once the supervisor knows the pid, one for each
of those that wait; it is closed without them where it does not."""
_OWN_ENVIRONMENT: Final = {"OPENBLAS_NUM_THREADS": "1"}
"""Of the server only: numpy's threads, which begin at its import, would not be there after a fork."""
_ORPHANED_S: Final = 0.0005
"""How often is looked whether the one between has gone: the kernel closes its files a moment before."""


@dataclass(frozen=True, slots=True)
class Errand:
    """A process that is to be forked.

    Attributes:
        number: by which the answer, {"number", "pid"} or {"number", "error"}, is known.
        name: the process's, for the system's lists (15 bytes of it).
        module: ours; its `main` is called with `arguments`.
        env: added to the environment.
        nice: its priority.
        dies_by: signal that the kernel sends when the supervisor is gone.
    """

    number: int
    name: str
    module: str
    arguments: Sequence[str]
    env: Mapping[str, str]
    nice: int
    dies_by: int

    def to_bytes(self) -> bytes:
        """As JSON."""
        return json.dumps(asdict(self)).encode()


@dataclass(frozen=True, slots=True)
class _Born:
    """What a process that was forked has from here: its errand, its descriptors by name, the pid of the one between."""

    errand: Errand
    fds: Mapping[str, int]
    between: int


@dataclass(frozen=True, slots=True)
class _Between:
    """One that has forked, or is about to: the number of its errand, its pid."""

    number: int
    pid: int


@dataclass(frozen=True, slots=True)
class _Supervisor:
    """Whose children all are: its pid, and the environment and priority that a process started by it would have."""

    pid: int
    environment: Mapping[str, str]
    nice: int


def main() -> int:
    """`argv`: the descriptor of the socket to the supervisor, the priority. Ends with the supervisor; in a process
    that was forked, as that."""
    die_with_parent()
    supervisor = _Supervisor(os.getppid(), dict(os.environ), os.getpriority(os.PRIO_PROCESS, 0))
    os.environ.update(_OWN_ENVIRONMENT)
    stand_back(int(sys.argv[2]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as line:
        born = _serve(line)
    # A process that was forked comes here out of the loop, so that nothing of the server stays below it.
    return 0 if born is None else _live(born, supervisor)


def _serve(line: socket.socket) -> _Born | None:
    """Fork what is asked for until the supervisor is gone; also returns, with an errand, in what was forked."""
    between: dict[int, _Between] = {}
    while True:
        ready, _, _ = select.select([line.fileno(), *between], [], [])
        for fd in between.keys() & set(ready):
            _bury(line, fd, between.pop(fd))
        if line.fileno() not in ready:
            continue
        data, fds, _, _ = socket.recv_fds(line, MOST_BYTES, len(DESCRIPTORS))
        if not data:
            return None
        errand = Errand(**json.loads(data))
        try:
            if errand.module not in sys.modules:
                importlib.import_module(errand.module)
                gc.collect()
                gc.freeze()  # shared from here on: no collection in a child touches it
        except Exception as error:  # whatever a module raises: by itself it will say so in its own log
            _answer(line, errand.number, error=f"{type(error).__name__}: {error}")
        else:
            born = _fork(errand, dict(zip(DESCRIPTORS, fds, strict=True)), line, between)
            if born is not None:
                return born
        for fd in fds:
            os.close(fd)


def _fork(errand: Errand, fds: dict[str, int], line: socket.socket, between: dict[int, _Between]) -> _Born | None:
    """What was forked, in itself; None in the server, with one more `between`. The one between does not return."""
    try:
        if pid := os.fork():
            between[os.pidfd_open(pid)] = _Between(errand.number, pid)
            return None
    except OSError as error:
        _answer(line, errand.number, error=str(error))
        return None
    own = os.getpid()
    for fd in between:
        os.close(fd)
    try:
        pid = os.fork()
    except OSError as error:
        _answer(line, errand.number, error=str(error))
        os._exit(1)
    if not pid:
        return _Born(errand, fds, own)
    _answer(line, errand.number, pid=pid)
    _is_noted(fds)
    os._exit(0)


def _bury(line: socket.socket, fd: int, between: _Between) -> None:
    """One between has ended. Where it was killed, nobody may know whom it forked: then that one does not begin."""
    os.close(fd)
    _, status = os.waitpid(between.pid, 0)
    if status:
        _answer(line, between.number, error="what was to fork it was killed")


def _is_noted(fds: Mapping[str, int]) -> bool:
    """Whether the supervisor knows who was forked; waits for it."""
    try:
        return bool(os.read(fds["noted"], 1))
    except OSError:
        return False


def _answer(line: socket.socket, number: int, **rest: object) -> None:
    with contextlib.suppress(OSError):  # the supervisor is gone, and soon so are we
        line.send(json.dumps({"number": number, **rest}).encode())


def _live(born: _Born, supervisor: _Supervisor) -> int:
    """Be the process of an errand, as if Python had been started for it; its exit status."""
    errand, fds = born.errand, born.fds
    if not _is_noted(fds):  # the one between was killed before it could answer, or nobody wants us any more
        os._exit(1)
    while os.getppid() == born.between:
        time.sleep(_ORPHANED_S)
    die_with_parent(errand.dies_by)
    if os.getppid() != supervisor.pid:
        os._exit(1)
    os.close(fds["noted"])
    os.setsid()
    if errand.nice:
        stand_back(errand.nice)
    else:
        os.setpriority(os.PRIO_PROCESS, 0, supervisor.nice)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (fds["output"], 1), (fds["output"], 2)):
        os.dup2(source, target)
    for fd in (nothing, fds["output"]):
        os.close(fd)
    os.environ.clear()  # what modules have set at their import is not for all
    os.environ.update({**supervisor.environment, **errand.env})
    for variable, name in ((LIFELINE, "lifeline"), (READY, "word"), (TURN, "turn")):
        os.environ[variable] = str(fds[name])
    set_name(errand.name)
    sys.argv = [errand.module, *errand.arguments]
    try:
        return int(sys.modules[errand.module].main(list(errand.arguments)))
    except MarmaladeError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
