"""One supervised process as the supervisor sees it: its state, its deaths, its log, its line in processes.json."""

import contextlib
import os
import selectors
import signal
from dataclasses import dataclass, field
from typing import Literal

from marmalade_sc.player.base.logs import RotatedLog
from marmalade_sc.player.base.processes import ProcessId
from marmalade_sc.player.supervision.children import ProcessSpec, Started

__all__ = ["Entry", "State", "Word", "exit_words"]

State = Literal["waiting", "starting", "running", "stopping", "stopped", "failed"]

Word = Literal["ready", "going on", "gone"]

_READ_BYTES = 1 << 16


@dataclass(slots=True)
class Entry:
    """The life of one process.

    `deaths` are the times of deaths nobody asked for; `not_before` and `deadline` are times of the supervisor's clock
    in seconds: the earliest next start, and when what is under way has taken too long. `again`: it starts anew once it
    has stopped. `errand`: the number of what the fork server was asked for, while it is not told who the process is.
    `by_itself`: the fork server could not do it.
    """

    spec: ProcessSpec
    log: RotatedLog
    state: State = "waiting"
    process: ProcessId | None = None
    output: int = -1
    word: int = -1
    turn: int = -1
    deaths: list[float] = field(default_factory=list)
    starts: int = 0
    last_exit: str = ""
    not_before: float = 0.0
    deadline: float | None = None
    again: bool = True
    why: str = ""
    errand: int = 0
    by_itself: bool = False
    _unsent: int = 0

    @property
    def alive(self) -> bool:
        """Whether there is a process, or one is to be forked."""
        return self.process is not None or bool(self.errand)

    def started(self, started: Started) -> None:
        """Take over what was started."""
        self.process, self.errand, self._unsent = started.process, started.errand, 0
        self.output, self.word, self.turn = started.output, started.word, started.turn

    def born(self, process: ProcessId) -> None:
        """The fork server says who it is; a signal that it was to get meanwhile is sent now."""
        self.process, self.errand = process, 0
        if self._unsent:
            self.signal(self._unsent)

    def give_turn(self) -> None:
        """Let it begin, where it waits for that."""
        turn, self.turn = self.turn, -1
        if turn >= 0:
            with contextlib.suppress(BrokenPipeError):  # it has died, and is reaped soon
                os.write(turn, b"!")
            os.close(turn)

    def signal(self, number: int, *, group: bool = False) -> None:
        """Send a signal to the process, or to its whole group. It is our child, so its pid cannot be another's."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if group:
                    with contextlib.suppress(ProcessLookupError):  # it leads no group in its first moment
                        os.killpg(self.process.pid, number)
                        return
                os.kill(self.process.pid, number)
        elif self.errand:
            self._unsent = number

    def drain(self) -> bool:
        """Move what a pipe holds (64 KiB) from the output to the log; False when no more will come."""
        try:
            data = os.read(self.output, _READ_BYTES)
        except BlockingIOError:
            return True
        self.log.write(data)
        return bool(data)

    def hear_word(self) -> Word:
        """What it says of its start; `gone` when it closed the pipe without a word."""
        try:
            said = os.read(self.word, 4096)
        except BlockingIOError:
            return "going on"
        if b"\n" in said:
            return "ready"
        return "going on" if said else "gone"

    def unborn(self, selector: selectors.BaseSelector) -> None:
        """What was to be forked is not: it is started otherwise, unless it is to stop."""
        self.put_away(selector)
        if self.state == "stopping":
            self.state = "waiting" if self.again else "stopped"
        elif self.state == "starting":
            self.state = "waiting"
            self.starts -= 1

    def put_away(self, selector: selectors.BaseSelector) -> None:
        """There is no process any more, and nothing to be heard from it."""
        for fd in (self.output, self.word):
            with contextlib.suppress(KeyError, ValueError):
                selector.unregister(fd)
        self.close()
        self.deadline = None

    def close(self) -> None:
        """Close the pipes and the log file."""
        for fd in (self.output, self.word, self.turn):
            if fd >= 0:
                os.close(fd)
        self.output = self.word = self.turn = -1
        self.process, self.errand = None, 0
        self.log.close()

    def record(self) -> dict[str, object]:
        """Its line in processes.json."""
        return {
            "name": self.spec.name,
            "state": self.state,
            "pid": self.process.pid if self.process else None,
            "start": self.process.start if self.process else None,
            "restarts": max(0, self.starts - 1),
            "last_exit": self.last_exit,
            "why": self.why,
        }


def exit_words(status: int) -> str:
    """A wait status in words: `status 3` or `signal SIGKILL`."""
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"status {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
