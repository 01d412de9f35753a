"""What who asks for a job does: submit, look, wait, fetch, cancel, take up again. A wiring."""

import contextlib
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import redis

from marmalade_sc.errors import JobError, QueueError, RenderError, UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.jobs.depot import Depot
from marmalade_sc.jobs.job import LARGEST_SOURCE, Job, Kind
from marmalade_sc.jobs.ledger import Ledger
from marmalade_sc.jobs.plan import Output, files_of, percent, steps
from marmalade_sc.jobs.queue import Queue
from marmalade_sc.jobs.record import CANCELLED, DONE, Record
from marmalade_sc.worker.hand import advance, outcomes
from marmalade_sc.worker.keeper import connect
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["Desk", "Glance", "desk"]

_ASK_S: Final = 0.25


@dataclass(frozen=True, slots=True)
class Glance:
    """How a job is.

    Attributes:
        kind, name: empty where its author is not believed any more.
        percent: 0 to 100.
        steps: those that are known so far, in order; `done`: those that have given what they give.
        files: what it has made, once it is done.
    """

    record: Record
    kind: str
    name: str
    percent: int
    steps: tuple[str, ...]
    done: tuple[str, ...]
    files: tuple[Output, ...]

    @property
    def id(self) -> str:
        """The job's."""
        return self.record.id

    def row(self) -> dict[str, object]:
        """As JSON shows it."""
        record = self.record
        return {
            "id": record.id,
            "kind": self.kind,
            "name": self.name,
            "state": record.state,
            "percent": self.percent,
            "step": record.running if record.is_open else "",
            "steps": list(self.steps),
            "done": list(self.done),
            "tries": dict(record.tries),
            "endings": record.endings,
            "error": record.error,
            "made_ms": record.made_ms,
            "ended_ms": record.ended_ms,
            "files": [{"name": row.get("name"), "ending": row.get("ending"), **_blob(row)} for row in self.files],
        }


@dataclass(frozen=True, slots=True)
class Desk:
    """See the module. Made by `desk`. Its methods wait out a restart of the job Redis, and raise redis.RedisError
    where that stays away."""

    around: Surroundings
    ledger: Ledger
    depot: Depot
    queue: Queue

    def submit(self, kind: Kind, name: str, source: bytes, options: Mapping[str, object], id: str) -> bool:
        """Ask for a job; False where it was asked for before, under this id and with the same wishes.

        Raises:
            JobError: another job has this id, or it is too large.
            IdError: it is no id.
            BlobError: its source cannot be kept.
        """
        check_name(id, "job")
        if len(source) > LARGEST_SOURCE:
            raise JobError(f"{name} has more than {LARGEST_SOURCE >> 20} MiB")
        blob = self.depot.put(source)
        self.ledger.need([blob])
        identity = self.around.identity
        job = Job(id, kind, name[:200], blob, dict(options), self.ledger.now_ms, identity.public)
        text = job.write(identity)
        Job.read(text, self.around.is_trusted)  # what workers would refuse is told now
        is_new = self.ledger.submit(id, text)
        if not is_new:
            record = self._record(id)
            older = Job.read(record.job, self.around.is_trusted)
            same = (older.kind, older.source, older.options) == (job.kind, job.source, job.options)
            if not same:
                raise JobError(f"There is another job {id}", hint="Choose another --id.")
        advance(id, self.ledger, self.queue, self.around, lambda contract: is_new or not self.queue.size(contract))
        return is_new

    def look(self, id: str) -> Glance:
        """How a job is. Raises JobError where there is none."""
        return self._glance(self._record(id))

    def all(self, *, only_dead: bool = False) -> list[Glance]:
        """All jobs, the newest first; or those that were given up."""
        return [self._glance(each) for each in (self.ledger.dead() if only_dead else self.ledger.jobs())]

    def wait(self, id: str, tell: Callable[[Glance], None], timeout_s: float | None = None) -> Glance:
        """Look four times a second until a job has ended; `tell` gets each look.

        Raises:
            JobError: there is none, or it has not ended in time.
        """
        until = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            try:
                found = self.look(id)
                tell(found)
                if not found.record.is_open:
                    return found
            except redis.RedisError:
                connect(self.around).close()  # our own may have gone with its keeper
            if until is not None and time.monotonic() > until:
                raise JobError(f"{id} has not ended within {timeout_s:g} s", hint="It goes on; ask again later.")
            time.sleep(_ASK_S)

    def fetch(self, id: str, output: Path, stems: Path | None = None) -> list[Path]:
        """Write what a job has made: the master to `output`, tracks into the folder `stems`.

        Raises:
            JobError: it is not done.
            BlobError: its results have expired.
            RenderError: a file cannot be written.
        """
        found = self.look(id)
        if found.record.state != DONE:
            raise JobError(
                f"{id} is {found.record.state}", hint=found.record.error or "marmalade job status says more."
            )
        written = []
        for row in found.files:
            name = str(row.get("name"))
            if name == "master":
                target = output
            elif stems is not None:
                target = stems / f"{check_name(name, 'track')}.{check_name(str(row.get('ending')), 'ending')}"
            else:
                continue
            _copy(self.depot.fetch(str(_blob(row)["blob"])), target)
            written.append(target)
        return written

    def cancel(self, id: str) -> bool:
        """End a job; False where it has ended. Raises JobError where there is none."""
        self._record(id)
        return self.ledger.end(id, CANCELLED, "cancelled")

    def retry(self, id: str) -> None:
        """Take up again a job that failed or was given up; what it has done is kept. Raises JobError."""
        self._record(id)
        if not self.ledger.reopen(id):
            raise JobError(f"{id} is {self._record(id).state}: it is neither dead nor failed")
        advance(id, self.ledger, self.queue, self.around)

    def _record(self, id: str) -> Record:
        found = self.ledger.get(check_name(id, "job"))
        if found is None:
            raise JobError(f"There is no job {id}", hint="marmalade job list shows all; old ones expire.")
        return found

    def _glance(self, record: Record) -> Glance:
        try:
            job = Job.read(record.job, self.around.is_trusted)
            done = outcomes(record, self.around.is_trusted)
            files = files_of(done) or []
            known = tuple(step.name for step in steps(job, done))
            ordered = tuple(name for name in known if name in done)
            share = percent(job, done, record.progress)
            return Glance(record, job.kind, job.name, share, known, ordered, tuple(files))
        except UsageError:  # of somebody who is not believed
            return Glance(record, "", "", 0, (), (), ())


@contextlib.contextmanager
def desk(around: Surroundings) -> Iterator[Desk]:
    """A desk at the job Redis; our own is started where it does not run.

    Raises:
        QueueError: the job Redis cannot be used, or went away.
        MarmaladeError: a setting or the key cannot be used.
    """
    client = connect(around)
    try:
        yield Desk(around, around.ledger(client), around.depot(client), Queue(around.address.client()))
    except redis.RedisError as error:
        raise QueueError(f"The job Redis {around.address.shown} fails: {str(error)[:200]}") from error
    finally:
        client.close()


def _blob(row: Output) -> dict[str, object]:
    file = row.get("file")
    if not isinstance(file, dict) or not isinstance(file.get("blob"), str):
        raise JobError("A job has made a file that is none")
    return {"blob": file["blob"], "bytes": file.get("bytes", 0)}


def _copy(source: Path, target: Path) -> None:
    aside = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        shutil.copyfile(source, aside)
        aside.replace(target)
    except OSError as error:
        raise RenderError(f"{target} cannot be written: {error.strerror}", hint="Choose another place.") from error
    finally:
        aside.unlink(missing_ok=True)
