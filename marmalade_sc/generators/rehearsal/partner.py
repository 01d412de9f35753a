"""One generator in its sandbox that plays in step: asked for a frame, it answers with notes and writes.

What it answers is a stranger's: bounded in size and time, and taken apart before anything is done with it.
"""

import asyncio
import base64
import binascii
import contextlib
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import FrameError, GeneratorError
from marmalade_sc.generators.archive import unpack
from marmalade_sc.generators.orchestra import orchestra_text
from marmalade_sc.generators.rehearsal.take import Account, Role
from marmalade_sc.generators.sandbox.cell import Cell
from marmalade_sc.generators.sandbox.launch import Quota, Sandbox
from marmalade_sc.generators.sandbox.watchdog import Watchdog
from marmalade_sc.generators.words import what_went_wrong
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.sdk.lockstep import HELLO
from marmalade_sc.sdk.stage import LOCKSTEP

__all__ = ["Answer", "Partner", "Row", "Surroundings", "WallClockError", "environment"]

Row = tuple[str, int, int, Mapping[str, object]]
"""An entry of the jam's state: key, ms of jam time, number, fields."""

_LONGEST_LINE: Final = 4 << 20
_MOST_FRAMES: Final = 64
_MOST_WRITES: Final = 256
_MOST_FIELDS: Final = 16
_SLOW_S: Final = 0.025
_LAST_S: Final = 1.0
QUOTA: Final = Quota(cpu=1.0)
"""Faster than real time takes more than a quarter of a core."""


