"""The queue of steps that can be done: dramatiq on the job Redis. The only place that knows dramatiq.

A message says which step of which job; what that is stands in the ledger. dramatiq gives a message to one worker, takes
it back when that worker has not been heard of for four seconds, delivers it later when the step is to be tried again
and keeps it as a dead letter when it is given up. A message may still come twice: who gets it looks whether the step is
done.
"""

import random
import threading
from collections.abc import Callable, Iterable
from typing import Final, cast

import dramatiq
import redis
from dramatiq.broker import MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.middleware import Middleware, Retries

from marmalade_sc.clock.clocks import wait
from marmalade_sc.jobs.contracts import Contract
from marmalade_sc.jobs.keys import QUEUES

__all__ = ["GivenUpError", "LaterError", "Queue", "Serving"]

_HEARTBEAT_MS: Final = 4_000
_MAINTENANCE: Final = 50_000
"""Of a million: in each twentieth command dramatiq looks for dead workers."""
_DEAD_MS: Final = 7 * 86_400_000
_IDLE_S: Final = 0.1
_NO_SLEEP_MS: Final = 1
_BACKOFF_MS: Final = 60_000
_FIRST_BACKOFF_MS: Final = 500


class LaterError(Exception):
    """The step is to be tried again, `delay_s` from now."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(f"later, in {delay_s:.1f} s")
        self.delay_s = delay_s


class GivenUpError(Exception):
    """The step is not to be tried again: its message goes to the dead letters."""


def backoff_s(tries: int) -> float:
    """How long to wait behind so many tries that failed: 0.5 s, doubling, at most a minute."""
    return float(min(_BACKOFF_MS, _FIRST_BACKOFF_MS * 2 ** min(20, max(0, tries - 1)))) / 1000


class Queue:
    """Steps that can be done.

    Args:
        client: of the job Redis; its own, for it may be closed.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._slot = threading.BoundedSemaphore(1)
        self._broker = _Broker(
            self._slot,
            client=client,
            namespace=QUEUES,
            middleware=[Retries(), _Slot(self._slot)],
            heartbeat_timeout=_HEARTBEAT_MS,
            maintenance_chance=_MAINTENANCE,
            dead_message_ttl=_DEAD_MS,
        )

    def put(self, job: str, step: str, contract: Contract) -> None:
        """Say that a step can be done."""
        self._broker.enqueue(
            dramatiq.Message(
                queue_name=contract.queue, actor_name=contract.queue, args=(job, step), kwargs={}, options={}
            )
        )

    def size(self, contract: Contract) -> int:
        """How many messages wait or are being worked on."""
        self._broker.declare_queue(contract.queue)
        return int(self._broker.do_qsize(contract.queue))

    def letters(self, contract: Contract) -> int:
        """How many dead letters there are."""
        return int(self._broker.client.zcard(f"{QUEUES}:{contract.queue}.XQ"))

    def serve(self, contracts: Iterable[Contract], work: Callable[[str, str], None]) -> "Serving":
        """Call `work` in a thread with job and step, one after the other, until the result is stopped.

        `work` returns when the step is done with, or raises LaterError or GivenUpError.
        """
        for contract in contracts:
            self._broker.declare_actor(
                dramatiq.Actor(
                    _translated(work),
                    broker=self._broker,
                    actor_name=contract.queue,
                    queue_name=contract.queue,
                    priority=0,
                    options={
                        "throws": GivenUpError,
                        "max_retries": None,  # how often is the ledger's to say; these are for a Redis that is away
                        "min_backoff": _FIRST_BACKOFF_MS,
                        "max_backoff": _BACKOFF_MS,
                    },
                )
            )
        return Serving(dramatiq.Worker(self._broker, worker_timeout=round(1000 * _IDLE_S), worker_threads=1))


class Serving:
    """A worker that takes messages."""

    def __init__(self, worker: "dramatiq.Worker") -> None:
        self._worker = worker
        worker.queue_prefetch = 1
        worker.start()

    def stop(self, within_s: float) -> None:
        """Take no more, finish what is begun and give back what was fetched."""
        self._worker.stop(timeout=int(within_s * 1000))


def _translated(work: Callable[[str, str], None]) -> Callable[..., None]:
    def step(*words: object) -> None:
        match words:
            case (str(job), str(name)):
                pass
            case _:
                raise GivenUpError("It names no step of a job")
        try:
            work(job, name)
        except LaterError as error:
            raise dramatiq.errors.Retry(str(error), delay=max(1, round(error.delay_s * 1000))) from None

    return step


class _Slot(Middleware):
    """Frees the slot of a worker when a message was worked on."""

    def __init__(self, slot: threading.BoundedSemaphore) -> None:
        self._slot = slot

    def after_process_message(
        self, broker: object, message: object, *, result: object = None, exception: BaseException | None = None
    ) -> None:
        self._free()

    def after_skip_message(self, broker: object, message: object) -> None:
        self._free()

    def _free(self) -> None:
        try:
            self._slot.release()
        except ValueError:  # a message that waited for its time came without one
            return


class _Consumer(_RedisConsumer):
    """Fetches only when the worker has nothing to do: what one holds in stock, others cannot begin."""

    def __init__(self, broker: "_Broker", queue_name: str, prefetch: int, timeout: int) -> None:
        # dramatiq sleeps within a fetch that finds nothing, by then with the slot: so we sleep, without it.
        super().__init__(broker, queue_name, prefetch, _NO_SLEEP_MS)  # type: ignore[no-untyped-call]
        self._is_late = queue_name.endswith(".DQ")

    def __next__(self) -> MessageProxy | None:
        message = None
        if self._is_late:
            message = self._fetched()
        elif self.broker.slot.acquire(blocking=False):
            try:
                message = self._fetched()
            finally:
                if message is None:
                    self.broker.slot.release()
        if message is None:
            wait(random.uniform(0.5, 1.5) * _IDLE_S)
        return message

    def _fetched(self) -> MessageProxy | None:
        return cast("MessageProxy | None", super().__next__())  # type: ignore[no-untyped-call]


class _Broker(RedisBroker):
    def __init__(self, slot: threading.BoundedSemaphore, **options: object) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.slot = slot

    @property
    def consumer_class(self) -> type[_Consumer]:
        return _Consumer
