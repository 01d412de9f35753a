"""Forks processes for one that has threads: a process without any, forked off before there was one.

What is forked while another thread holds a lock finds it held for ever; Python warns of it from 3.12 on.
"""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.player.base.processes import set_name

__all__ = ["Nursery"]

_COMM: Final = Path("/proc/self/comm")
_ANSWER_S: Final = 10.0
"""Two forks take 6 ms; on a machine that stands still for a moment, longer."""


class Nursery:
    """Make it while this process has a single thread, and is the one to which orphans fall (a subreaper).

    Args:
        live: what a process that is forked does with what it is given, which is not None; it need not return.

    Raises:
        OSError: no process could be made.
    """

    def __init__(self, live: Callable[[object], None]) -> None:
        self._line, theirs = socket.socketpair()
        self._line.settimeout(_ANSWER_S)
        parent = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            self._line.close()
            _be(parent, theirs, live)
        theirs.close()
        self._answers = self._line.makefile("rb")

    def spawn(self, given: object) -> int:
        """Fork a process that lives with `given`, a value of JSON; its pid. It is a child of this process.

        May take some milliseconds, in which nothing else is done.

        Raises:
            OSError: the nursery has died, hangs, or cannot fork.
        """
        self._line.sendall(json.dumps(given).encode() + b"\n")
        pid = int(self._answers.readline() or b"0")
        if not pid:
            raise OSError("What forks processes has died, or cannot")
        return pid

    def close(self) -> None:
        """End it; what it has forked lives on."""
        self._answers.close()
        self._line.close()


def _be(parent: int, line: socket.socket, live: Callable[[object], None]) -> NoReturn:
    """The nursery, and what it forks."""
    try:
        die_with_parent()
        name = _COMM.read_text(encoding="utf-8").strip()
        set_name("nursery")
        if os.getppid() == parent and (given := _serve(line)) is not None:
            set_name(name)
            live(given)
    except BaseException:
        # The fork must end here, whatever happens; printing a traceback is all that is left to do.
        import traceback

        traceback.print_exc()
    finally:
        os._exit(1)


def _serve(line: socket.socket) -> object:
    """Fork until the other end is gone, then None; in what was forked, what it is given."""
    with line, line.makefile("rb") as asked:
        while given := asked.readline():
            pid = _fork()
            if not pid:
                return json.loads(given)
            line.sendall(b"%d\n" % max(pid, 0))
    return None


def _fork() -> int:
    """The pid of what was forked, -1 where there is none; in itself, 0. The one between ends: so it is our parent's."""
    reading, writing = os.pipe()
    between = _forked()
    if not between:
        if pid := _forked():
            os.write(writing, b"%d" % pid)
            os._exit(0)
        os.close(reading)
        os.close(writing)
        return 0
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        pid = int(said.read() or b"-1")
    if between > 0:
        os.waitpid(between, 0)
    return pid


def _forked() -> int:
    try:
        return os.fork()
    except OSError:
        return -1
