"""One step in a process of its own: begun, listened to, ended when it hangs, takes too long or is cancelled.

What it says is bounded and checked; its files are kept by their hash.
"""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from marmalade_sc.jobs.contracts import Contract
from marmalade_sc.jobs.depot import Depot
from marmalade_sc.player.base.abandoned import remove_passed
from marmalade_sc.player.base.processes import start_time
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["GO", "Carrier", "StepError", "StoppedError", "sweep"]

GO: Final = b"go"
"""What the forge is told, beside the descriptors of a step's input, output and errors."""
_MOST_OUTPUT: Final = 4 << 20
_WORDS: Final = 4000
_LOOK_S: Final = 0.25
_FORGE_S: Final = 60.0
_ENDED_S: Final = 1.0
"""A process that was killed is gone in milliseconds; then the folder that it had is nobody's."""


class StepError(Exception):
    """A step went wrong. `is_final`: the same again would go wrong again."""

    def __init__(self, message: str, *, is_final: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.is_final = is_final


class StoppedError(Exception):
    """A step was ended because nobody wants it any more."""


@dataclass(frozen=True, slots=True)
class _Process:
    given: int
    said: int
    words: int


class Carrier:
    """See the module. One thread at a time.

    Args:
        to_forge: the line to the forge, for steps that are done by ours.
        programs: programs for the others, by the step's name.

    Attributes:
        is_broken: whether the forge has ended, and nothing of ours can be done any more.
    """

    def __init__(
        self,
        around: Surroundings,
        depot: Depot,
        to_forge: socket.socket | None = None,
        programs: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        self._around = around
        self._depot = depot
        self._programs = programs
        self._silence_s = around.settings.number("jobs.silence_s")
        self._longest_s = around.settings.number("jobs.longest_s")
        self._line = to_forge
        self.is_broken = False

    def carry(
        self,
        contract: Contract,
        given: Mapping[str, object],
        progress: Callable[[float], None],
        is_wanted: Callable[[], bool],
    ) -> dict[str, object]:
        """Do a step; what it gives, its files as blobs.

        Args:
            progress: called with a share from 0 to 1, and now and then without news.
            is_wanted: asked some times a second.

        Raises:
            StepError: it went wrong, said nothing for too long, or took too long.
            StoppedError: it is not wanted any more.
            BlobError: a file is not there, or cannot be kept.
        """
        scratch = self._around.places.jobs / "work"
        scratch.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f"{os.getpid()}-", dir=scratch) as name:
            folder = Path(name)
            request = {
                "step": contract.name,
                "version": contract.version,
                "input": self._filled(given),
                "folder": str(folder),
            }
            with self._begun(contract, folder) as process:
                output = self._heard(process, json.dumps(request).encode(), progress, is_wanted)
            kept = self._kept(output, folder)
            assert isinstance(kept, dict)
            return kept

    def close(self) -> None:
        """Let the forge end. Idempotent."""
        if self._line is not None:
            self._line.close()

    # Files

    def _filled(self, value: object) -> object:
        """An input with the path of each blob beside its name."""
        if isinstance(value, Mapping):
            name = value.get("blob")
            if isinstance(name, str):
                return {"blob": name, "path": str(self._depot.fetch(name))}
            return {key: self._filled(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self._filled(each) for each in value]
        return value

    def _kept(self, value: object, folder: Path) -> object:
        """An output with its files as blobs."""
        if isinstance(value, dict):
            name = value.get("file")
            if isinstance(name, str):
                path = folder / name
                if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
                    raise StepError(f"It names the file {name!r:.80}, which it has not made", is_final=True)
                size = path.stat().st_size
                return {"blob": self._depot.take(path), "bytes": size}
            return {str(key): self._kept(each, folder) for key, each in value.items()}
        if isinstance(value, list):
            return [self._kept(each, folder) for each in value]
        return value

    # Processes

    @contextlib.contextmanager
    def _begun(self, contract: Contract, folder: Path) -> Iterator[_Process]:
        pipes = [os.pipe() for _ in range(3)]
        ours = (pipes[0][1], pipes[1][0], pipes[2][0])
        theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
        child: subprocess.Popen[bytes] | None = None
        forged = -1
        try:
            try:
                program = self._programs.get(contract.name)
                if program is None:
                    forged = self._forged(theirs)
                else:
                    child = subprocess.Popen(
                        program, stdin=theirs[0], stdout=theirs[1], stderr=theirs[2], cwd=folder, start_new_session=True
                    )
            except OSError as error:
                raise StepError(f"It cannot be started: {error.strerror}") from error
            finally:
                for each in theirs:
                    os.close(each)
            yield _Process(*ours)
        finally:
            if forged >= 0:  # what it has started ends with it
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(forged, signal.SIGKILL)
                select.select([forged], [], [], _ENDED_S)
                os.close(forged)
                remove_passed()
            if child is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()
            for each in ours:
                with contextlib.suppress(OSError):
                    os.close(each)

    def _forged(self, descriptors: list[int]) -> int:
        """A step begun by the forge: a descriptor of its process."""
        try:
            if self._line is None:
                raise ValueError("there is none")
            socket.send_fds(self._line, [GO], descriptors)
            return os.pidfd_open(int(self._answer(self._line)))
        except (OSError, ValueError) as error:
            self.is_broken = True
            raise StepError(f"The process that does steps has ended ({error})") from None

    @staticmethod
    def _answer(line: socket.socket) -> str:
        line.settimeout(_FORGE_S)
        text = b""
        while not text.endswith(b"\n"):
            part = line.recv(64)
            if not part:
                raise ValueError("it has closed its line")
            text += part
        return text.decode().strip()

    # Listening

    def _heard(
        self,
        process: _Process,
        request: bytes,
        progress: Callable[[float], None],
        is_wanted: Callable[[], bool],
    ) -> Mapping[str, object]:
        os.set_blocking(process.given, False)
        open_ = {process.said, process.words}
        rest, words, size = b"", b"", 0
        begun = heard = time.monotonic()
        while process.said in open_:
            waiting = [process.given] if request else []
            readable, writable, _ = select.select(list(open_), waiting, [], _LOOK_S)
            now = time.monotonic()
            if writable:
                request = _written(process.given, request)
                if not request:
                    os.close(process.given)
            for each in readable:
                data = os.read(each, 1 << 16)
                if not data:
                    open_.discard(each)
                elif each == process.words:
                    words = (words + data)[-_WORDS:]
                else:
                    heard = now
                    rest += data
                    size += len(data)
            *lines, rest = rest.split(b"\n")
            for line in lines:
                found = _row(line)
                if "output" in found or "error" in found:
                    return _output(found)
                progress(_share(found))
            if size > 16 * _MOST_OUTPUT or len(rest) > _MOST_OUTPUT:
                raise StepError("It says too much", is_final=True)
            if now - heard > self._silence_s:
                raise StepError(f"It has said nothing for {self._silence_s:g} s")
            if now - begun > self._longest_s:
                raise StepError(f"It took more than {self._longest_s:g} s", is_final=True)
            if not is_wanted():
                raise StoppedError
        said = words.decode(errors="replace").strip()
        raise StepError(f"It ended without an answer.{' It said: ' + said[-_WORDS:] if said else ''}")


def sweep(work: Path) -> None:
    """Remove the working folders of workers that were killed."""
    for folder in work.glob("*-*"):
        pid = folder.name.partition("-")[0]
        if pid.isdecimal() and start_time(int(pid)) is None:
            shutil.rmtree(folder, ignore_errors=True)


def _written(descriptor: int, data: bytes) -> bytes:
    """What is left of `data`; nothing where nobody reads."""
    try:
        return data[os.write(descriptor, data[: 1 << 16]) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return b""


def _row(line: bytes) -> Mapping[str, object]:
    try:
        found = json.loads(line)
        if not isinstance(found, dict):
            raise ValueError("no object")
    except (ValueError, RecursionError):
        raise StepError(f"It says what is no JSON object: {line[:80]!r}") from None
    return found


def _share(found: Mapping[str, object]) -> float:
    value = found.get("progress", 0.0)
    return min(1.0, max(0.0, float(value))) if isinstance(value, int | float) else 0.0


def _output(found: Mapping[str, object]) -> Mapping[str, object]:
    error = found.get("error")
    if isinstance(error, dict):
        raise StepError(str(error.get("message"))[:_WORDS], is_final=error.get("is_final") is True)
    output = found.get("output")
    if not isinstance(output, dict):
        raise StepError("Its output is no object", is_final=True)
    return output
