"""Forks the processes that do our own steps: what they import is imported once, so that a step starts in milliseconds.

A worker keeps one forge. It asks over a socket, and hands over what is to be the step's input and output; the answer is
the step's pid. When the worker ends, however it does, the kernel ends the forge, and with it the step and its scsynth.
"""

import contextlib
import gc
import os
import resource
import signal
import socket
import sys
import traceback
from typing import Final, NoReturn

from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.worker import step
from marmalade_sc.worker.carrier import GO
from marmalade_sc.worker.surroundings import Surroundings

_DESCRIPTORS: Final = 3


def main() -> None:
    """`argv`: the surroundings, and the descriptor of the socket."""
    die_with_parent()
    around = Surroundings.of(sys.argv[1])
    connection = socket.socket(fileno=int(sys.argv[2]))
    around.settings  # noqa: B018  read once for all
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    gc.freeze()
    connection.sendall(b"ready\n")
    while True:
        word, descriptors, _, _ = socket.recv_fds(connection, len(GO), _DESCRIPTORS)
        if word != GO or len(descriptors) != _DESCRIPTORS:
            return
        pid = os.fork()
        if pid == 0:
            _work(around, connection, descriptors)
        for each in descriptors:
            os.close(each)
        connection.sendall(f"{pid}\n".encode())


def _work(around: Surroundings, connection: socket.socket, descriptors: list[int]) -> NoReturn:
    status = 1
    try:
        parent = os.getppid()
        die_with_parent()
        if os.getppid() != parent:
            os._exit(1)
        os.setsid()  # it is ended with all that it has started
        connection.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for target, each in enumerate(descriptors):
            os.dup2(each, target)
            os.close(each)
        memory = around.settings.integer("jobs.memory_mb") << 20
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with os.fdopen(0, encoding="utf-8") as source, os.fdopen(1, "w", encoding="utf-8") as target_file:
            status = step.run(around, source, target_file)
    except BaseException:
        with contextlib.suppress(Exception):
            traceback.print_exc()
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
