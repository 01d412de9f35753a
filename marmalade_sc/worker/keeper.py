"""Our own job Redis and the workers beside it: started when somebody needs them, gone when there is nothing to do.

One keeper per player directory; a lock says so. It ends what it has started, and the kernel does where it is killed;
the queue is on the disk, and the next who needs it starts another keeper, which goes on.
"""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Final

import redis
from redis.exceptions import RedisError

from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.errors import MarmaladeError, QueueError
from marmalade_sc.jam.servers import RedisServer, find_redis, jobs_server, redis_version
from marmalade_sc.jobs.address import Address, reach
from marmalade_sc.player.base.directory import make
from marmalade_sc.player.base.processes import ProcessId
from marmalade_sc.settings.places import Places, make_private
from marmalade_sc.worker.carrier import sweep
from marmalade_sc.worker.pool import Pool
from marmalade_sc.worker.surroundings import Surroundings

__all__ = ["LINGER_S", "connect", "holder", "keep"]

LINGER_S: Final = 60.0
"""How long after the last job and the last visitor it goes."""
_LOOK_S: Final = 0.5
_PATIENCE: Final = 10
"""A Redis that was killed is back within these three seconds; where the keeper is gone, too, another is started."""
_START_S: Final = 30.0
_STOP_S: Final = 20.0
_LOG_BYTES: Final = 1 << 20
_LOCK: Final = "keeper.lock"
_RECORD_BYTES: Final = 80
_OWN_NAME: Final = "marmalade-keeper"


def connect(around: Surroundings) -> "redis.Redis":
    """A client of the job Redis; our own is started where it does not run.

    Raises:
        QueueError: it cannot be reached, or does not start; says why.
        MarmaladeError: there is no redis-server, or a folder cannot be used.
    """
    address = around.address
    if not address.is_own:
        return reach(address, patience=3)
    make(around.places)
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if _answers(address):
            return reach(address, _PATIENCE)
        if holder(around.places) is None:
            _start(around)
        time.sleep(0.02)
    log = around.places.logs / "jobs.log"
    raise QueueError(f"The job Redis is not ready within {_START_S:g} s. See {log}.")


def _answers(address: Address) -> bool:
    client = address.client(patience=0)
    try:
        return bool(client.ping())
    except (RedisError, OSError):
        return False
    finally:
        client.close()


def _start(around: Surroundings) -> None:
    """Start a keeper, which leaves this process behind. Raises QueueError where it cannot begin."""
    log = around.places.logs / "jobs.log"
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(log.name + ".1"))
    with log.open("ab") as output:
        before = output.tell()
        done = subprocess.run(
            around.argv("marmalade_sc.worker.keeper"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=around.env(),
            start_new_session=True,
            cwd="/",
            check=False,
        )
    if done.returncode:
        words = log.read_bytes()[before:].decode(errors="replace").strip()
        raise QueueError(f"The job Redis does not start: {words or f'see {log}'}")


def keep(around: Surroundings) -> int:
    """Keep the job Redis and its workers until there has been nothing to do for a minute; the exit status.

    Raises:
        MarmaladeError: there is no redis-server.
    """
    places = around.places
    with _alone(places) as lock:
        if lock is None:
            return 0
        program = find_redis(around.settings.text("jam.redis"))
        version = redis_version(program)
        if os.fork():  # who has started it waits for this process only
            os._exit(0)
        own = ProcessId.own()
        os.pwrite(lock, json.dumps({"pid": own.pid, "start": own.start}).encode().ljust(_RECORD_BYTES), 0)
        ending = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ending.set())
        make_private(places.jobs_socket.parent)
        sweep(places.jobs / "work")
        folder = places.jobs / "redis"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        server = jobs_server(program, version, socket=places.jobs_socket, folder=folder)
        _Keeper(around, server).run(ending)
    return 0


def holder(places: Places) -> ProcessId | None:
    """The keeper that runs in a player directory, or None."""
    try:
        found = ProcessId.from_record(json.loads((places.jobs / _LOCK).read_text()))
    except (OSError, ValueError):
        return None
    return found if found is not None and found.lives else None


class _Keeper:
    def __init__(self, around: Surroundings, server: RedisServer) -> None:
        self._around = around
        self._server = server
        self._redis: subprocess.Popen[bytes] | None = None
        self._pool = Pool(around, 0, say=_say)
        self._client = around.address.client(patience=0)
        self._busy = time.monotonic()

    def run(self, ending: threading.Event) -> None:
        try:
            while not ending.is_set():
                self._see_to_redis()
                self._see_to_workers()
                if time.monotonic() - self._busy > LINGER_S:
                    self._pool.stop(_STOP_S)
                    self._see_to_workers()  # somebody may have come meanwhile
                    if time.monotonic() - self._busy > LINGER_S:
                        break
                ending.wait(_LOOK_S)
        finally:
            self._pool.stop(_STOP_S)
            self._client.close()
            if self._redis is not None:
                self._redis.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._redis.wait(_STOP_S)
                self._redis.kill()
                self._redis.wait()
            shutil.rmtree(self._server.socket.parent, ignore_errors=True)

    def _see_to_redis(self) -> None:
        if self._redis is not None and self._redis.poll() is None:
            return
        if self._redis is not None:
            _say(f"the job Redis has ended with status {self._redis.returncode} and is started again")
        self._server.socket.unlink(missing_ok=True)
        self._redis = subprocess.Popen(
            self._server.argv, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=die_with_parent
        )

    def _see_to_workers(self) -> None:
        """Workers while there are jobs, and visitors are seen."""
        with contextlib.suppress(RedisError, OSError):
            self._client.client_setname(_OWN_NAME)
            ledger = self._around.ledger(self._client)
            has_jobs = bool(ledger.open())
            visitors = int(self._client.info("clients")["connected_clients"]) - 1
            mine = len(self._pool.pids)
            if has_jobs or (visitors > 0 and not mine):
                self._busy = time.monotonic()
            if has_jobs:
                self._pool.wanted = self._around.settings.integer("jobs.workers")
            elif mine and time.monotonic() - self._busy > LINGER_S / 2:
                self._pool.stop(_STOP_S)
        self._pool.look()


@contextlib.contextmanager
def _alone(places: Places) -> Iterator[int | None]:
    """The lock of who keeps the job Redis of a player directory, held as long as the block lasts; None: others do."""
    places.jobs.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(places.jobs / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield descriptor
    finally:
        os.close(descriptor)


def _say(words: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


def main() -> None:
    try:
        sys.exit(keep(Surroundings.of(sys.argv[1])))
    except MarmaladeError as error:
        print(str(error), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
