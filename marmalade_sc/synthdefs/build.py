"""Builds a synthdef file in a forked child of a warm process, with limits of time and memory.

The child has supriya imported already (fork takes a few ms; the import alone takes 0.3 s), and whatever the
author's code does to it (loops, leaks, exits) ends with it.
"""

import contextlib
import json
import os
import resource
import select
import signal
import struct
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from marmalade_sc.clock.clocks import waited_s
from marmalade_sc.errors import SynthDefError, Where
from marmalade_sc.synthdefs.metadata import Definition

if TYPE_CHECKING:
    from marmalade_sc.synthdefs.compile import Built

__all__ = ["Limits", "build_in_child"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one build may use: seconds of time, and bytes beyond what the warm process has.

    Time without a processor does not count, up to `patience` times the seconds: on a busy machine the tutorial's own
    synthdef took more than five.
    """

    seconds: float = 5.0
    memory_bytes: int = 512 * 1024 * 1024
    patience: float = 6.0


def build_in_child(source: str, file: Path, limits: Limits, now: Callable[[], float] = time.monotonic) -> "Built":
    """Builds the text of a synthdef file in a child process; blocks until it is done or over its limits.

    Call it from a process with one thread, after `marmalade_sc.synthdefs.compile` was imported.

    Raises:
        SynthDefError: what `build_source` raises, or that the build took too long or ended without a result.
    """
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        # Python 3.12 warns when it forks beside threads: numpy's idle workers count, and our child starts none.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        _be_child(writing, source, file, limits)  # never returns
    os.close(writing)
    try:
        reply, is_late = _receive(reading, child, limits, now)
    finally:
        os.close(reading)
        for end in (os.killpg, os.kill):  # the group first; a child that is not its leader yet, by its own id
            with contextlib.suppress(ProcessLookupError, PermissionError):
                end(child, signal.SIGKILL)
        os.waitpid(child, 0)
    if is_late:
        raise _at_head(f"{file.name} took more than {limits.seconds:g} s to build", source, file, "look for a loop")
    if not reply:
        hint = "it ran out of memory, or ended its own process"
        raise _at_head(f"{file.name} ended without a result", source, file, hint)
    return _decode(reply)


def _receive(reading: int, child: int, limits: Limits, now: Callable[[], float]) -> tuple[bytes, bool]:
    """All that the child wrote, complete or nothing, and whether its time was over."""
    began = now()
    most = limits.seconds * limits.patience
    data = b""
    while True:
        rest = began + min(most, limits.seconds + waited_s(child)) - now()
        if rest <= 0:
            return b"", True
        if not select.select([reading], [], [], rest)[0]:
            continue
        part = os.read(reading, 1 << 16)
        data += part
        if len(data) >= 4 and len(data) - 4 >= struct.unpack_from(">I", data)[0]:
            return data[4:], False
        if not part:
            return b"", False


def _be_child(writing: int, source: str, file: Path, limits: Limits) -> None:
    """Everything the child does. Leaves by os._exit, so nothing of the parent's is flushed or cleaned up twice."""
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        os.dup2(writing, 3)
        os.closerange(4, 65536)  # the parent's sockets are none of the author's business
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        ceiling = pages * resource.getpagesize() + limits.memory_bytes
        resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        reply = _build(source, file)
        os.write(3, struct.pack(">I", len(reply)))
        while reply:
            reply = reply[os.write(3, reply) :]
    finally:
        os._exit(0)


def _build(source: str, file: Path) -> bytes:
    from marmalade_sc.synthdefs.compile import build_source

    try:
        built = build_source(source, file)
    except SynthDefError as error:
        where = error.where
        place = None if where is None else [where.source, where.line, where.column, where.text, where.length]
        return _packed({"error": error.message, "hint": error.hint, "where": place}, b"")
    except MemoryError:
        return _packed({"error": f"{file.name} needs too much memory", "hint": "", "where": None}, b"")
    return _packed({"definition": built.definition.to_json()}, built.data)


def _packed(head: dict[str, object], data: bytes) -> bytes:
    text = json.dumps(head).encode()
    return struct.pack(">I", len(text)) + text + data


def _decode(reply: bytes) -> "Built":
    from marmalade_sc.synthdefs.compile import Built

    (size,) = struct.unpack_from(">I", reply)
    head = json.loads(reply[4 : 4 + size])
    if "definition" in head:
        return Built(Definition.from_json(head["definition"]), reply[4 + size :])
    place = head["where"]
    raise SynthDefError(head["error"], where=None if place is None else Where(*place), hint=head["hint"])


def _at_head(message: str, source: str, file: Path, hint: str) -> SynthDefError:
    first = (source.splitlines() or [""])[0]
    return SynthDefError(message, where=Where(str(file), 1, 1, first), hint=hint)
