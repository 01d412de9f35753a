"""The supervisor's end of the fork server: asks it for processes, and hears who they are."""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from marmalade_sc.player.base.processes import ProcessId, start_time
from marmalade_sc.player.supervision.children import Pipes, ProcessSpec, Started, python_argv, python_env
from marmalade_sc.player.supervision.entries import Entry
from marmalade_sc.player.supervision.forkserver import DESCRIPTORS, MOST_BYTES, Errand

__all__ = ["Answer", "Forks"]

_MODULE = "marmalade_sc.player.supervision.forkserver"
_MOST_STARTS = 5
_NICE = -10
"""While it imports, which a start waits for. What is forked has its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an errand: a process, or why there is none."""

    number: int
    pid: int = 0
    error: str = ""


@dataclass(slots=True)
class Forks:
    """A fork server that runs, or has ended.

    Attributes:
        pid: its own, 0 while there is none.
        starts: how many there were.
    """

    pid: int = 0
    starts: int = 0
    _line: socket.socket | None = None
    _errands: int = 0
    _unnoted: dict[int, int] = field(default_factory=dict)

    @property
    def pids(self) -> set[int]:
        """Its own, until it is reaped."""
        return {self.pid} if self.pid else set()

    @property
    def is_open(self) -> bool:
        """Whether it can be asked."""
        return self._line is not None

    def fileno(self) -> int:
        """Where its answers come; -1 where it has ended."""
        return self._line.fileno() if self._line is not None else -1

    def start(self) -> None:
        """Start it; it imports nothing yet.

        Raises:
            OSError: no process or socket could be made.
        """
        self.starts += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            theirs.set_inheritable(True)
            argv = python_argv(_MODULE, str(theirs.fileno()), str(_NICE))
            try:
                self.pid = os.posix_spawn(sys.executable, argv, {**os.environ, **python_env()}, setsid=True)
            except OSError:
                ours.close()
                raise
        ours.setblocking(False)
        self._line = ours

    def ask(self, spec: ProcessSpec, lifeline: int) -> Started | None:
        """Have it fork a process; who it is follows as an answer. None where it cannot be asked.

        Args:
            lifeline: read end of the supervisor's lifeline pipe.

        Raises:
            OSError: too many files are open.
        """
        if self._line is None or not spec.forks:
            return None
        module, arguments = spec.call()
        number = self._errands = self._errands + 1
        errand = Errand(number, spec.name, module, arguments, spec.env, spec.nice, spec.dies_by)
        noted_end, noted = os.pipe()
        try:
            pipes = Pipes.open()
        except OSError:
            os.close(noted_end)
            os.close(noted)
            raise
        given = {"output": pipes.output_end, "lifeline": lifeline, "word": pipes.word_end, "turn": pipes.turn_end}
        try:
            socket.send_fds(self._line, [errand.to_bytes()], [(given | {"noted": noted_end})[n] for n in DESCRIPTORS])
        except OSError:  # it has died just now, or hangs
            os.close(noted)
            pipes.close()
            return None
        finally:
            os.close(noted_end)
            pipes.close_ends()
        self._unnoted[number] = noted
        return pipes.started(None, number)

    def keep(self, entries: Iterable[Entry], selector: selectors.BaseSelector) -> None:
        """Start one where it is of use and there is none. Where there cannot be, processes start by themselves."""
        if not self.is_open and self.starts < _MOST_STARTS and any(entry.spec.forks for entry in entries):
            with contextlib.suppress(OSError):
                self.start()
                selector.register(self.fileno(), selectors.EVENT_READ)

    def deliver(self, entries: Iterable[Entry], selector: selectors.BaseSelector) -> list[str]:
        """Take the answers that have come to those that wait for them; what is to be told of it."""
        told, fd, waiting = [], self.fileno(), {entry.errand: entry for entry in entries if entry.errand}
        for answer in self._answers():
            entry = waiting.pop(answer.number, None)
            is_known = entry is not None and answer.pid > 0 and Path(f"/proc/{answer.pid}").exists()
            if entry is not None and is_known:
                entry.born(ProcessId(answer.pid, start_time(answer.pid) or 0))
            elif entry is not None:
                told.append(f"{entry.spec.name} is started by itself: {answer.error or 'what was forked has ended'}")
                entry.by_itself = True
                entry.unborn(selector)
            self._note(answer.number, is_known=is_known)
        if not self.is_open:
            selector.unregister(fd)
            for entry in waiting.values():
                entry.unborn(selector)
        return told

    def _answers(self) -> list[Answer]:
        """What has come; none more will where it is not open any longer."""
        found: list[Answer] = []
        while self._line is not None:
            try:
                data = self._line.recv(MOST_BYTES)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                self._close()
                break
            found.append(Answer(**json.loads(data)))
        return found

    def _note(self, number: int, *, is_known: bool = False) -> None:
        """The process is known and may become our child; or it is not, and ends. Does nothing the second time."""
        noted = self._unnoted.pop(number, None)
        if noted is not None:
            if is_known:
                with contextlib.suppress(BrokenPipeError):  # it has died, and is reaped soon
                    os.write(noted, b"!!")
            os.close(noted)

    def end(self) -> None:
        """End it; what it has forked lives on. Its answers say that it is gone."""
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)

    def reaped(self, pid: int) -> None:
        """A child was reaped: if it was the server, its pid may be another's from now on."""
        if pid == self.pid:
            self.pid = 0

    def _close(self) -> None:
        if self._line is not None:
            self._line.close()
        self._line = None
        for number in list(self._unnoted):
            self._note(number)
