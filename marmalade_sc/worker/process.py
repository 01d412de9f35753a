"""A worker: takes steps from the queue and does them, says that it lives, mends what others left. A process.

It ends by itself after a quarter of an hour or so, when it has nothing in hand; whoever keeps workers starts another.
"""

import contextlib
import os
import random
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

from redis.exceptions import RedisError

from marmalade_sc.errors import UsageError
from marmalade_sc.jobs.address import reach
from marmalade_sc.jobs.contracts import CONTRACTS
from marmalade_sc.jobs.depot import Depot
from marmalade_sc.jobs.job import Job
from marmalade_sc.jobs.ledger import Ledger
from marmalade_sc.jobs.plan import blobs_in
from marmalade_sc.jobs.queue import Queue
from marmalade_sc.worker.abilities import sounds_mark
from marmalade_sc.worker.carrier import Carrier, sweep
from marmalade_sc.worker.hand import Hand, advance, outcomes
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["log", "serve"]

_BEAT_S: Final = 1.0
_MEND_S: Final = 5.0
_EXPIRE_S: Final = 60.0
_LIFE_S: Final = (900.0, 1200.0)
_LAST_S: Final = 30.0
_IDLE_AFTER_S: Final = 5.0
_YOUNG_S: Final = 3600.0
"""What was written within the last hour may be needed before the ledger says so."""


def serve(
    around: Surroundings,
    programs: Mapping[str, Sequence[str]],
    steps: Sequence[str],
    to_forge: socket.socket,
    beat: int,
) -> int:
    """Work until told to end, or until its time is over; the exit status.

    Args:
        programs: programs for steps that ours do not do.
        steps: those that are done.
        beat: a descriptor on which a byte is written each second.

    Raises:
        MarmaladeError: the job Redis cannot be reached.
    """
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    id = f"{socket.gethostname()[:40]}-{os.getpid()}-{os.urandom(2).hex()}"
    client = reach(around.address)
    ledger, depot = around.ledger(client), around.depot(client)
    offered = [CONTRACTS[name] for name in steps]
    carrier = Carrier(around, depot, to_forge, programs)
    queue = Queue(around.address.client())
    hand = Hand(id, around, ledger, depot, queue, carrier, lambda: sounds_mark(around))
    serving = queue.serve(offered, hand.work)
    about = {"host": socket.gethostname(), "pid": os.getpid(), "steps": [row.queue for row in offered]}
    until = time.monotonic() + random.uniform(*_LIFE_S)
    try:
        while not ending.wait(_BEAT_S) and not carrier.is_broken and (hand.doing or time.monotonic() < until):
            with contextlib.suppress(OSError):
                os.write(beat, b".")
            try:
                ledger.present(id, {**about, "doing": hand.doing})
                if ledger.is_turn("mend", _MEND_S):
                    mend(ledger, queue, around)
                if ledger.is_turn(f"expire:{socket.gethostname()}", _EXPIRE_S):
                    renew(ledger, depot, around)
                    expire(ledger, depot)
                    sweep(around.places.jobs / "work")
            except RedisError as error:
                log(f"the job Redis is away: {error}")
    finally:
        hand.leave()
        serving.stop(_LAST_S)
        carrier.close()
        with contextlib.suppress(RedisError):
            ledger.leave(id)
    return 0


def mend(ledger: Ledger, queue: Queue, around: Surroundings) -> None:
    """Put into the queue what fell between two steps: open jobs of which no message is left."""
    empty = {row.name for row in CONTRACTS.values() if not queue.size(row)}
    for id in ledger.open() if empty else ():
        if ledger.untouched_s(id) > _IDLE_AFTER_S:
            advance(id, ledger, queue, around, lambda contract: contract.name in empty)


def renew(ledger: Ledger, depot: Depot, around: Surroundings) -> None:
    """Keep what open jobs need, however long they wait."""
    for id in ledger.open():
        record = ledger.get(id)
        if record is None:
            continue
        try:
            job = Job.read(record.job, around.is_trusted)
            done = outcomes(record, around.is_trusted)
        except UsageError:
            continue
        blobs = {job.source, *blobs_in(done)}
        ledger.need(blobs)
        depot.renew(blobs)


def expire(ledger: Ledger, depot: Depot) -> None:
    """Forget jobs and files whose time is over."""
    ledger.expire()
    for name in depot.blobs:
        path = depot.blobs.path(name)
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _YOUNG_S and not ledger.is_needed(name):
                depot.forget(name)
    for path in depot.blobs.root.rglob("*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _YOUNG_S:
                path.unlink()


def log(words: str) -> None:
    """Write a line into the log of workers."""
    print(f"{time.strftime('%H:%M:%S')} worker {os.getpid()}: {words}", file=sys.stderr, flush=True)