class WallClockError(GeneratorError):
    """It does not play in step: it was not written with the SDK."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where rehearsals take place.

    Attributes:
        folder: for files of instances and their sockets; goes afterwards.
        library: what Python inside imports from.
        rows: of the catalogue.
        uid: where we are root, the first of the users that instances become.
        budget_s: how long one may take in all for its answers.
        begin_s: until one has to have come to `jam.run()`. Several start at once, on machines with other work.
        answer_s: until a frame has to be answered.
    """

    folder: Path
    library: Path | None
    rows: Sequence[Mapping[str, object]]
    uid: int | None = None
    begin_s: float = 60.0
    answer_s: float = 30.0
    budget_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a frame made: frames for the dispatcher, and (key, fields as bytes) to be written."""

    frames: tuple[Frame, ...]
    writes: tuple[tuple[str, tuple[bytes, ...]], ...]
    size: int


def environment(role: Role, origin: int = 0) -> dict[str, str]:
    """The variables of an instance (docs/generators.md)."""
    return {
        "MARMALADE_SOCKET": "/run/jam/redis.sock",
        "MARMALADE_ORCHESTRA": "/run/jam/orchestra.json",
        "MARMALADE_INSTANCE": role.path,
        "MARMALADE_EVENTS": role.key,
        "MARMALADE_TAGS": f"tags:{role.path}:",
        "MARMALADE_TRACK": role.track,
        "MARMALADE_ORIGIN": str(origin),
        "MARMALADE_SEED": str(role.seed),
        "MARMALADE_CONTROLS": json.dumps(dict(role.controls)),
        "MARMALADE_INCARNATION": "1",
    }


class Partner:
    """See the module. Made by `start`; `close` ends it. For one event loop."""

    def __init__(self, role: Role, around: Surroundings, account: Account, watchdog: Watchdog) -> None:
        self.role = role
        self._around = around
        self.account = account
        self.is_there = True
        self._watchdog = watchdog
        self._cell: Cell | None = None
        self._server: asyncio.Server | None = None
        self._streams: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
        self._streams = asyncio.get_running_loop().create_future()
        self._told_timeline: Timeline | None = None

    @classmethod
    async def start(
        cls, role: Role, number: int, around: Surroundings, account: Account, watchdog: Watchdog
    ) -> "Partner":
        """Start it, and wait until it has come to `jam.run()`.

        Raises:
            WallClockError: it speaks as those do that were not written with the SDK.
            GeneratorError: it ended, or did not come to that in time.
        """
        partner = cls(role, around, account, watchdog)
        try:
            await partner._begin(number)
            return partner
        except BaseException:
            await partner.close()
            raise

    async def _begin(self, number: int) -> None:
        around = self._around
        home, gate = around.folder / f"home{number}", around.folder / f"gate{number}"
        await asyncio.to_thread(unpack, self.role.tree, home)
        gate.mkdir()
        gate.chmod(0o755)
        orchestra = gate / "orchestra.json"
        orchestra.write_text(orchestra_text(around.rows, self.role.sounds), encoding="utf-8")
        orchestra.chmod(0o444)
        path = gate / "redis.sock"
        self._server = await asyncio.start_unix_server(self._meet, os.fspath(path), limit=_LONGEST_LINE)
        path.chmod(0o666)
        argv = [f"/gen/{self.role.tree.entry_point}"]
        variables = environment(self.role) | {LOCKSTEP: "1"}
        uid = None if around.uid is None else around.uid + number
        sandbox = Sandbox(home, argv, gate, variables, QUOTA, uid, around.library)
        self._cell = cell = await Cell.start(sandbox, self.account.keep_from)
        self._watchdog.add(cell.inner, QUOTA, cell.kill, self.account.keep_from)
        ended = asyncio.create_task(cell.wait())
        waiting: set[asyncio.Future[object]] = {cast("asyncio.Future[object]", each) for each in (ended, self._streams)}
        done, _ = await asyncio.wait(waiting, timeout=around.begin_s, return_when=asyncio.FIRST_COMPLETED)
        if self._streams.done():
            ended.cancel()
            self._streams.result()
        elif done:
            self.account.why = f"{ended.result()} before it plays"
            raise GeneratorError(f"{self.role.manifest.name}: {self.account.why}.{self._last_words()}")
        else:
            ended.cancel()
            self.account.why = f"it did not come to jam.run() within {around.begin_s:g} s"
            raise GeneratorError(f"{self.role.manifest.name}: {self.account.why}.{self._last_words()}")

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Its first connection; whatever else it opens is closed again."""
        try:
            first = await reader.readline()
        except (OSError, ValueError):
            first = b""
        if self._streams.done() or not first:
            writer.close()
        elif first == HELLO:
            self._streams.set_result((reader, writer))
        else:
            writer.close()
            self._streams.set_exception(
                WallClockError(
                    f"{self.role.manifest.name} was not written with the SDK: it lives by the clock on the wall",
                    hint="Say --real-time, and it is played as long as it sounds.",
                )
            )

    async def ask(self, frame: int, entries: Sequence[Row], timeline: Timeline) -> Answer | None:
        """What it plays and writes in a frame; None from when it has ended of its own will.

        Raises:
            GeneratorError: it broke down, answers nonsense, or takes too long.
        """
        question: dict[str, object] = {"frame": frame, "entries": [list(each) for each in entries]}
        if timeline is not self._told_timeline:
            question["timeline"], self._told_timeline = timeline.to_json(), timeline
        reader, writer = self._streams.result()
        begun = time.monotonic()
        line = b""
        try:
            writer.write(json.dumps(question).encode() + b"\n")
            await writer.drain()
            line = await asyncio.wait_for(reader.readline(), self._around.answer_s)
        except TimeoutError:
            raise self._broken(f"gave no answer within {self._around.answer_s:g} s") from None
        except ValueError:
            raise self._broken(f"answers with more than {_LONGEST_LINE >> 20} MiB") from None
        except OSError:
            pass
        if not line.endswith(b"\n"):
            await self._gone()
            return None
        took = time.monotonic() - begun
        account = self.account
        account.frames += 1
        account.longest_s = max(account.longest_s, took)
        account.slow += took > _SLOW_S
        account.spent_s += took
        if account.spent_s > self._around.budget_s:
            raise self._broken(f"took {account.spent_s:.0f} s for its first {account.frames} frames")
        return self._read(line, frame)

    async def _gone(self) -> None:
        assert self._cell is not None
        try:
            ending = await asyncio.wait_for(self._cell.wait(), self._around.answer_s)
        except TimeoutError:
            raise self._broken("closed its socket") from None
        self.account.why = str(ending)
        self.is_there = False
        if ending.status or ending.reason:
            raise self._broken(str(ending))

    def _read(self, line: bytes, frame: int) -> Answer:
        try:
            found = json.loads(line)
            if found["frame"] != frame:
                raise ValueError("another frame")
            rows, writes, complaints = found["frames"], found["writes"], found["complaints"]
            if len(rows) > _MOST_FRAMES or len(writes) > _MOST_WRITES:
                raise ValueError("too much for one frame")
            frames = tuple(Frame.read(_fields(row)) for row in rows)
            made = tuple((str(key), _written(fields)) for key, fields in writes)
            self.account.complaints += [str(each)[:2000] for each in complaints[:20]]
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, FrameError) as error:
            raise self._broken(f"answers what cannot be read ({error!r:.100})") from None
        return Answer(frames, made, len(line))

    def _broken(self, what: str) -> GeneratorError:
        self.is_there = False
        self.account.is_fault = True
        self.account.why = self.account.why or what
        return GeneratorError(f"{self.role.manifest.name}: {what}.{self._last_words()}")

    def _last_words(self) -> str:
        words = what_went_wrong(self._cell.lines) if self._cell is not None else ""
        return f" It said: {words}" if words else ""

    async def close(self) -> None:
        """End it for certain, and put down what it has cost. Idempotent."""
        if self._server is not None:
            self._server.close()
            self._server = None
        cell, self._cell = self._cell, None
        watched = self._watchdog.look_at(cell.inner) if cell is not None else None
        if watched is not None:
            self.account.cpu_s, self.account.memory = watched.cpu_s, watched.most_memory
        is_met = self._streams.done() and not self._streams.cancelled() and self._streams.exception() is None
        if is_met:
            self._streams.result()[1].close()
        elif not self._streams.done():
            self._streams.cancel()
        if cell is None:
            return
        if is_met:  # nobody asks any more: it ends, with its last words
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(cell.wait()), _LAST_S)
        cell.kill("the rehearsal is over")
        self._watchdog.remove(cell.inner)
        with contextlib.suppress(asyncio.CancelledError):
            await cell.wait()
        self.account.lines = list(cell.lines)


def _fields(row: Mapping[str, str]) -> dict[bytes, bytes]:
    return {
        name.encode(): base64.b64decode(value, validate=True) if name == "data" else str(value).encode()
        for name, value in row.items()
    }


def _written(fields: Mapping[str, object]) -> tuple[bytes, ...]:
    """As they would be in a request (docs/state.md)."""
    from marmalade_sc.sdk.transport import encoded

    if len(fields) > _MOST_FIELDS:
        raise ValueError("too many fields")
    return tuple(part.encode() for name, value in fields.items() for part in (str(name), encoded(value)))
