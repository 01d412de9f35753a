"""A stranger's set, played in a sandbox: started, listened to within bounds, and a source for a render. A wiring."""

import asyncio
import base64
import binascii
import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.packets import Packet
from marmalade_sc.errors import EvaluationError, FrameError, JobError, Where
from marmalade_sc.generators.library import SDK, library
from marmalade_sc.generators.sandbox.cell import Cell
from marmalade_sc.generators.sandbox.launch import Quota, Sandbox
from marmalade_sc.generators.sandbox.watchdog import Watchdog
from marmalade_sc.generators.words import what_went_wrong
from marmalade_sc.live.clockwork import Timing
from marmalade_sc.player.rendering.casting import surroundings
from marmalade_sc.player.rendering.render import START
from marmalade_sc.player.sounds.content import read_banks
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["Recital", "RecitedSet", "recited"]

_PARTS: Final = (
    *SDK,
    "live",
    "assist",
    "scores",
    "player",
    "worker/__init__.py",
    "worker/recital.py",
)
_LONGEST_LINE: Final = 256 << 10
_MOST_BYTES: Final = 256 << 20
_ANSWER_S: Final = 30.0
_LOOK_S: Final = 0.1
_QUOTA: Final = Quota(memory=1024 << 20, cpu=1.0, scratch=16 << 20)


@dataclass(frozen=True, slots=True)
class RecitedSet:
    """A set that is to be played, and how long."""

    code: str
    name: str
    bpm: float | None
    beats: Fraction
    seed: int
    cycles: Fraction | None
    seconds: float | None

    def request(self) -> str:
        """As the sandbox reads it."""
        return json.dumps(
            {
                "code": self.code,
                "name": self.name,
                "bpm": self.bpm,
                "beats": str(self.beats),
                "seed": self.seed,
                "cycles": None if self.cycles is None else str(self.cycles),
                "seconds": self.seconds,
            }
        )


class Recital:
    """What a set has played: a `Source` for renders."""

    def __init__(self) -> None:
        self.end = START
        self.complaints: list[str] = []
        self._frames: list[tuple[int, Frame]] = []
        self._is_done = False

    def take(self, line: bytes) -> bool:
        """Take in a line of the sandbox; whether it was the last.

        Raises:
            JobError: it says what cannot be.
            EvaluationError: the set has a mistake; with its place.
        """
        try:
            row = json.loads(line)
            if not isinstance(row, dict):
                raise ValueError("no object")
            if "error" in row:
                raise _mistake(row["error"])
            if "complaint" in row and len(self.complaints) < 20:
                self.complaints.append(str(row["complaint"])[:500])
            if "end" in row:
                end = int(row["end"])
                if not START < end < 1 << 50:
                    raise ValueError("an end beyond all measure")
                self.end = end
            if "frame" in row:
                self._frames.append((int(row["at"]), Frame.read(_fields(row["frame"]))))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error, FrameError) as error:
            raise JobError(f"The set's sandbox says what cannot be read ({error!r:.100})") from None
        return bool(row.get("done"))

    @property
    def share(self) -> float:
        """How far it is."""
        if not self._frames or self.end <= START:
            return 0.0
        return min(1.0, max(0.0, (self._frames[-1][0] - START) / (self.end - START)))

    def time_of(self, cycles: Fraction) -> int:
        """Raises JobError: only the set knows, and it has said where it ends."""
        raise JobError("A recital has no cycles")

    def run(self, dispatcher: Dispatcher, end: int) -> Iterator[tuple[int, list[Packet]]]:
        """See `Source`."""
        timing = Timing()
        now = START - timing.lookahead - timing.frame
        place = 0
        while now < end:
            while place < len(self._frames) and self._frames[place][0] <= now:
                dispatcher.accept(self._frames[place][1], "render", now)
                place += 1
            yield now, dispatcher.due(now)
            now += timing.frame


@contextlib.contextmanager
def recited(
    asked: RecitedSet, around: Surroundings, definitions: Definitions, progress: Callable[[float], None]
) -> Iterator[Recital]:
    """Play a set in a sandbox to its end.

    Raises:
        GeneratorError: there is no sandbox here.
        EvaluationError: the set has a mistake.
        JobError: it broke down, took too long, or says what cannot be.
    """
    with surroundings(around.places, definitions.rows) as stage:
        packages = library(around.places.root / "cache" / "recital", _PARTS)
        with tempfile.TemporaryDirectory(prefix="set-", dir=stage.folder) as name:
            folder = Path(name)
            folder.chmod(0o755)
            home, gate = folder / "home", folder / "gate"
            for each in (home, gate):
                each.mkdir()
                each.chmod(0o755)
            request = home / "set.json"
            request.write_text(asked.request(), encoding="utf-8")
            orchestra = gate / "orchestra.json"
            orchestra.write_text(_orchestra(around, definitions), encoding="utf-8")
            for path in (request, orchestra):
                path.chmod(0o444)
            argv = ["/rt/bin/python3", "-m", "marmalade_sc.worker.recital"]
            sandbox = Sandbox(home, argv, gate, {}, _QUOTA, stage.uid, packages)
            longest_s = around.settings.number("jobs.longest_s")
            yield asyncio.run(_listen(sandbox, gate / "recital.sock", longest_s, progress))


