"""What a worker does with a message: look what the job needs, do the step, keep what it gives, say what is next.

Everything here may happen twice, and may stop anywhere: what is done is known by what is kept, not by who was here.
"""

import contextlib
import hashlib
import threading
from collections.abc import Callable, Mapping
from typing import Final

from redis.exceptions import RedisError

from marmalade_sc.errors import BlobError, UsageError
from marmalade_sc.jobs.contracts import Contract
from marmalade_sc.jobs.depot import Depot
from marmalade_sc.jobs.job import Job, Outcome, canonical_json
from marmalade_sc.jobs.ledger import Ledger
from marmalade_sc.jobs.plan import Output, Step, blobs_in, files_of, ready, steps
from marmalade_sc.jobs.queue import GivenUpError, LaterError, Queue, backoff_s
from marmalade_sc.jobs.record import DEAD, DONE, FAILED, Record
from marmalade_sc.worker.carrier import Carrier, StepError, StoppedError
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["Hand", "advance", "outcomes"]

_ANY_JOB: Final = ""
"""In the place of a job's id: what a step gives for its input, whoever asks."""
_TAKEN_S: Final = 1.5
_GIVEN_BACK_S: Final = 0.1
_LOOK_S: Final = 0.5
_MOST_DEATHS: Final = 25
"""Tries that ended with their worker: a step that kills workers is given up, one that was unlucky is not."""


def outcomes(record: Record, is_trusted: Callable[..., bool]) -> dict[str, Output]:
    """What the steps of a job have given, each checked. Raises JobError or IdentityError."""
    return {step: Outcome.read(record.id, step, text, is_trusted).output for step, text in record.outcomes.items()}


def advance(
    id: str, ledger: Ledger, queue: Queue, around: Surroundings, is_missing: Callable[[Contract], bool] = lambda _: True
) -> None:
    """Finish a job, or put what can be done now into the queue. Harmless when it happens again.

    Args:
        is_missing: whether no message for such a step can be there.
    """
    record = ledger.get(id)
    if record is None or not record.is_open:
        return
    try:
        job = Job.read(record.job, around.is_trusted)
        done = outcomes(record, around.is_trusted)
        if files_of(done) is not None:
            ledger.end(id, DONE)
            return
        for step in ready(job, done):
            if is_missing(step.contract):
                queue.put(id, step.name, step.contract)
    except UsageError as error:
        ledger.end(id, FAILED, str(error))


class Hand:
    """See the module. One thread at a time.

    Args:
        worker: its id.
        mark: of what it can play: the same source compiled with other sounds is another thing.
    """

    def __init__(
        self,
        worker: str,
        around: Surroundings,
        ledger: Ledger,
        depot: Depot,
        queue: Queue,
        carrier: Carrier,
        mark: Callable[[], str],
    ) -> None:
        self._worker = worker
        self._around = around
        self._ledger = ledger
        self._depot = depot
        self._queue = queue
        self._carrier = carrier
        self._mark = mark
        self._most = around.settings.integer("jobs.retries")
        self.doing = ""
        self._leaving = threading.Event()

    def leave(self) -> None:
        """Give back what is in hand, and begin nothing more. From any thread."""
        self._leaving.set()

    def work(self, id: str, name: str) -> None:
        """Do a step of a job, if it is still to be done.

        Raises:
            LaterError: not now.
            GivenUpError: never.
        """
        record = self._ledger.get(id)
        if record is None or not record.is_open:
            return
        try:
            job = Job.read(record.job, self._around.is_trusted)
            done = outcomes(record, self._around.is_trusted)
            step = next((each for each in steps(job, done) if each.name == name), None)
        except UsageError as error:
            self._ledger.end(id, FAILED, str(error))
            return
        if step is None or step.input is None or name in done:
            advance(id, self._ledger, self._queue, self._around)
            return
        if not self._ledger.lease(id, name, self._worker):
            raise LaterError(_TAKEN_S)  # whoever does it may not live any more: this message is kept until it is done
        self.doing = f"{id} {name}"
        try:
            self._do(record, step)
        finally:
            self.doing = ""
            self._ledger.release(id, name, self._worker)
        advance(id, self._ledger, self._queue, self._around)

    def _do(self, record: Record, step: Step) -> None:
        assert step.input is not None
        id, name = record.id, step.name
        tries = self._ledger.begin(id, name, self._worker)
        if tries > self._most + 1 + _MOST_DEATHS:
            self._give_up(id, f"{name} was begun {tries} times and never came to an end")
        digest = self._digest(step)
        output = self._remembered(digest)
        if output is None:
            output = self._carried(record, step, tries)
            if output is None:
                return
            known = Outcome(_ANY_JOB, digest, output, self._around.identity.public)
            self._ledger.remember(digest, known.write(self._around.identity))
        else:
            self._ledger.say(id, f"{name} was done before, with the same input")
        outcome = Outcome(id, name, output, self._around.identity.public)
        self._ledger.give(id, name, outcome.write(self._around.identity), blobs_in(output))

    def _carried(self, record: Record, step: Step, tries: int) -> Output | None:
        """What a step gives; None where the job has ended."""
        assert step.input is not None
        id, name = record.id, step.name
        ledger = self._ledger
        stopping = threading.Event()
        wanted = threading.Event()
        wanted.set()

        def keep() -> None:
            """Holds the step, and looks whether it is wanted, apart from the work: a slow answer delays nothing."""
            while not stopping.wait(_LOOK_S):
                try:
                    ledger.lease(id, name, self._worker)
                    if not ledger.is_open(id) or self._leaving.is_set():
                        wanted.clear()
                except RedisError:  # the same
                    continue

        keeper = threading.Thread(target=keep, name="lease", daemon=True)
        keeper.start()
        last = -1.0

        def progress(share: float) -> None:
            nonlocal last
            if share - last >= 0.01:
                last = share
                with contextlib.suppress(RedisError):  # away for longer than we are patient; the work goes on
                    ledger.progress(id, name, share)

        try:
            return self._carrier.carry(step.contract, step.input, progress, wanted.is_set)
        except StoppedError:
            ledger.say(id, f"{name} was stopped")
            if self._leaving.is_set():
                raise LaterError(_GIVEN_BACK_S) from None
            return None
        except (StepError, BlobError) as error:
            words = error.message
            is_final = isinstance(error, StepError) and error.is_final
            ledger.say(id, f"{name} failed: {words}")
            if is_final:
                ledger.end(id, FAILED, words)
                return None
            failed = ledger.fail(id, name)
            if failed > self._most:
                self._give_up(id, f"{name} failed {failed} times, last: {words}")
            raise LaterError(backoff_s(failed)) from None
        finally:
            stopping.set()
            keeper.join()

    def _give_up(self, id: str, words: str) -> None:
        self._ledger.end(id, DEAD, words)
        raise GivenUpError(words)

    # What was done before

    def _digest(self, step: Step) -> str:
        mark = self._mark() if step.contract.name == "compile" else ""
        text = canonical_json([step.contract.name, step.contract.version, mark, step.input])
        return hashlib.sha256(text.encode()).hexdigest()

    def _remembered(self, digest: str) -> Mapping[str, object] | None:
        text = self._ledger.remembered(digest)
        if text is None:
            return None
        try:
            found = Outcome.read(_ANY_JOB, digest, text, self._around.is_trusted).output
        except UsageError:
            return None
        return found if all(self._depot.has(name) for name in blobs_in(found)) else None
