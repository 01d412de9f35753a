"""What a shell may ask of the jam's state: tags, their history, who made what sounds, the schedule. For the hub."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final, cast

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.errors import JamError, MarmaladeError, TimelineError, UsageError
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jam import keys
from marmalade_sc.jam.history import History
from marmalade_sc.jam.segments import Segments, series_folder
from marmalade_sc.jam.streams import StateLog
from marmalade_sc.player.base.wiring import Wiring
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.generators.following import SCHEDULE
from marmalade_sc.player.hub.credits import credits, credits_text
from marmalade_sc.sdk.schedule import Position, Schedule, edited

__all__ = ["LOOKS", "Looking"]

LOOKS: Final = frozenset({"tags", "denials", "history", "credits", "schedule", "set_schedule"})
_MOST: Final = 500
_KEPT: Final = 3000


class Looking:
    """See the module. For one event loop.

    Args:
        instances: asks for the instances that run or have ended lately.
        timeline: the jam's, as JSON has it, or None.
    """

    def __init__(
        self, wiring: Wiring, instances: Callable[[], Awaitable[Message]], timeline: Callable[[], object]
    ) -> None:
        self._wiring = wiring
        self._instances = instances
        self._timeline = timeline
        segments = Segments(series_folder(wiring.jam_places.history))
        self._history = History(str(wiring.places.state_socket), segments)
        self._state = StateLog(str(wiring.places.state_socket))
        self._one = asyncio.Lock()
        self._writing: set[asyncio.Task[None]] = set()
        self._recording: tuple[str, int] | None = None

    async def answer(self, message: Message) -> Message:
        """What a command of LOOKS asks for. Raises MarmaladeError."""
        do = message["do"]
        if do == "credits":
            return await self._credits()
        table = {
            "tags": self._tags,
            "history": lambda: self._of(message),
            "schedule": self._schedule,
            "denials": lambda: self._denials(str(message.get("name") or "")),
            "set_schedule": lambda: self._set(str(message["text"]), bool(message.get("edit"))),
        }
        async with self._one:
            return await asyncio.to_thread(table[str(do)])

    def heard(self, news: Mapping[str, object]) -> None:
        """A record of the engine's news: credits are written next to a recording that has ended. Never blocks."""
        if news.get("kind") == "recording":
            self._recording = (str(news.get("path")), self._now_ms())
        elif news.get("kind") == "recorded":
            path = str(news.get("path"))
            begun = self._recording[1] if self._recording and self._recording[0] == path else self._now_ms()
            # Asking may take as long as the process that runs generators needs to come back.
            task = asyncio.create_task(self._write_credits(Path(path), begun, self._now_ms()))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _write_credits(self, recording: Path, first_ms: int, last_ms: int) -> None:
        with contextlib.suppress(MarmaladeError):
            rows = await self._rows(first_ms, last_ms)
            text = credits_text(rows, self._player(), first_ms, f"{recording.name} of the jam {self._wiring.jam}")
            await asyncio.to_thread(_write, recording, text + "\n")

    def _now_ms(self) -> int:
        return units_to_milliseconds(self._wiring.clock.now())

    def _bar(self) -> int:
        try:
            timeline = Timeline.from_json(cast(dict[str, object], self._timeline()))
        except (TimelineError, KeyError, TypeError, AttributeError):
            return -1
        return int(timeline.cycle(self._wiring.clock.now()))

    def _player(self) -> str:
        places, settings = self._wiring.places, self._wiring.settings
        return str(identity_at(settings.path("player.key", places.key)).player)

    # Tags

    def _tags(self) -> Message:
        """What is set, without the last words of instances that have ended: those are in their history."""
        now, rows, ended = self._now_ms(), [], set()
        for key in self._history.keys("tags:*")[:_MOST]:
            found = self._history.at(key, now)
            who, _, tag = key.removeprefix("tags:").rpartition(":")
            if found is not None and found[1].get("value") is not None and not _is_over(found[1], now):
                rows.append({"tag": tag, "who": who, "at_ms": found[0], **_told(found[1])})
            elif found is not None and tag == "Track":  # whose it is takes it back when it ends
                ended.add(who)
        rows = [row for row in rows if row["who"] not in ended]
        rows.sort(key=lambda row: (str(row["tag"]), str(row["who"])))
        lines = [f"{row['tag']:16} {_shown(row):24} {row['who']}" for row in rows]
        return {"ok": True, "tags": rows, "value": "\n".join(lines) or "No tag is set."}

    def _of(self, message: Message) -> Message:
        name = str(message["name"])
        first, last = (_whole(message.get(each)) for each in ("first_ms", "last_ms"))
        most = min(_whole(message.get("most")) or 20, 1000)
        if name.startswith(("tags:", "state:", "schedule:", "log:")):
            found_keys = [name]
        elif ":" in name:
            found_keys = [f"tags:{name}"]
        else:
            found_keys = self._history.keys(f"tags:*:{name}")[:_MOST]
        rows = []
        for key in found_keys:
            who = key.removeprefix("tags:").rpartition(":")[0] if key.startswith("tags:") else ""
            for at_ms, fields in self._history.between(key, first or 0, last, most):
                rows.append({"key": key, "who": who, "at_ms": at_ms, "fields": fields})
        rows.sort(key=lambda row: (int(str(row["at_ms"])), str(row["key"])))
        rows, now = rows[-most:], self._now_ms()
        lines = [f"{_ago(now - int(str(row['at_ms'])))}  {_fields(row['fields'])}  {row['who']}" for row in rows]
        return {"ok": True, "points": rows, "value": "\n".join(lines) or f"{name} was never set."}

    def _denials(self, name: str) -> Message:
        """What was refused to instances of which `name` is a part of the path, or to all; the newest last."""
        rows: list[dict[str, object]] = []
        for key in self._history.keys("state:denials:*")[:_MOST]:
            path = key.removeprefix("state:denials:")
            if not name or name == path or name in path.split(":"):
                rows += [{"path": path, "at_ms": at, **fields} for at, fields in self._history.between(key, most=50)]
        rows.sort(key=lambda row: (int(str(row["at_ms"])), str(row["path"])))
        rows, now = rows[-50:], self._now_ms()
        lines = [
            f"{_ago(now - int(str(row['at_ms'])))}  {row['path']}: {row['what']} ({row['who']}, {row['count']} times)"
            for row in rows
        ]
        return {"ok": True, "denials": rows, "value": "\n".join(lines) or "Nothing was refused."}

    # Credits

    async def _credits(self) -> Message:
        now = self._now_ms()
        rows = [row for row in await self._rows(now, now) if row["until_ms"] is None]
        lines = [f"{row['title'] or row['generator']} by {row['composer']}, on {row['track']}" for row in rows]
        return {"ok": True, "credits": rows, "value": "\n".join(lines) or "No generator plays."}

    async def _rows(self, first_ms: int, last_ms: int) -> list[dict[str, object]]:
        found = (await self._instances()).get("instances")
        rows = [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []

        def composers() -> dict[str, str]:
            named = {}
            for row in rows:
                for _, fields in self._history.between(f"tags:{row['path']}:Composer", 0, last_ms, 2):
                    if fields.get("value") is not None:  # None: it has ended
                        named[str(row["path"])] = str(fields["value"])
            return named

        async with self._one:
            return credits(rows, await asyncio.to_thread(composers), first_ms, last_ms)

    # The schedule

    def _schedule(self) -> Message:
        place = self._history.at(keys.SCHEDULE_PLACE, self._now_ms())
        found = self._current()
        if found is None:
            return {"ok": True, "value": "There is no schedule."}
        position = None
        if place is not None and str(place[1].get("context")) in found.nodes:
            position = Position(str(place[1]["context"]), _whole(place[1].get("since")) or 0)
        drawn = found.drawn(position)
        since = f"\n{position.context} since bar {position.since}" if position is not None else ""
        answer: Message = {"ok": True, "schedule": found.to_json(), "value": drawn + since}
        if place is not None:
            answer["place"] = {name: place[1].get(name) for name in ("context", "since", "bars", "next", "tags")}
        return answer

    def _current(self) -> Schedule | None:
        place, newest = self._history.at(keys.SCHEDULE_PLACE, 1 << 60), self._history.at(SCHEDULE, 1 << 60)
        if newest is None:
            return None
        # An edit is there merged only where it was followed.
        is_followed = place is not None and place[0] >= newest[0]
        try:
            return Schedule.from_json(place[1]["schedule"] if is_followed and place else newest[1].get("schedule"))
        except UsageError:
            return None

    def _set(self, text: str, is_edit: bool) -> Message:
        now = self._wiring.clock.now()
        before = self._current() if is_edit else None
        found = edited(before, text, units_to_milliseconds(now)) if is_edit else Schedule.parse(text)
        record: dict[str, object] = {"schedule": found.to_json(), "seed": 0, "begin": None}
        if not is_edit:
            record["begin"] = self._bar() + 1
        if not self._state.append(now, [(SCHEDULE, record, _KEPT)]):
            raise JamError(f"The schedule cannot be written: {self._state.error}")
        return {"ok": True, "value": found.drawn()}


def _told(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: fields.get(name) for name in ("value", "type", "unit", "doc", "until")}


def _shown(row: Mapping[str, object]) -> str:
    unit = f" {row['unit']}" if row.get("unit") else ""
    return f"{row['value']!s:.40}{unit}"


def _fields(fields: object) -> str:
    if isinstance(fields, Mapping) and "value" in fields:
        return str(fields["value"])[:80]
    return str(fields)[:200]


def _is_over(fields: Mapping[str, object], now_ms: int) -> bool:
    until = fields.get("until")
    return isinstance(until, int | float) and until <= now_ms


def _ago(ms: int) -> str:
    seconds = max(0, ms) / 1000
    return f"{seconds:8.1f} s ago" if seconds < 3600 else f"{seconds / 3600:8.1f} h ago"


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _write(recording: Path, text: str) -> None:
    path = recording.with_name(recording.name + ".credits.txt")
    aside = path.with_name(path.name + ".part")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
