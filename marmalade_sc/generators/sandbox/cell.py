"""One running sandbox: started, told to end, ended for certain; its last words kept. For an event loop."""

import asyncio
import contextlib
import json
import os
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

from marmalade_sc.errors import PlayerError
from marmalade_sc.generators.sandbox.launch import Sandbox, command
from marmalade_sc.generators.sandbox.witness import Witness

__all__ = ["Cell", "Ending"]

_STARTED_S: Final = 10.0
_PENALTY_S: Final = 0.1
_KEPT: Final = 64
_LONGEST_LINE: Final = 400


@dataclass(frozen=True, slots=True)
class Ending:
    """Why a sandbox has ended: its status, the signal that ended it, and our reason when it was us."""

    status: int
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            return self.reason
        if self.status == 125:
            return "its sandbox could not be built"
        if self.status == 0:
            return "its program came to its end"
        number = -self.status if self.status < 0 else self.status - 128
        if 0 < number < 65:
            return f"it was ended by {signal.Signals(number).name}"
        return f"it ended with status {self.status}"


class Cell:
    """See the module. Made by `start`.

    Attributes:
        pid: of bubblewrap.
        inner: of process 1 of its namespace, as the player sees it: killed, it takes all others with it.
        lines: the last lines of its output, without control characters.
        refused: bytes of output beyond its quota that were thrown away.
    """

    def __init__(self, sandbox: Sandbox, process: asyncio.subprocess.Process, inner: int, status: BinaryIO) -> None:
        self.sandbox = sandbox
        self._status = status  # open to the end: bubblewrap writes there when it ends, and dies of a closed pipe
        self.pid = process.pid
        self.inner = inner
        self.lines: deque[str] = deque(maxlen=_KEPT)
        self.refused = 0
        self._process = process
        self._reason = ""
        self._witness: Witness | None = None
        self._denied: Callable[[str, str], None] | None = None
        self._budget = float(sandbox.quota.output)
        self._read_at = asyncio.get_running_loop().time()
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def start(cls, sandbox: Sandbox, denied: Callable[[str, str], None] | None = None) -> "Cell":
        """Start a sandbox and wait until its namespace is there.

        Args:
            denied: called, from any thread, with who refuses something, and what.

        Raises:
            PlayerError: bubblewrap did not start it; has its words.
        """
        witness = None
        if denied is not None and sandbox.sockets is not None:
            witness = Witness(sandbox.sockets, lambda name: denied("filter", f"the system call {name}"))
            sandbox = replace(sandbox, is_witnessed=True)
        try:
            found = await cls._started(sandbox)
        except PlayerError:
            if witness is not None:
                witness.close()
            raise
        found._witness = witness
        found._denied = denied
        return found

    @classmethod
    async def _started(cls, sandbox: Sandbox) -> "Cell":
        try:
            receiving, sending = os.pipe()
        except OSError as error:
            raise PlayerError(f"No sandbox can be started: {error.strerror}") from error
        try:
            process = await asyncio.create_subprocess_exec(
                *command(sandbox, sending),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                pass_fds=(sending,),
                env={},
                start_new_session=True,
            )
        except OSError as error:
            os.close(receiving)
            raise PlayerError(f"bubblewrap cannot be started: {error.strerror}") from error
        finally:
            os.close(sending)
        try:
            stream = os.fdopen(receiving, "rb", buffering=0)
            inner = await asyncio.wait_for(asyncio.to_thread(_child_pid, stream), _STARTED_S)
        except TimeoutError:
            process.kill()
            stream.close()
            raise PlayerError("bubblewrap did not start the sandbox in time") from None
        if not inner:
            assert process.stdout is not None
            words = (await process.stdout.read(2000)).decode(errors="replace").strip()
            await process.wait()
            stream.close()
            raise PlayerError(f"The sandbox could not be built: {words or 'no reason was given'}")
        return cls(sandbox, process, inner, stream)

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    async def wait(self) -> Ending:
        """How it ended, when it has."""
        status = await self._process.wait()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self._status.close()
        if self._witness is not None:
            self._witness.close()
        return Ending(status, self._reason)

    async def stop(self, grace_s: float, reason: str = "it was stopped") -> Ending:
        """Tell it to end (SIGTERM to its program), and end it `grace_s` later."""
        if not self.is_running:
            return await self.wait()
        self._reason = self._reason or reason
        self.signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            return await asyncio.wait_for(asyncio.shield(self.wait()), grace_s)
        self.kill(reason)
        return await self.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to its program: process 1 of a namespace itself takes no other than SIGKILL."""
        for pid in children_of(self.inner) or [self.inner]:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)

    def kill(self, reason: str) -> None:
        """End it and all its children now.

        Process 1 of the namespace first: killing only the outer bubblewrap in its first milliseconds leaves the inner
        one waiting for ever (sandbox.md 1.3).
        """
        self._reason = self._reason or reason
        for pid in (self.inner, self.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        rest = b""
        while data := await stream.read(1 << 16):
            allowed = self._allowed(len(data))
            rest = self._keep(rest + data[:allowed])
            if allowed < len(data) and self._denied is not None:
                self._denied("output", f"text beyond {self.sandbox.quota.output >> 10} KiB a minute")
            if allowed < len(data):  # let it wait: thrown away as fast as it comes, a flood cost a whole core here
                await asyncio.sleep(_PENALTY_S)
        if rest:
            self.lines.append(_plain(rest))

    def _allowed(self, size: int) -> int:
        now = asyncio.get_running_loop().time()
        quota = self.sandbox.quota.output
        self._budget = min(quota, self._budget + (now - self._read_at) * quota / 60)
        self._read_at = now
        allowed = min(size, int(self._budget))
        self._budget -= allowed
        self.refused += size - allowed
        return allowed

    def _keep(self, data: bytes) -> bytes:
        *lines, rest = data.split(b"\n")
        self.lines.extend(_plain(line) for line in lines[-_KEPT:])
        return rest[-_LONGEST_LINE:]


def children_of(pid: int) -> list[int]:
    """The children of a process, now."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:  # noqa: PTH123
            return [int(each) for each in file.read().split()]
    except OSError:
        return []


def _child_pid(stream: BinaryIO) -> int:
    """What bubblewrap tells first: one JSON object on a line, in pieces; 0 when it ends before."""
    line = b""
    while not line.endswith(b"\n"):
        piece = stream.read(1)
        if not piece:
            return 0
        line += piece
    try:
        found = json.loads(line)
    except ValueError:
        return 0
    pid = found.get("child-pid") if isinstance(found, dict) else None
    return pid if isinstance(pid, int) else 0


def _plain(line: bytes) -> str:
    text = line[:_LONGEST_LINE].decode(errors="replace")
    return "".join(each if each.isprintable() else " " for each in text)
