"""The steps `render`, `mix` and `encode`: scores rendered, strips put together, files written."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import numpy
import soundfile

from marmalade_sc.engine.layout import MASTER_BUS
from marmalade_sc.engine.score import NonRealtime
from marmalade_sc.errors import JobError
from marmalade_sc.ids import check_name
from marmalade_sc.jobs.plan import MOST_SHARES
from marmalade_sc.player.rendering.render import MOST_STEMS
from marmalade_sc.player.sounds.soundfiles import FORMATS, split
from marmalade_sc.worker.steps.task import Task

__all__ = ["encode", "mix", "render"]

_MOST_FRAMES: Final = 86_400 * 192_000
_MOST_SAMPLES: Final = 4096
_LONGEST_DELAY: Final = 1 << 16
_BLOCK: Final = 1 << 16
_FLOAT: Final = 4


def render(task: Task) -> dict[str, object]:
    """See the contract. Raises BootError where scsynth fails."""
    return _performed(task)


def mix(task: Task) -> dict[str, object]:
    """See the contract. Raises BootError where scsynth fails."""
    rows = task.rows("sounds", MOST_SHARES)
    together = task.folder / "strips.w64"
    inputs = join([task.file(row.get("sound")) for row in rows], together)
    if inputs + task.integer("channels", 1, MASTER_BUS) > MASTER_BUS:
        raise JobError(f"{inputs} channels of strips are too many")
    return _performed(task, together, inputs)


def _performed(task: Task, sound: Path | None = None, inputs: int = 0) -> dict[str, object]:
    settings = task.around.settings
    channels, rate = task.integer("channels", 1, MASTER_BUS), task.integer("rate", 8000, 192_000)
    frames = task.integer("frames", 1, _MOST_FRAMES)
    for row in task.rows("samples", _MOST_SAMPLES):
        task.lay_out(row.get("name"), row.get("file"))
    made = task.folder / "rendered.w64"

    def watch() -> None:
        done = made.stat().st_size if made.exists() else 0
        task.say(done / (frames * channels * _FLOAT))

    server = NonRealtime(
        settings.text("engine.scsynth") or "scsynth", rate, channels, os.environ.get("MARMALADE_PLUGINS") or None
    )
    server.perform(
        task.file(task.input.get("score")), made, sound=sound, inputs=inputs, folder=task.folder, watch=watch
    )
    return {"sound": {"file": made.name}}


def join(files: Sequence[Path], target: Path) -> int:
    """Put the channels of several files of one rate beside each other, silence behind the shorter; their number.

    Raises:
        JobError: there are none, or they cannot be read.
    """
    try:
        opened = [soundfile.SoundFile(path) for path in files]
    except (OSError, soundfile.LibsndfileError) as error:
        raise JobError(f"A strip cannot be read: {error}") from error
    try:
        if not opened or len({each.samplerate for each in opened}) != 1:
            raise JobError("There are no strips, or of several rates")
        channels: int = sum(each.channels for each in opened)
        left = max(each.frames for each in opened)
        with soundfile.SoundFile(
            target, "w", opened[0].samplerate, channels, subtype="FLOAT", format="W64"
        ) as together:
            while left > 0:
                count = min(_BLOCK, left)
                blocks = (each.read(count, dtype="float32", always_2d=True, fill_value=0.0) for each in opened)
                together.write(numpy.hstack(_padded(blocks, count)))
                left -= count
        return channels
    finally:
        for each in opened:
            each.close()


def _padded(blocks: "Iterable[numpy.ndarray]", count: int) -> "list[numpy.ndarray]":
    return [numpy.pad(block, ((0, count - len(block)), (0, 0))) for block in blocks]


def encode(task: Task) -> dict[str, object]:
    """See the contract. Raises RenderError where a file cannot be written."""
    kind = task.text("format")
    if kind not in FORMATS:
        raise JobError(f"There is no format {kind!r:.40}", hint=f"There are: {', '.join(FORMATS)}.")
    value = task.input.get("tracks")
    if not isinstance(value, list) or len(value) > MOST_STEMS:
        raise JobError("The tracks of a step are no list, or too long")
    tracks = [check_name(str(name), "track") for name in value]
    stems = [task.folder / f"stem-{place}.wav" for place in range(len(tracks))]
    master = task.folder / f"master.{kind}"
    split(
        task.file(task.input.get("sound")),
        task.integer("delay", 0, _LONGEST_DELAY),
        task.integer("frames", 1, _MOST_FRAMES),
        master,
        kind,
        stems,
    )
    rows: list[dict[str, object]] = [{"name": "master", "ending": kind, "file": {"file": master.name}}]
    rows += [
        {"name": name, "ending": "wav", "file": {"file": stem.name}} for name, stem in zip(tracks, stems, strict=True)
    ]
    return {"files": rows}
