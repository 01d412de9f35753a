"""Generators rehearsed in real time, for those that live by the clock on the wall: as in a player, but for the sound.

Each is in its sandbox behind a gateway of its own, with the limits of every instance; two Redis servers of a jam that
nobody else is in; bars are told, frames are kept with the time at which they came.
"""

import asyncio
import contextlib
import ctypes
import functools
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final

from marmalade_sc.clock.clocks import JamClock, wait
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND, nanoseconds_to_units, units_to_milliseconds
from marmalade_sc.errors import FrameError, GeneratorError, JamError
from marmalade_sc.generators.archive import unpack
from marmalade_sc.generators.bars import Bars
from marmalade_sc.generators.gateway.policy import Scope
from marmalade_sc.generators.gateway.server import Gateway
from marmalade_sc.generators.notes import Notes
from marmalade_sc.generators.orchestra import orchestra_text
from marmalade_sc.generators.rehearsal.partner import Surroundings, environment
from marmalade_sc.generators.rehearsal.take import Account, Heard, Moved, Role, Take, Told, introduction
from marmalade_sc.generators.sandbox.cell import Cell
from marmalade_sc.generators.sandbox.launch import Quota, Sandbox
from marmalade_sc.generators.sandbox.watchdog import Watchdog
from marmalade_sc.generators.words import what_went_wrong
from marmalade_sc.jam import keys
from marmalade_sc.jam.servers import events_server, find_redis, redis_version, state_server
from marmalade_sc.jam.streams import FrameReader, StateLog
from marmalade_sc.sdk.frames import Frame
from marmalade_sc.sdk.instruments import Instrument

__all__ = ["rehearse_in_real_time"]

_LEAD_S: Final = 4.0
"""Programs begin so long before the first bar: Node takes most of a second in its sandbox."""
_GRACE_S: Final = 2.0
_LOOK_S: Final = 0.1
_KEPT: Final = 2000
_PR_SET_PDEATHSIG: Final = 1
_UP_S: Final = 20.0
_MEMORY_MB: Final = 128
QUOTA: Final = Quota()


@dataclass(slots=True)
class _Stage:
    """What all of them share."""

    around: Surroundings
    clock: JamClock
    timeline: Timeline
    state: Path
    events: Path
    watchdog: Watchdog = field(default_factory=Watchdog)


@dataclass(slots=True)
class _Player:
    role: Role
    account: Account
    gateway: Gateway
    cell: Cell


