"""Which steps a job has, what each is given, and which can be done now. Pure: who asks brings what is done already."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from marmalade_sc.errors import JobError
from marmalade_sc.jobs.contracts import CONTRACTS, Contract
from marmalade_sc.jobs.job import Job

__all__ = ["MOST_SHARES", "Output", "Step", "blobs_in", "files_of", "percent", "ready", "steps"]

Output = Mapping[str, object]

MOST_SHARES: Final = 31
_FIELDS: Final = ("score", "rate", "channels", "frames", "samples")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a job.

    Attributes:
        needs: steps that come before.
        input: what it is given; None while these are not done.
    """

    name: str
    contract: Contract
    needs: tuple[str, ...]
    input: Output | None


def steps(job: Job, done: Mapping[str, Output]) -> Iterator[Step]:
    """The steps as far as they are known, in order: how many shares there are is known once it is compiled.

    Raises:
        JobError: what a step has given is not what its contract says.
    """
    source = {
        "kind": job.kind,
        "name": job.name,
        "source": {"blob": job.source},
        "options": dict(job.options),
    }
    yield Step("parse", CONTRACTS["parse"], (), source)
    yield Step("compile", CONTRACTS["compile"], ("parse",), source if "parse" in done else None)
    compiled = done.get("compile")
    if compiled is None:
        return
    score = {name: _field(compiled, name) for name in _FIELDS}
    shares = _rows(compiled, "shares")
    if len(shares) > MOST_SHARES:
        raise JobError(f"A piece in {len(shares)} shares is divided too far")
    if not shares:
        last = "render"
        yield Step("render", CONTRACTS["render"], ("compile",), score)
    else:
        names = [f"render-{number}" for number in range(1, len(shares) + 1)]
        for name, share in zip(names, shares, strict=True):
            own = {**score, "score": _field(share, "score"), "channels": _field(share, "channels")}
            yield Step(name, CONTRACTS["render"], ("compile",), own)
        last = "mix"
        given = None
        if all(name in done for name in names):
            sounds = [
                {"sound": _field(done[name], "sound"), "channels": _field(share, "channels")}
                for name, share in zip(names, shares, strict=True)
            ]
            given = {**score, "sounds": sounds}
        yield Step("mix", CONTRACTS["mix"], tuple(names), given)
    encoding = None
    if last in done:
        encoding = {
            "sound": _field(done[last], "sound"),
            "delay": _field(compiled, "delay"),
            "frames": _field(compiled, "frames"),
            "tracks": _field(compiled, "tracks"),
            "format": str(job.options.get("format") or "wav"),
        }
    yield Step("encode", CONTRACTS["encode"], (last,), encoding)


def ready(job: Job, done: Mapping[str, Output]) -> list[Step]:
    """The steps that can be done now, those of whose doing nothing is known yet. Raises JobError like `steps`."""
    return [step for step in steps(job, done) if step.name not in done and step.input is not None]


def files_of(done: Mapping[str, Output]) -> list[Output] | None:
    """What the job has made, once it is finished: rows with `name`, `ending` and `file`. Raises JobError."""
    return _rows(done["encode"], "files") if "encode" in done else None


def percent(job: Job, done: Mapping[str, Output], progress: Mapping[str, float]) -> int:
    """How much of a job is done, from 0 to 100, with the share (0 to 1) of each step that runs. Raises JobError."""
    known = list(steps(job, done))
    renders = sum(step.contract.name == "render" for step in known) or 1
    total = 0.0
    for step in known:
        share = step.contract.share / (renders if step.contract.name == "render" else 1)
        if step.contract.name == "render" and not any(each.name == "mix" for each in known):
            share += CONTRACTS["mix"].share
        total += share * (1.0 if step.name in done else min(1.0, max(0.0, progress.get(step.name, 0.0))))
    return 100 if "encode" in done else min(99, int(100 * total))


def blobs_in(value: object) -> Iterator[str]:
    """The names of all blobs in an input or output: objects with a `blob`."""
    if isinstance(value, Mapping):
        name = value.get("blob")
        if isinstance(name, str):
            yield name
        for each in value.values():
            yield from blobs_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from blobs_in(each)


def _field(output: Output, name: str) -> object:
    if name not in output:
        raise JobError(f"A step has given no {name!r:.40}, which its contract asks for")
    return output[name]


def _rows(output: Output, name: str) -> list[Output]:
    rows = _field(output, name)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise JobError(f"A step has given {name} that are no list of objects")
    return rows