def _orchestra(around: Surroundings, definitions: Definitions) -> str:
    banks, _ = read_banks(around.places.root / "cache" / "synthdefs" / "render-banks.json")
    rows = [
        {
            "name": bank.name,
            "preferred": bank.preferred,
            "samples": [
                {"buffer": each.buffer, "channels": each.channels, "length_s": each.length_s} for each in bank.samples
            ],
        }
        for bank in banks
    ]
    return json.dumps({"instruments": list(definitions.rows), "banks": rows})


async def _listen(sandbox: Sandbox, path: Path, longest_s: float, progress: Callable[[float], None]) -> Recital:
    recital = Recital()
    met: asyncio.Future[asyncio.StreamReader] = asyncio.get_running_loop().create_future()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if met.done():
            writer.close()
        else:
            met.set_result(reader)

    server = await asyncio.start_unix_server(meet, str(path), limit=_LONGEST_LINE)
    path.chmod(0o666)
    cell = await Cell.start(sandbox)
    watchdog = Watchdog()
    watchdog.add(cell.inner, sandbox.quota, cell.kill)
    looking = asyncio.create_task(_look(watchdog))
    try:
        async with asyncio.timeout(longest_s):
            ended = asyncio.create_task(cell.wait())
            waiting: set[asyncio.Future[object]] = {cast("asyncio.Future[object]", each) for each in (ended, met)}
            await asyncio.wait(waiting, timeout=_ANSWER_S, return_when=asyncio.FIRST_COMPLETED)
            if not met.done():
                raise JobError(f"The set did not begin in its sandbox. {what_went_wrong(cell.lines)}".rstrip())
            await _read(met.result(), recital, cell, progress)
            ended.cancel()
    except TimeoutError:
        raise JobError("The set takes too long", hint="jobs.longest_s says how long a step may take.") from None
    finally:
        looking.cancel()
        server.close()
        cell.kill("the set is over")
        await cell.wait()
    return recital


async def _read(reader: asyncio.StreamReader, recital: Recital, cell: Cell, progress: Callable[[float], None]) -> None:
    size = 0
    while True:
        try:
            line = await asyncio.wait_for(reader.readline(), _ANSWER_S)
        except (ValueError, ConnectionError) as error:
            raise JobError(f"The set's sandbox says too much at once ({error})") from None
        except TimeoutError:
            raise JobError(f"The set says nothing for {_ANSWER_S:g} s", hint="Does it loop for ever?") from None
        if not line:
            raise JobError(f"The set broke off in its sandbox. {what_went_wrong(cell.lines)}".rstrip())
        size += len(line)
        if size > _MOST_BYTES:
            raise JobError(f"The set plays more than {_MOST_BYTES >> 20} MiB of notes")
        if recital.take(line):
            return
        progress(recital.share)


async def _look(watchdog: Watchdog) -> None:
    while True:
        watchdog.look()
        await asyncio.sleep(_LOOK_S)


def _mistake(row: object) -> EvaluationError:
    """A mistake in the set, in the sandbox's words: bounded and without control characters."""
    if not isinstance(row, dict):
        raise ValueError("an error that is no object")
    where = None
    place = row.get("where")
    if isinstance(place, dict):
        where = Where(
            _clean(place.get("source"), 200),
            min(1 << 30, max(1, int(place.get("line", 1)))),
            min(1 << 20, max(1, int(place.get("column", 1)))),
            _clean(place.get("text"), 2000),
            min(2000, max(1, int(place.get("length", 1)))),
        )
    return EvaluationError(_clean(row.get("message"), 2000), where=where, hint=_clean(row.get("hint"), 1000))


def _clean(value: object, most: int) -> str:
    return "".join(c if c.isprintable() else " " for c in str(value or ""))[:most]


def _fields(row: object) -> dict[bytes, bytes]:
    if not isinstance(row, dict):
        raise ValueError("a frame that is no object")
    return {
        str(name).encode(): base64.b64decode(value, validate=True) if name == "data" else str(value).encode()
        for name, value in row.items()
    }
