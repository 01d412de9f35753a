"""The step `compile`: a source played on a virtual clock, and what scsynth is to be told for it."""

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.engine.definitions import Definitions
from marmalade_sc.engine.division import divide
from marmalade_sc.errors import JobError
from marmalade_sc.generators.archive import read_archive
from marmalade_sc.generators.shelf import manifest_of
from marmalade_sc.jobs.plan import MOST_SHARES
from marmalade_sc.player.rendering.casting import Part, Wish
from marmalade_sc.player.rendering.casting import cast as cast_parts
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.player.rendering.rehearsals import Sounding, rehearsed
from marmalade_sc.player.rendering.render import START, Rendering, Source, end_of
from marmalade_sc.player.rendering.scores import ScorePlayer
from marmalade_sc.scores import ScoreFrames, cut, overridden, read_score
from marmalade_sc.worker.sets import RecitedSet, recited
from marmalade_sc.worker.steps.parse import source_bytes, source_text
from marmalade_sc.worker.steps.task import Task

__all__ = ["compile_"]

_MOST_GRANTS: Final = 64


@dataclass(slots=True)
class _Samples:
    """Sound files that a score reads, laid into a step's folder under names that are the same everywhere."""

    folder: Path
    names: dict[Path, str] = field(default_factory=dict)

    def name(self, path: Path) -> str:
        found = self.names.get(path)
        if found is None:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found = self.names[path] = f"samples/{digest[:32]}{path.suffix.lower()}"
            (self.folder / "samples").mkdir(exist_ok=True)
            shutil.copyfile(path, self.folder / found)
        return found

    def rows(self) -> list[dict[str, object]]:
        return [{"name": name, "file": {"file": name}} for name in sorted(set(self.names.values()))]


@dataclass(frozen=True, slots=True)
class _Piece:
    player: Source
    definitions: Definitions
    end: int


def compile_(task: Task) -> dict[str, object]:
    """See the contract. Raises UsageError where the source does not play."""
    options = _Options(task)
    settings = task.around.settings
    with _piece(task, options) as piece:
        samples = _Samples(task.folder)
        rendering = Rendering(
            piece.player,
            piece.definitions,
            settings.text("engine.scsynth") or "scsynth",
            round(options.number("rate", settings.integer("render.rate"), 8000, 192_000)),
            options.number("tail", 2.0, 0, 600),
            options.flag("stems"),
            progress=lambda share: task.say(0.5 + share / 2),
            sound_name=samples.name,
        )
        score = task.folder / "score"
        with score.open("wb") as file:
            channels, delay = rendering.compose(file, piece.end)
    parts = round(options.number("parts", 1, 1, MOST_SHARES))
    shares: list[dict[str, object]] = []
    division = divide(score.read_bytes(), parts, channels) if parts > 1 else None
    if division is not None:
        score.write_bytes(division.last)
        for number, share in enumerate(division.shares, 1):
            (task.folder / f"score-{number}").write_bytes(share.score)
            shares.append({"score": {"file": f"score-{number}"}, "channels": share.channels})
    return {
        "score": {"file": "score"},
        "rate": rendering.rate,
        "channels": channels,
        "frames": rendering.frames,
        "samples": samples.rows(),
        "delay": delay,
        "tracks": rendering.tracks if rendering.with_stems else [],
        "notes": len(rendering.notes),
        "refusals": [{"reason": reason, "count": count} for reason, count in sorted(rendering.refusals.items())],
        "shares": shares,
    }


class _Options:
    """The options of a job, checked."""

    def __init__(self, task: Task) -> None:
        self._values = task.options

    def number(self, name: str, otherwise: float, low: float, high: float) -> float:
        value = self._values.get(name)
        if value is None:
            return otherwise
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise JobError(f"{name} cannot be {value!r:.40}", hint=f"It is a number from {low:g} to {high:g}.")
        return float(value)

    def flag(self, name: str) -> bool:
        return self._values.get(name) is True

    def text(self, name: str) -> str | None:
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            raise JobError(f"{name} cannot be {value!r:.40}", hint="It is text.")
        return value

    @property
    def cycles(self) -> Fraction | None:
        text = self.text("cycles")
        try:
            return None if text is None else Fraction(text[:40])
        except (ValueError, ZeroDivisionError):
            raise JobError(f"{text!r:.40} is not a number of cycles") from None

    @property
    def seconds(self) -> float | None:
        return self.number("seconds", 0.0, 0.0, 86_400.0) or None


@contextmanager
def _piece(task: Task, options: _Options) -> Iterator[_Piece]:
    around = task.around
    orchestra, definitions = orchestra_for(around.places, around.settings)
    kind, name = task.text("kind"), task.text("name")
    beats = Fraction(str(around.settings.number("tempo.beats_per_bar")))
    seed = round(options.number("seed", 0, -(2**63), 2**63))
    if kind == "score":
        text = source_text(task)
        found = read_score(text, name, strict=not options.flag("extended"), synthdefs=frozenset(orchestra.voices()))
        frames = ScoreFrames(
            cut(found, options.text("begin"), options.text("end")), orchestra, overridden(options.text("sounds") or "")
        )
        frames.check()
        if not frames.score.notes:
            raise JobError(f"{name} has no note that sounds", hint="Write piano: c d e, or choose another --from.")
        player = ScorePlayer(frames)
        yield _Piece(player, definitions, end_of(player.time_of, None, frames.score.length_ms / 1000))
    elif kind == "render":
        asked = RecitedSet(
            source_text(task),
            name,
            options.number("bpm", 0.0, 0.0, 10_000.0) or None,
            beats,
            seed,
            options.cycles,
            options.seconds,
        )
        with recited(asked, around, definitions, lambda share: task.say(share / 2)) as recital:
            yield _Piece(recital, definitions, recital.end)
    elif kind == "generator":
        tree = read_archive(source_bytes(task))
        manifest = manifest_of(tree, name)
        wished = task.options.get("grants") or []
        grants = frozenset(str(each) for each in wished[:_MOST_GRANTS]) if isinstance(wished, list) else frozenset()
        part = Part(tree, manifest, grants & frozenset(manifest.writes), name)
        controls = task.options.get("controls") or {}
        if not isinstance(controls, dict):
            raise JobError("controls of a job are no object")
        roles = cast_parts([part], Wish([manifest.name], {manifest.name: cast("dict[str, float]", controls)}, seed))
        timeline = Timeline.steady(options.number("bpm", 120.0, 0.1, 10_000.0), START, beats)
        end = end_of(timeline.timetag, options.cycles, options.seconds)
        sounding = Sounding.of(definitions, around.settings)
        with rehearsed(
            *(roles, around.places, sounding, timeline, end),
            real_time=options.flag("real_time"),
            progress=lambda share: task.say(share / 2),
        ) as found_take:
            yield _Piece(found_take.player, found_take.definitions, end)
    else:
        raise JobError(f"There is no kind of job {kind!r:.40}")
