"""What the runner of generators needs of the player around it: its clock, state, engine, sounds, memory."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Final, cast

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.engine.trial import Trial
from marmalade_sc.errors import JamError, SynthDefError, TimelineError
from marmalade_sc.generators.denials import Denials
from marmalade_sc.generators.sounds import Sounds
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jam import keys
from marmalade_sc.jam.access import Access
from marmalade_sc.jam.history import Retention
from marmalade_sc.jam.segments import Segments, series_folder
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.base import lifeline
from marmalade_sc.player.base.directory import written_aside
from marmalade_sc.player.base.measurements import network_state, players_state
from marmalade_sc.player.base.processes import ProcessId, end
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.sounds.content import read_catalogue_rows
from marmalade_sc.sdk.instruments import Instrument

__all__ = ["PlayerPorts"]

_NEWS_KEPT: Final = 200
_OPEN_MS: Final = 10_000
"""Levels of each strip that is open are written four times a second."""
_KEPT: Final = 3000


class PlayerPorts:
    """See the module; `generators.running.Ports` says what each is for. Blocks, but for `now`, `timeline` and `say`."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.state = StateLog(str(wiring.places.state_socket))
        self._denials_state = StateLog(str(wiring.places.state_socket))  # for a thread of its own
        self.denials = Denials(lambda line: print(line, flush=True), self._deny)
        self.events = StateLog(str(wiring.places.events_socket))
        self.access = Access(str(wiring.places.state_socket), str(wiring.places.events_socket))
        self.trial = Trial(
            wiring.settings.text("engine.scsynth") or "scsynth", os.environ.get("MARMALADE_PLUGINS") or None
        )
        self.segments = Segments(series_folder(wiring.jam_places.history))
        self._retention = Retention(str(wiring.places.state_socket), self.segments)
        self._own = str(identity_at(wiring.settings.path("player.key", wiring.places.key)).player)
        self._players: tuple[str, ...] = ()
        self._said = ""
        self._supervisor = os.getppid()
        self.record = wiring.jam_places.root / "instances.json"
        self.said: Callable[[str], None] = print
        self.current: Timeline | None = None
        self._named: tuple[int, Mapping[str, Instrument], Sequence[Mapping[str, object]]] = (0, {}, ())

    def now(self) -> int:
        return self.wiring.clock.now()

    def timeline(self) -> Timeline | None:
        return self.current

    def look(self) -> None:
        """The timeline as it is now; in a thread."""
        with contextlib.suppress(JamError, TimelineError, KeyError, TypeError):
            row = self.state.latest(keys.timeline())
            if str(row.get("origin")) == str(self.wiring.clock.origin):
                fresh = Timeline.from_json(cast(dict[str, object], row["timeline"]))
                if self.current is None or fresh.revision != self.current.revision:
                    self.current = fresh

    def tend(self) -> str:
        """Move older points to disk, write down what is measured; a sentence where something is wrong. In a thread."""
        said = ""
        try:
            self._retention.look()
            if full := sorted(self._retention.full):
                said = f"Tags of {', '.join(full)} fill their room on disk; what they set from now on is not kept."
        except JamError as error:
            said = error.message
        with contextlib.suppress(JamError):
            now, origin = self.now(), self.wiring.clock.origin
            engine = self.state.latest(keys.ENGINE)
            rows = [(keys.network(self._own), network_state(engine, units_to_milliseconds(now), origin), _KEPT)]
            players = (self._own,)
            if players != self._players:
                rows.append((keys.PLAYERS, players_state(players, origin), _KEPT))
            if self.state.append(now, rows):
                self._players = players
        before, self._said = self._said, said
        return said if said != before else ""

    def instruments(self) -> tuple[Mapping[str, Instrument], Sequence[Mapping[str, object]]]:
        try:
            stamp = self.wiring.catalogue.stat().st_mtime_ns
            if stamp != self._named[0]:
                rows = [row for row in read_catalogue_rows(self.wiring.catalogue) if row.get("kind") != "effect"]
                named: dict[str, Instrument] = {}
                for row in rows:
                    instrument = Instrument.from_row(row)
                    aliases = row.get("aliases")
                    for name in (*(aliases if isinstance(aliases, list) else []), instrument.name):
                        named[str(name)] = instrument
                self._named = (stamp, named, rows)
        except (OSError, SynthDefError, KeyError):
            pass
        return self._named[1], self._named[2]

    def log(self, key: str, record: Mapping[str, object], kept: int, at: int | None = None) -> None:
        self.state.append(self.now() if at is None else at, [(key, record, kept)])

    def is_open(self, track: str) -> bool:
        with contextlib.suppress(JamError):
            newest = self.state.newest(keys.levels(track))
            if newest is not None:
                return units_to_milliseconds(self.now()) - int(newest[0].partition("-")[0]) < _OPEN_MS
        return False

    def refused(self, path: str) -> list[dict[str, object]]:
        """The latest of what was refused to an instance, by whomever; none while Redis is away."""
        with contextlib.suppress(JamError):
            rows = self.state.since(keys.denials(path))
            return [{"at_ms": int(identity.partition("-")[0]), **record} for identity, record in rows[-20:]]
        return []

    def denied(self, path: str, who: str, what: str) -> None:
        self.denials.note(path, who, what)

    def _deny(self, path: str, record: Mapping[str, object]) -> None:
        self._denials_state.append(self.now(), [(keys.denials(path), record, _KEPT)])

    def order(self, record: Mapping[str, object]) -> None:
        self.events.append(self.now(), [(keys.CONTROL, record, _NEWS_KEPT)])

    def forget(self, key: str) -> None:
        self.events.remove(key)

    def try_out(self, sounds: Sounds) -> None:
        tried = self.wiring.places.root / "cache" / "trials"
        for row, data in zip(sounds.rows, sounds.compiled, strict=True):
            mark = tried / hashlib.sha256(data).hexdigest()
            if mark.exists():
                continue
            controls = cast(list[dict[str, object]], row["controls"])
            cost = self.trial.check(data, str(row["wall"]), [str(each["name"]) for each in controls])
            with contextlib.suppress(OSError):
                tried.mkdir(parents=True, exist_ok=True)
                mark.write_text(f"{row['wall']} {cost:.6f}\n")

    def login(self, path: str, grants: Sequence[str]) -> tuple[bytes, ...]:
        return self.access.allow(path, grants)

    def revoke(self, path: str) -> None:
        self.access.revoke(path)

    def is_orphaned(self) -> bool:
        """Whether the supervisor was killed: then what ends now does so without the user's word."""
        return os.getppid() != self._supervisor or lifeline.is_cut()

    def remember(self, rows: Sequence[Mapping[str, object]]) -> None:
        if self.is_orphaned():
            return
        found = []
        for row in rows:
            pids = row["pids"]
            assert isinstance(pids, list)
            processes = [process for pid in pids if (process := ProcessId.of(pid)) is not None]
            found.append({"play": row["play"], "processes": [{"pid": p.pid, "start": p.start} for p in processes]})
        record = {"origin": str(self.wiring.clock.origin), "instances": found}
        with contextlib.suppress(OSError):  # a full disk: they play on, and are not started again after a crash
            written_aside(self.record, json.dumps(record))

    def say(self, text: str) -> None:
        print(text, flush=True)
        self.said(text)

    def leftovers(self) -> tuple[list[Mapping[str, object]], list[Mapping[str, object]]]:
        """What a process before this one ran: ended here, by pid and start time; what is to be started again.

        Returns:
            What plays on, and what waits for `restore()`: where the whole player was killed, what its own user had
            started waits, as patterns do; what other players had asked for plays on, as it does with them.
        """
        try:
            record = json.loads(self.record.read_text(encoding="utf-8"))
            rows = [(row["play"], row["processes"]) for row in record["instances"]]
            is_ours = record["origin"] == str(self.wiring.clock.origin)
        except (OSError, ValueError, KeyError, TypeError):
            return [], []
        for _, processes in rows:
            for each in processes[::-1]:  # the namespace's first process takes all others with it
                if (process := ProcessId.from_record(each)) is not None:
                    end(process, 0.0)
        plays = [play for play, _ in rows]
        waiting = [] if is_ours else [play for play in plays if play.get("requester", "local") == "local"]
        return [play for play in plays if play not in waiting], waiting
