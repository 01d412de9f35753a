"""Forks workers: what they and their steps import is imported once, so that one which was killed is soon replaced.

Two seconds of processor time a worker otherwise, most of it for supriya. A pool keeps one nursery, and asks it over a
socket with the pipe on which the worker is to beat; the answer is the worker's pid.
"""

import contextlib
import gc
import json
import logging
import os
import random
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from typing import Final, NoReturn

from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.errors import MarmaladeError
from marmalade_sc.jobs.contracts import CONTRACTS
from marmalade_sc.player.base.priority import stand_back
from marmalade_sc.worker.abilities import abilities
from marmalade_sc.worker.carrier import GO
from marmalade_sc.worker.forge import forged
from marmalade_sc.worker.process import log, serve
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["READY"]

READY: Final = "ready"


def main() -> None:
    """`argv`: the surroundings, the task of the workers, the descriptor of the socket."""
    die_with_parent()
    logging.basicConfig(format="%(asctime)s %(process)d %(name)s: %(message)s", level=logging.WARNING)
    around = Surroundings.of(sys.argv[1])
    task = json.loads(sys.argv[2])
    line = socket.socket(fileno=int(sys.argv[3]))
    try:
        around.trusted  # noqa: B018  settings and key are read once for all
        can, _ = abilities(around)
    except MarmaladeError as error:
        log(str(error))
        sys.exit(1)
    offered = [row.name for row in CONTRACTS.values() if row in can or row.name in task["programs"]]
    task["steps"] = [name for name in offered if not task["steps"] or name in task["steps"]]
    stand_back(around.settings.integer("jobs.nice"))  # here, for everything that is forked from it
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    gc.freeze()
    line.sendall(f"{READY}\n".encode())
    while True:
        word, descriptors, _, _ = socket.recv_fds(line, len(GO), 1)
        if word != GO or len(descriptors) != 1:
            return
        pid = os.fork()
        if pid == 0:
            _work(around, task, line, descriptors[0])
        os.close(descriptors[0])
        line.sendall(f"{pid}\n".encode())


def _work(around: Surroundings, task: Mapping[str, object], line: socket.socket, beat: int) -> NoReturn:
    status = 1
    try:
        die_with_parent()
        os.setsid()
        stand_back(around.settings.integer("jobs.nice"))  # a new session begins with the priority of all others
        line.close()
        random.seed()  # each waits and lives for a time of its own
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        to_forge = forged(around)
        programs, steps = task["programs"], task["steps"]
        assert isinstance(programs, dict)
        assert isinstance(steps, list)
        status = serve(around, programs, steps, to_forge, beat)
    except MarmaladeError as error:
        log(str(error))
    except BaseException:
        with contextlib.suppress(Exception):
            traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