async def rehearse_in_real_time(
    roles: Sequence[Role],
    around: Surroundings,
    timeline: Timeline,
    start: int,
    end: int,
    *,
    is_lenient: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> Take:
    """Play from jam time `start` to `end`, as long as that takes. Arguments as those of `ensemble.rehearse`.

    Raises:
        GeneratorError: one of them ended by a fault.
        JamError: Redis cannot be started.
    """
    origin = start - round(_LEAD_S * UNITS_PER_SECOND) - nanoseconds_to_units(time.monotonic_ns())
    take = Take(roles, timeline, around.folder, is_real_time=True)
    with _servers(around.folder) as (state_path, events_path):
        stage = _Stage(around, JamClock(origin), timeline, state_path, events_path)
        state = StateLog(str(state_path), timeout_s=2.0)
        players: list[_Player] = []
        try:
            record: dict[str, object] = {"origin": str(origin), "timeline": timeline.to_json()}
            rows = [(key, fields, _KEPT) for role in roles for key, fields in introduction(role)]
            state.append(stage.clock.now(), [(keys.timeline(), record, _KEPT), *rows])
            for number, role in enumerate(roles):
                take.accounts[role.path] = Account()
                players.append(await _begin(role, number, stage, take))
            await _listen(take, stage, state, start, end, progress)
            take.told += sorted(_told(players, state, timeline), key=lambda each: (each.cycle, each.path, each.key))
        finally:
            for each in players:
                await _end(each, stage)
            state.close()
    for each in players:
        if each.account.is_fault and not is_lenient:
            words = what_went_wrong(each.account.lines)
            said = f" It said: {words}" if words else ""
            raise GeneratorError(f"{each.role.manifest.name}: {each.account.why}.{said}")
    return take


async def _begin(role: Role, number: int, stage: _Stage, take: Take) -> _Player:
    around, account = stage.around, take.accounts[role.path]
    home, gate = around.folder / f"home{number}", around.folder / f"gate{number}"
    await asyncio.to_thread(unpack, role.tree, home)
    gate.mkdir()
    gate.chmod(0o755)
    orchestra = gate / "orchestra.json"
    orchestra.write_text(orchestra_text(around.rows, role.sounds), encoding="utf-8")
    orchestra.chmod(0o444)
    named = _instruments([*around.rows, *role.sounds.rows])
    samples = {row[0]: (n, row[2], row[3]) for n, row in enumerate(role.sounds.samples)}
    gateway = Gateway(
        gate,
        stage.state,
        stage.events,
        Scope(role.path, role.grants),
        now_ms=lambda: units_to_milliseconds(stage.clock.now()),
        now=time.monotonic,
        notes=Notes(role.track, lambda: named, samples, lambda: stage.timeline, stage.clock.now),
        denied=account.deny,
        placed=lambda track: take.moved.append(Moved(stage.clock.now(), role.key, track)),
    )
    await gateway.open()
    sandbox = Sandbox(
        home,
        [f"/gen/{role.tree.entry_point}"],
        gate,
        environment(role, stage.clock.origin),
        QUOTA,
        None if around.uid is None else around.uid + number,
        around.library,
    )
    try:
        cell = await Cell.start(sandbox, account.keep_from)
    except BaseException:
        await gateway.close()
        raise
    stage.watchdog.add(cell.inner, QUOTA, cell.kill, account.keep_from)
    return _Player(role, account, gateway, cell)


async def _listen(
    take: Take, stage: _Stage, state: StateLog, start: int, end: int, progress: Callable[[float], None]
) -> None:
    """Tell bars and keep what is played, until jam time `end`."""
    bars = Bars()
    reader = FrameReader(str(stage.events), [role.key for role in take.roles], "0")
    counting = asyncio.create_task(_count(stage, state, bars))
    looking = asyncio.create_task(_look(stage.watchdog))
    try:
        while (now := stage.clock.now()) < end:
            entries, _ = await asyncio.to_thread(reader.read, min(0.05, (end - now) / UNITS_PER_SECOND))
            arrived = stage.clock.now()
            for key, _, fields in entries:
                try:
                    take.heard.append(Heard(arrived, key, Frame.read(fields)))
                except FrameError as error:
                    take.accounts[key.removeprefix("events:")].deny(error.message)
            if counting.done() or looking.done():
                (counting if counting.done() else looking).result()
            progress(min(1.0, max(0.0, (now - start) / (end - start))))
    finally:
        counting.cancel()
        looking.cancel()
        await asyncio.gather(counting, looking, return_exceptions=True)
        reader.close()


async def _count(stage: _Stage, state: StateLog, bars: Bars) -> None:
    while True:
        now = stage.clock.now()
        record = bars.due(stage.timeline, now)
        if record is not None:
            await asyncio.to_thread(state.append, now, [(keys.BARS, record, _KEPT)])
        await asyncio.sleep(0.01)


async def _look(watchdog: Watchdog) -> None:
    while True:
        watchdog.look()
        await asyncio.sleep(_LOOK_S)


async def _end(player: _Player, stage: _Stage) -> None:
    """Tell it to end, and put down what is known of it."""
    cell, account = player.cell, player.account
    watched = stage.watchdog.look_at(cell.inner)
    if watched is not None:
        account.cpu_s, account.memory = watched.cpu_s, watched.most_memory
    if cell.is_running:
        ending = await cell.stop(_GRACE_S, "")
        if ending.status in (-9, 137):
            account.remarks.append(f"It did not end within {_GRACE_S:g} s of SIGTERM, and was killed.")
    else:
        ending = await cell.wait()
        account.why = str(ending)
        account.is_fault = bool(ending.status or ending.reason)
    stage.watchdog.remove(cell.inner)
    account.lines = list(cell.lines)
    await player.gateway.close()


def _told(players: Sequence[_Player], state: StateLog, timeline: Timeline) -> Iterator[Told]:
    """What they have written, as far as the streams keep it."""
    for player in players:
        role = player.role
        for key in (*(f"tags:{role.path}:{name}" for name in sorted(player.gateway.scope.tags)), *sorted(role.grants)):
            for identifier, fields in state.since(key):
                milliseconds = int(identifier.partition("-")[0])
                cycle = timeline.cycle(round(Fraction(milliseconds, 1000) * UNITS_PER_SECOND))
                yield Told(cycle, role.path, key, fields)


def _instruments(rows: Sequence[Mapping[str, object]]) -> Mapping[str, Instrument]:
    """By name and alias."""
    named: dict[str, Instrument] = {}
    for row in rows:
        if row.get("kind") == "effect":
            continue
        instrument = Instrument.from_row(row)
        aliases = row.get("aliases")
        for name in (*(aliases if isinstance(aliases, list) else []), instrument.name):
            named[str(name)] = instrument
    return named


@contextlib.contextmanager
def _servers(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Two servers of a jam; their sockets.

    Raises:
        JamError: redis-server is missing, too old, or does not come up.
    """
    program = find_redis()
    version = redis_version(program)
    made = {name: folder / name for name in ("state", "events")}
    for path in made.values():
        path.mkdir(mode=0o700)
    sockets = made["state"] / "s", made["events"] / "s"
    servers = (
        state_server(program, version, socket=sockets[0], folder=made["state"], memory_mb=_MEMORY_MB),
        events_server(program, version, socket=sockets[1], folder=made["events"], memory_mb=_MEMORY_MB),
    )
    libc = ctypes.CDLL(None)
    start = functools.partial(
        subprocess.Popen,
        preexec_fn=lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL),  # killed with us, it leaves nothing behind
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    processes = []
    try:
        for server in servers:
            processes.append(start(server.argv))
        deadline = time.monotonic() + _UP_S
        for server, process in zip(servers, processes, strict=True):
            while not server.socket.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise JamError(f"{program} does not come up. `marmalade doctor` shows what is missing.")
                wait(0.005)
        yield sockets
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
