"""Forks the processes that do our own steps: what they import is there already, so that a step starts in milliseconds.

Each worker has one, forked before the worker has threads. It is asked over a socket, with what is to be the step's
input and output; the answer is the step's pid. When the worker ends, however it does, the kernel ends the forge, and
with it the step and its scsynth.
"""

import contextlib
import os
import resource
import signal
import socket
import traceback
from typing import Final, NoReturn

from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.player.base.priority import stand_back
from marmalade_sc.worker import step
from marmalade_sc.worker.carrier import GO
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["forged"]

_DESCRIPTORS: Final = 3


def forged(around: Surroundings) -> socket.socket:
    """Fork a forge; the line to it. Only for a process with one thread."""
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    if os.fork() == 0:
        try:
            ours.close()
            die_with_parent()
            if os.getppid() == parent:
                _serve(around, theirs)
        finally:
            os._exit(0)
    theirs.close()
    return ours


def _serve(around: Surroundings, line: socket.socket) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps
    while True:
        word, descriptors, _, _ = socket.recv_fds(line, len(GO), _DESCRIPTORS)
        if word != GO or len(descriptors) != _DESCRIPTORS:
            return
        pid = os.fork()
        if pid == 0:
            _work(around, line, descriptors)
        for each in descriptors:
            os.close(each)
        line.sendall(f"{pid}\n".encode())


def _work(around: Surroundings, line: socket.socket, descriptors: list[int]) -> NoReturn:
    status = 1
    try:
        die_with_parent()
        os.setsid()
        stand_back(os.getpriority(os.PRIO_PROCESS, 0))  # a new session begins with the priority of all others
        line.close()
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
