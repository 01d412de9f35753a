"""A player started, joined, asked and ended: what the command line does with the supervisor. A wiring."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from marmalade_sc.errors import MarmaladeError, PlayerError
from marmalade_sc.ids import check_name
from marmalade_sc.jam.jams import Jams
from marmalade_sc.player.base.directory import holder, make
from marmalade_sc.player.base.processes import ProcessId, wait_for_end
from marmalade_sc.player.supervision.children import python_argv, python_env
from marmalade_sc.player.supervision.jacklog import last_words
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places

__all__ = ["Status", "choose", "detach", "move", "run", "start", "status", "stop", "switch"]

_START_S = 30.0
_STOP_S = 15.0
_LOG_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Status:
    """A running player: its supervisor and the entries of processes.json."""

    supervisor: ProcessId
    jam: str
    processes: tuple[Mapping[str, object], ...]

    @property
    def ready(self) -> frozenset[str]:
        """Names of the processes that can be used."""
        return frozenset(str(entry.get("name")) for entry in self.processes if entry.get("state") == "running")

    def settled(self, name: str) -> bool:
        """Whether a process runs, or was given up."""
        states = (entry.get("state") for entry in self.processes if entry.get("name") == name)
        return any(state in ("running", "failed") for state in states)

    def starts(self, name: str) -> object:
        """What tells one start of a process from the next: its pid; None while there is none."""
        return next((entry.get("pid") for entry in self.processes if entry.get("name") == name), None)

    @property
    def is_up(self) -> bool:
        """Whether every process runs or was given up."""
        states = [entry.get("state") for entry in self.processes]
        return bool(states) and all(state in ("running", "failed") for state in states)


def run(places: Places, options: Mapping[str, str], jam: str | None, say: Callable[[str], None]) -> int:
    """Run a player here until it is stopped; the exit status.

    Raises:
        MarmaladeError: a setting, the directory or the jam cannot be used. Once it runs, trouble is said, not raised.
    """
    # For this process only: whoever starts a player, or asks how it is, does not wait for the supervisor's imports.
    from marmalade_sc.player.base.directory import PlayerDirectory, clear
    from marmalade_sc.player.supervision.guard import guarded
    from marmalade_sc.player.supervision.specs import Plan
    from marmalade_sc.player.supervision.supervisor import Supervisor

    # Checked before the fork, so that a mistake of the user is an exception here and not a dead child.
    load(places.config, options=options)
    if (other := holder(places)) is not None:
        raise PlayerError(f"A player (process {other.pid}) already uses {places.root}. `marmalade shell` joins it.")
    make(places)
    choose(places, options, jam)

    def supervise() -> int:
        try:
            with PlayerDirectory.open(places) as directory:
                for line in directory.cleaned:
                    say(line)
                plan = Plan(places, options)
                try:
                    Supervisor(plan, record=places.processes, logs=places.logs, say=say, watch=plan.watch).run()
                finally:
                    plan.clean()
        except MarmaladeError as error:
            say(str(error))
            return 1
        return 0

    code = guarded(supervise)
    clear(places, Plan(places, options).clean)
    return code


def choose(places: Places, options: Mapping[str, str], jam: str | None) -> str:
    """Make the jam that is to be played, and make it the current one.

    Raises:
        IdError, JamError: it is no name, or it cannot be made.
    """
    jams = Jams(places, load(places.config, options=options).text("jam.name"))
    name = jams.current if jam is None else jam
    jams.make(name, datetime.now(UTC))
    jams.choose(name)
    return name


def start(
    places: Places,
    options: Mapping[str, str],
    jam: str | None = None,
    enough: frozenset[str] = frozenset(),
    meanwhile: Callable[[], None] = lambda: None,
) -> Status:
    """Start a player in the background and return when all its processes are ready. Joins one that runs.

    Args:
        enough: return as soon as these processes are ready; the others go on starting.
        meanwhile: called once while the player starts; not where one runs.

    Raises:
        PlayerError: it ended at once, or comes no further for 30 s; with its last words and where its log is. Or one
            runs in another jam: a newcomer does not take it away.
        MarmaladeError: as for `run`.
    """
    if jam is not None:
        check_name(jam, "jam")
    if (running := status(places)) is not None:
        if jam is not None and jam != running.jam:
            raise PlayerError(
                f"The player that runs plays the jam {running.jam}. `marmalade jam switch {jam}` moves it."
            )
        return running
    load(places.config, options=options)
    make(places)
    log = places.logs / "supervisor.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    sets = [word for key, value in options.items() for word in ("--set", f"{key}={value}")]
    jams = ["--jam", jam] if jam is not None else []
    alive, alive_end = os.pipe()
    try:
        command = python_argv(
            "marmalade_sc", "--dir", str(places.root), *sets, "player", "run", "--detached", str(alive_end), *jams
        )
        with log.open("ab") as output:
            before = output.tell()
            # Ends at once: what it leaves behind is the player, no child of ours, so that nobody here has to reap it.
            starting = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **python_env()},
                pass_fds=(alive_end,),
                start_new_session=True,
            )
    finally:
        os.close(alive_end)
    try:
        meanwhile()
    finally:
        starting.wait()
    try:
        return _awaited(places, alive, log, before, enough)
    except PlayerError:  # setup that fails undoes itself: the next start would join what cannot play
        stop(places)
        raise
    finally:
        os.close(alive)


def detach(alive: int) -> None:
    """Go on in a child and let this process end: the caller waits for nothing but the pipe's end `alive`.

    The supervisor and its guard keep that descriptor, and what they start does not: it closes when both have ended.
    """
    os.set_inheritable(alive, False)
    if os.fork():
        os._exit(0)


def _awaited(places: Places, alive: int, log: Path, before: int, enough: frozenset[str]) -> Status:
    deadline, steps = time.monotonic() + _START_S, set[object]()
    while time.monotonic() < deadline:
        # Returns at once when the player ends; 10 ms is how much later than possible a start may be noticed.
        if select.select([alive], [], [], 0.01)[0]:
            raise PlayerError(f"The player did not start: {_last_words(log, before)}")
        found = status(places)
        if found is not None and (found.is_up or (enough and enough <= found.ready)):
            return found
        if (step := _step(places, found)) not in steps:
            deadline = time.monotonic() + _START_S
            steps.add(step)
    raise PlayerError(
        f"The player has come no further for {_START_S:g} s. {_unready(places)} See the logs in {places.logs}."
    )


def _step(places: Places, found: Status | None) -> tuple[object, ...]:
    """How far a start has come; the synthdefs of a first one take minutes on a slow or busy machine."""
    try:
        built = (places.root / "cache" / "synthdefs").stat().st_mtime_ns
    except OSError:
        built = 0
    return (built, frozenset() if found is None else found.ready)


def stop(places: Places) -> bool:
    """End the player of this directory and wait until it is gone; whether there was one.

    Raises:
        PlayerError: it does not end within 15 s; it is killed then, and the kernel ends what it started.
    """
    process = holder(places)
    if process is None:
        return False
    os.kill(process.pid, signal.SIGTERM)
    if not wait_for_end(process, _STOP_S):
        os.kill(process.pid, signal.SIGKILL)
        raise PlayerError(f"The player (process {process.pid}) did not end within {_STOP_S:g} s and was killed.")
    return True


def status(places: Places) -> Status | None:
    """The player that runs in this directory, or None. Asks nobody: reads what the supervisor keeps."""
    process = holder(places)
    if process is None:
        return None
    try:
        record = json.loads(places.processes.read_text(encoding="utf-8"))
        # One that was killed leaves its record, until the next has cleaned up behind it.
        entries = record["processes"] if record["supervisor"]["pid"] == process.pid else []
    except (OSError, ValueError, KeyError, TypeError):
        entries = []
    return Status(process, Jams(places).current, tuple(entries))


def switch(places: Places, jam: str) -> bool:
    """Make `jam` the current one; a player that runs moves there. Whether one runs.

    Raises:
        IdError, UnknownNameError, JamError: it is no jam, or the choice cannot be written.
    """
    Jams(places).choose(jam)
    process = holder(places)
    if process is None:
        return False
    os.kill(process.pid, signal.SIGUSR1)
    return True


def move(places: Places, jam: str) -> bool:
    """`switch`, and return when the player can be spoken to again, in the other jam. Whether one runs.

    Raises:
        IdError, UnknownNameError, JamError: it is no jam, or the choice cannot be written.
        PlayerError: the player is not there within 30 s.
    """
    older = status(places)
    if not switch(places, jam):
        return False
    if older is None or older.jam == jam:
        return True
    left = older.starts("hub")
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        found = status(places)
        if found is None:
            break
        if found.is_up and found.starts("hub") != left:
            return True
        time.sleep(0.02)
    raise PlayerError(f"The player has not reached the jam {jam}. {_unready(places)} See the logs in {places.logs}.")


def _last_words(log: Path, start: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(start)
            words = file.read(_LOG_BYTES).decode(errors="replace").strip()
    except OSError:
        words = ""
    return words.removeprefix("marmalade: ") or f"it said nothing. See {log}."


def _unready(places: Places) -> str:
    found = status(places)
    waiting = (
        [
            f"{e.get('name')} is {e.get('state')}{_last_line(places, str(e.get('name')))}"
            for e in found.processes
            if e.get("state") != "running"
        ]
        if found
        else []
    )
    return "; ".join(waiting) + "." if waiting else ""


def _last_line(places: Places, name: str) -> str:
    """What a process that is not ready has said last, in brackets."""
    try:
        words = (places.logs / f"{name}.log").read_bytes()[-4096:].decode(errors="replace").split("\n")
    except OSError:
        return ""
    said = last_words(words)
    return f" ({said.rstrip('.'):.200})" if said else ""
