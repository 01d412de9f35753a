"""The step `parse`: a source looked at, nothing of it run."""

import ast

from marmalade_sc.errors import EvaluationError, JobError, Where
from marmalade_sc.generators.archive import read_archive
from marmalade_sc.generators.shelf import manifest_of
from marmalade_sc.jobs.job import LARGEST_SOURCE
from marmalade_sc.player.generators.workbench import looked_at
from marmalade_sc.scores import parse as parse_score
from marmalade_sc.worker.steps.task import Task

__all__ = ["parse", "source_bytes", "source_text"]


def source_bytes(task: Task) -> bytes:
    """The source. Raises JobError where it is too large."""
    path = task.file(task.input.get("source"))
    if path.stat().st_size > LARGEST_SOURCE:
        raise JobError(f"{task.text('name')} has more than {LARGEST_SOURCE >> 20} MiB")
    return path.read_bytes()


def source_text(task: Task) -> str:
    """The source as text. Raises JobError where it is none, or too large."""
    try:
        return source_bytes(task).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JobError(f"{task.text('name')} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from None


def parse(task: Task) -> dict[str, object]:
    """See the contract. Raises UsageError with line and column where the source cannot be read."""
    kind, name = task.text("kind"), task.text("name")
    found: dict[str, object]
    if kind == "generator":
        tree = read_archive(source_bytes(task))
        looked_at(tree, name)
        manifest = manifest_of(tree, name)
        found = {"name": manifest.name, "version": str(manifest.version), "files": len(tree.files)}
    elif kind == "score":
        text = source_text(task)
        found = {"events": len(parse_score(text, name)), "characters": len(text)}
    elif kind == "render":
        text = source_text(task)
        found = {"statements": len(_python(text, name).body), "characters": len(text)}
    else:
        raise JobError(f"There is no kind of job {kind!r:.40}")
    return {"kind": kind, "found": found}


def _python(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(text, name)
    except SyntaxError as error:
        line = error.lineno or 1
        lines = text.splitlines() or [""]
        where = Where(name, line, error.offset or 1, lines[min(line, len(lines)) - 1])
        raise EvaluationError(f"{name} is no Python: {error.msg}", where=where) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise EvaluationError(f"{name} is no Python that can be read: {error!r:.100}") from None
