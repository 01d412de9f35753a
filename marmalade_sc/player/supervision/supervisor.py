"""The supervisor: starts the player's processes in order, restarts what dies with what stands on it, ends all."""

import contextlib
import json
import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from marmalade_sc.player.base.directory import written_aside
from marmalade_sc.player.base.logs import RotatedLog
from marmalade_sc.player.base.processes import ProcessId, children_of
from marmalade_sc.player.supervision.children import ProcessSpec, become_subreaper, spawn
from marmalade_sc.player.supervision.entries import Entry, exit_words
from marmalade_sc.player.supervision.forking import Forks
from marmalade_sc.player.supervision.jacklog import last_words
from marmalade_sc.player.supervision.restarts import LIMIT, WINDOW_S, dependents, ordered, restart_delay_s

__all__ = ["USELESS_STATUS", "Supervisor"]

USELESS_STATUS = 78
"""Exit status (EX_CONFIG) of a process that no restart can help: a wrong setting, a missing program."""

_LOOK_S = 0.005
# How often the socket of a process that starts is looked at: redis-server takes 10 to 17 ms, jackd 20 ms.
_WATCH_S = 2.0
_RESTART_STOP_S = 1.0
# Grace of what is stopped only because something under it died: on stage a short gap beats a tidy end.


class Supervisor:
    """Runs the processes of `plan` until it is told to stop. Only for the main thread of a process without others.

    Args:
        plan: gives the processes; asked at the start and whenever one that `renews` died or `watch` says so. What it
            adds is started, what it drops is stopped, what it changes is restarted.
        record: where the state of all processes is kept, as JSON.
        logs: the folder of their logs.
        say: takes each line for the user.
        watch: asked every 2 s; the name of a process to restart because the world changed, and why.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        plan: Callable[[], Sequence[ProcessSpec]],
        *,
        record: Path,
        logs: Path,
        say: Callable[[str], None],
        watch: Callable[[], tuple[str, str] | None] = lambda: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._record = record
        self._logs = logs
        self._say = say
        self._watch = watch
        self._now = now
        self._entries: dict[str, Entry] = {}
        self._selector = selectors.DefaultSelector()
        self._forks = Forks()
        self._lifeline = (-1, -1)
        self._asked_to_stop = False
        self._asked_to_renew = False
        self._stopping = False
        self._told_ready = False
        self._next_watch = 0.0
        self._last_record = ""
        self._last_worry = ""

    def run(self) -> None:
        """Run until SIGTERM, SIGINT or SIGHUP; every process has ended when this returns. SIGUSR1: plan anew.

        Raises:
            OSError: the kernel refuses what supervision needs.
            MarmaladeError: the first plan cannot be made.
        """
        become_subreaper()
        self._lifeline = os.pipe()
        wake, wake_end = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(wake_end, False)
        self._selector.register(wake, selectors.EVENT_READ)
        old = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        old_wakeup = signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        try:
            self._adopt(self._plan())
            while not (self._stopping and not any(e.alive for e in self._entries.values())):
                self._turn(wake)
        finally:
            self._end_everything()
            signal.set_wakeup_fd(old_wakeup)
            for number, handler in old.items():
                signal.signal(number, handler)
            self._selector.close()
            for fd in (wake, wake_end, *self._lifeline):
                os.close(fd)

    def stop(self) -> None:
        """Have `run` end everything in order and return. Harmless when repeated, and from a signal handler."""
        self._asked_to_stop = True

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGUSR1:
            self._asked_to_renew = True
        elif number != signal.SIGCHLD:
            self.stop()

    def _turn(self, wake: int) -> None:
        now = self._now()
        if self._asked_to_stop and not self._stopping:
            self._stopping = True
            self._tell("Stopping.")
        if self._asked_to_renew and not self._stopping:
            self._asked_to_renew = False
            self._renew()
        self._advance(now)
        self._write_record()
        for key, _ in self._selector.select(self._sleep_s(now)):
            if key.fd == wake:
                with contextlib.suppress(BlockingIOError):
                    os.read(wake, 4096)
            elif key.data is None:
                for line in self._forks.deliver(self._entries.values(), self._selector):
                    self._tell(line)
            else:
                self._hear(key.data, key.fd)
        self._reap()

    def _advance(self, now: float) -> None:
        """All that time or the state of others brings about: starts, stops, deadlines."""
        if not self._stopping and now >= self._next_watch:
            self._next_watch = now + _WATCH_S
            self._forks.keep(self._entries.values(), self._selector)
            self._look_around()
        for entry in self._entries.values():
            if entry.state == "starting" and entry.spec.ready.is_so():
                self._is_ready(entry)
            if entry.deadline is not None and now >= entry.deadline:
                self._overdue(entry)
            if self._stopping:
                self._stop_in_turn(entry)
            elif entry.state == "waiting" and now >= entry.not_before:
                if self._may_start(entry):
                    self._start(entry)
                elif entry.spec.waits and not entry.alive and self._may_come(entry):
                    self._spawn(entry)

    def _look_around(self) -> None:
        try:
            found = self._watch()
        except Exception as error:
            # A mistake in config.toml, saved in the middle of a set, must not end the set. Said once.
            if str(error) != self._last_worry:
                self._last_worry = str(error)
                self._tell(f"The sound is not watched for now: {error}")
            return
        self._last_worry = ""
        if found is not None:
            self._restart(*found)

    def _tell(self, line: str) -> None:
        # A full disk or a terminal that is gone costs the message, never the sound.
        with contextlib.suppress(OSError, ValueError):
            self._say(line)

    def _sleep_s(self, now: float) -> float:
        times = [self._next_watch] if not self._stopping else []
        for entry in self._entries.values():
            if entry.deadline is not None:
                times.append(entry.deadline)
            if entry.state == "starting" and entry.spec.ready.path is not None:
                times.append(now + _LOOK_S)
            if entry.state == "waiting" and entry.not_before > now:
                times.append(entry.not_before)
        return max(0.0, min(times, default=now + _WATCH_S) - now)

    def _may_start(self, entry: Entry) -> bool:
        # One that failed for good does not hold up those that only come after it, such as everything behind Redis.
        after = [self._entries[name].state for name in entry.spec.after]
        return all(self._entries[name].state == "running" for name in entry.spec.needs) and all(
            state in ("running", "failed") for state in after
        )

    def _may_come(self, entry: Entry) -> bool:
        """Whether it is worth to have it wait: nothing that it needs was given up."""
        return all(self._entries[name].state != "failed" for name in entry.spec.needs)

    def _start(self, entry: Entry) -> None:
        if not entry.alive and not self._spawn(entry):
            return
        entry.state, entry.why = "starting", ""
        entry.starts += 1
        entry.deadline = self._now() + entry.spec.ready_s
        entry.give_turn()

    def _spawn(self, entry: Entry) -> bool:
        """Whether there is a process now; it begins when it is told to, where it `waits`."""
        try:
            asked = self._forks.ask(entry.spec, self._lifeline[0]) if not entry.by_itself else None
            entry.started(asked or spawn(entry.spec, self._lifeline[0]))
        except OSError as error:
            self._died(entry, f"it could not be started: {error}")
            return False
        for fd in (entry.output, entry.word):
            self._selector.register(fd, selectors.EVENT_READ, entry.spec.name)
        return True

    def _hear(self, name: str, fd: int) -> None:
        entry = self._entries.get(name)
        if entry is None or fd not in (entry.output, entry.word):
            return
        if fd == entry.output:
            if not entry.drain():
                self._selector.unregister(fd)
        elif (word := entry.hear_word()) == "going on":
            if entry.state == "starting":  # slow is not hung: on a busy machine a first start takes minutes
                entry.deadline = self._now() + entry.spec.ready_s
        else:
            self._selector.unregister(fd)
            if word == "ready" and entry.state == "starting":
                self._is_ready(entry)

    def _is_ready(self, entry: Entry) -> None:
        entry.state, entry.deadline = "running", None
        if entry.starts > 1:
            self._tell(f"{entry.spec.name} is back.")
        if not self._told_ready and all(e.state in ("running", "failed") for e in self._entries.values()):
            self._told_ready = True
            self._tell("All processes are ready.")

    def _overdue(self, entry: Entry) -> None:
        entry.deadline = None
        if entry.state == "starting":
            entry.why = f"not ready within {entry.spec.ready_s:g} s"
        if entry.errand:  # the fork server hangs; when it is gone all that it was asked for is started otherwise
            self._forks.end()
        entry.signal(signal.SIGKILL, group=True)

    def _reap(self) -> None:
        reaped = False
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            reaped = True
            self._forks.reaped(pid)
            entry = next((e for e in self._entries.values() if e.process and e.process.pid == pid), None)
            if entry is not None:
                self._ended(entry, exit_words(status))
        if reaped:
            self._end_orphans()

    def _ended(self, entry: Entry, how: str) -> None:
        entry.drain()
        entry.put_away(self._selector)
        entry.last_exit = how
        if entry.state == "stopping":
            entry.state = "waiting" if entry.again else "stopped"
        else:
            self._died(entry, f"{entry.why}, {how}" if entry.why else how)

    def _died(self, entry: Entry, how: str) -> None:
        """A death nobody asked for: start it again, with all that needs it, unless it died too often."""
        name, now = entry.spec.name, self._now()
        entry.state, entry.why = "waiting", how
        if self._stopping:
            return
        entry.deaths = [*(death for death in entry.deaths if now - death < WINDOW_S), now]
        delay = restart_delay_s(entry.deaths, now)
        last = f" Its last words: {said}" if (said := last_words(entry.log.tail)) else ""
        if how == f"status {USELESS_STATUS}" or delay is None:
            entry.state = "failed"
            often = f"{LIMIT} times within {WINDOW_S:g} s, the last time" if delay is None else "for good:"
            self._tell(
                f"{name} ended {often} {how}: it is not started again.{last} The rest runs on. See {entry.log.path}."
            )
        else:
            entry.not_before = now + delay
            if len(entry.deaths) <= 3:
                self._tell(f"{name} ended ({how}) and is started again.{last}")
        self._stop_dependents(name)
        if entry.spec.renews:
            self._renew()

    def _restart(self, name: str, why: str) -> None:
        self._tell(why)
        if (entry := self._entries.get(name)) is not None:
            self._stop_entry(entry, again=True, grace_s=_RESTART_STOP_S)
            self._stop_dependents(name)
        self._renew()

    def _renew(self) -> None:
        try:
            self._adopt(self._plan())
        except Exception as error:
            # The plan that we have still plays; the next death asks again.
            self._tell(f"The processes could not be planned anew: {error}")

    def _adopt(self, specs: Sequence[ProcessSpec]) -> None:
        by_name = {spec.name: spec for spec in specs}
        order = ordered({spec.name: spec.follows for spec in specs})
        gone = {name: entry for name, entry in self._entries.items() if name not in by_name}
        for entry in gone.values():
            self._stop_entry(entry, again=False, grace_s=_RESTART_STOP_S)
            if not entry.alive:
                entry.state = "stopped"
        entries = {}
        for name in order:
            entry = self._entries.get(name) or Entry(by_name[name], RotatedLog(self._logs / f"{name}.log"))
            changed, entry.spec = entry.spec != by_name[name], by_name[name]
            entries[name] = entry
            entry.again = True
            if changed:
                self._stop_entry(entry, again=True, grace_s=_RESTART_STOP_S)
            if entry.state == "stopped" or (changed and entry.state == "failed"):
                entry.state, entry.deaths, entry.not_before = "waiting", [], 0.0
        self._entries = entries | {name: entry for name, entry in gone.items() if entry.alive}
        self._forks.keep(self._entries.values(), self._selector)

    def _stop_dependents(self, name: str) -> None:
        for other in dependents(name, {n: e.spec.needs for n, e in self._entries.items()}):
            self._stop_entry(self._entries[other], again=True, grace_s=_RESTART_STOP_S)

    def _stop_entry(self, entry: Entry, *, again: bool, grace_s: float) -> None:
        entry.again = again
        if entry.alive and entry.state != "stopping":
            entry.state, entry.deadline = "stopping", self._now() + grace_s
            entry.signal(signal.SIGTERM)

    def _stop_in_turn(self, entry: Entry) -> None:
        """Stop it once nothing that follows it lives any more."""
        name = entry.spec.name
        if not any(other.alive and name in other.spec.follows for other in self._entries.values()):
            self._stop_entry(entry, again=False, grace_s=entry.spec.stop_s)
            if not entry.alive:
                entry.state = "stopped"

    def _end_orphans(self) -> None:
        """End what our processes left behind: by adoption it is our child now, and no one else's."""
        known = {entry.process.pid for entry in self._entries.values() if entry.process} | self._forks.pids
        for pid in children_of(os.getpid()):
            if pid not in known:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _end_everything(self) -> None:
        """The last word, also when `run` raises: nothing of ours lives on, and nothing is recorded."""
        for entry in self._entries.values():
            entry.signal(signal.SIGKILL, group=True)
        self._forks.end()
        deadline = self._now() + 2.0
        while self._now() < deadline:
            self._end_orphans()
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                break
        for entry in self._entries.values():
            entry.close()
        self._record.unlink(missing_ok=True)

    def _write_record(self) -> None:
        own = ProcessId.own()
        record = {
            "version": 1,
            "supervisor": {"pid": own.pid, "start": own.start},
            "processes": [entry.record() for entry in self._entries.values()],
        }
        text = json.dumps(record, indent=1)
        if text != self._last_record:
            self._last_record = text
            # A full disk costs the status, never the sound.
            with contextlib.suppress(OSError):
                written_aside(self._record, text)


_SIGNALS = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
