"""What is known of all jobs, in the job Redis. What must happen once is one script; everything else may happen twice.

No method raises but redis.RedisError, where the job Redis stays away for longer than its client is patient.
"""

import contextlib
import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Final, cast

import redis

from marmalade_sc.jobs import keys
from marmalade_sc.jobs.record import OPEN, Record, State, clean, read_record, readable

__all__ = ["Ledger"]

_LEASE_MS: Final = 6_000
_MOST_LINES: Final = 1000
_LONGEST_LINE: Final = 1000
_WORKER_S: Final = 5.0

_SUBMIT: Final = """
if redis.call('HSETNX', KEYS[1], 'job', ARGV[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'state', 'open', 'made_ms', ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[2], ARGV[3])
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[3])
return 1
"""
_GIVE: Final = """
if redis.call('HGET', KEYS[1], 'state') ~= 'open' then return 0 end
if redis.call('HSETNX', KEYS[1], 'outcome:' .. ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[4])
return 1
"""
_END: Final = """
if redis.call('HGET', KEYS[1], 'state') ~= 'open' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[1], 'error', ARGV[2], 'ended_ms', ARGV[3])
redis.call('HINCRBY', KEYS[1], 'endings', 1)
redis.call('ZREM', KEYS[2], ARGV[5])
redis.call('ZADD', KEYS[3], ARGV[4], ARGV[5])
if ARGV[1] == 'dead' then redis.call('ZADD', KEYS[4], ARGV[3], ARGV[5]) end
return 1
"""
_REOPEN: Final = """
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'dead' and state ~= 'failed' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'open')
redis.call('HDEL', KEYS[1], 'error', 'ended_ms')
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if string.find(name, '^tries:') or string.find(name, '^failures:') then redis.call('HDEL', KEYS[1], name) end
end
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[2])
redis.call('ZREM', KEYS[4], ARGV[2])
return 1
"""
_RELEASE: Final = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Ledger:
    """See the module.

    Args:
        keep_s: how long what a job has made is kept after its end.
        now: seconds of Unix time.
    """

    def __init__(self, client: "redis.Redis", keep_s: float, now: Callable[[], float] = time.time) -> None:
        self.client = client
        self._keep_s = keep_s
        self._now = now
        self._submit = client.register_script(_SUBMIT)
        self._give = client.register_script(_GIVE)
        self._end = client.register_script(_END)
        self._reopen = client.register_script(_REOPEN)
        self._release = client.register_script(_RELEASE)

    @property
    def now_ms(self) -> int:
        """Unix time."""
        return int(self._now() * 1000)

    # Jobs

    def submit(self, id: str, text: str) -> bool:
        """Put a job there; whether there was none of that id."""
        made = self._submit(keys=[keys.job(id), keys.ALL, keys.OPEN], args=[text, self.now_ms, id])
        if made:
            self.say(id, "submitted")
        return bool(made)

    def get(self, id: str) -> Record | None:
        """What is known of a job, or None."""
        found = cast("dict[bytes, bytes]", self.client.hgetall(keys.job(id)))
        try:
            return read_record(id, found)
        except (ValueError, KeyError):  # nobody of ours has written that
            return None

    def jobs(self, most: int = 1000) -> list[Record]:
        """All jobs, the newest first."""
        names = cast("list[bytes]", self.client.zrevrange(keys.ALL, 0, most - 1))
        return self._all(names)

    def open(self) -> list[str]:
        """Jobs that are not finished; first those to which nothing has happened for longest."""
        return [name.decode() for name in cast("list[bytes]", self.client.zrange(keys.OPEN, 0, -1))]

    def dead(self) -> list[Record]:
        """Jobs that were given up, the newest first."""
        return self._all(cast("list[bytes]", self.client.zrevrange(keys.DEAD, 0, -1)))

    def _all(self, names: Iterable[bytes]) -> list[Record]:
        return [found for name in names if (found := self.get(name.decode())) is not None]

    def untouched_s(self, id: str) -> float:
        """How long ago something happened to an open job; 0 for one that is not open."""
        score = self.client.zscore(keys.OPEN, id)
        return 0.0 if score is None else max(0.0, self._now() - score / 1000)

    def is_open(self, id: str) -> bool:
        """Whether a job is still to be done."""
        return cast("bytes | None", self.client.hget(keys.job(id), "state")) == OPEN.encode()

    # Steps

    def begin(self, id: str, step: str, worker: str) -> int:
        """Note that a worker begins a step; the how manieth try it is."""
        tries = self.client.hincrby(keys.job(id), f"tries:{step}", 1)
        self.client.hset(keys.job(id), "running", step)
        self._touch(id)
        self.say(id, f"{step} begins on {worker}" + (f", try {tries}" if tries > 1 else ""))
        return tries

    def fail(self, id: str, step: str) -> int:
        """Note that a try went wrong; how many did."""
        return self.client.hincrby(keys.job(id), f"failures:{step}", 1)

    def progress(self, id: str, step: str, share: float) -> None:
        """Note how far a step is, from 0 to 1."""
        self.client.hset(keys.job(id), f"progress:{step}", f"{share:.3f}")
        self._touch(id)

    def give(self, id: str, step: str, outcome: str, blobs: Iterable[str] = ()) -> bool:
        """Keep what a step has given; False where that is known, or the job has ended."""
        self.need(blobs)
        given = self._give(keys=[keys.job(id), keys.OPEN], args=[step, outcome, self.now_ms, id])
        if given:
            self.say(id, f"{step} is done")
        return bool(given)

    def end(self, id: str, state: State, error: str = "") -> bool:
        """Finish a job; False where it is finished already: of several, one does it."""
        expires = self.now_ms + round(self._keep_s * 1000)
        ended = self._end(
            keys=[keys.job(id), keys.OPEN, keys.ENDED, keys.DEAD],
            args=[state, error[:4000], self.now_ms, expires, id],
        )
        if ended:
            self.say(id, f"{state}: {error}" if error else state)
        return bool(ended)

    def reopen(self, id: str) -> bool:
        """Take up again a job that was given up or failed; what it has done already is kept."""
        done = self._reopen(keys=[keys.job(id), keys.OPEN, keys.ENDED, keys.DEAD], args=[self.now_ms, id])
        if done:
            self.say(id, "is taken up again")
        return bool(done)

    def _touch(self, id: str) -> None:
        self.client.zadd(keys.OPEN, {id: self.now_ms}, xx=True)

    # Who does what

    def lease(self, id: str, step: str, worker: str) -> bool:
        """Take a step for six seconds, or keep it; False where another worker has it."""
        key = keys.lease(id, step)
        if self.client.set(key, worker, nx=True, px=_LEASE_MS):
            return True
        if cast("bytes | None", self.client.get(key)) != worker.encode():
            return False
        self.client.pexpire(key, _LEASE_MS)
        return True

    def release(self, id: str, step: str, worker: str) -> None:
        """Give a step back."""
        self._release(keys=[keys.lease(id, step)], args=[worker])

    def present(self, worker: str, about: Mapping[str, object]) -> None:
        """A worker says that it lives, and what it can do."""
        self.client.set(keys.worker(worker), json.dumps(dict(about)), px=int(_WORKER_S * 2000))
        self.client.zadd(keys.WORKERS, {worker: self._now()})
        self.client.zremrangebyscore(keys.WORKERS, 0, self._now() - 3600)

    def leave(self, worker: str) -> None:
        """A worker goes."""
        self.client.delete(keys.worker(worker))
        self.client.zrem(keys.WORKERS, worker)

    def workers(self) -> dict[str, Mapping[str, object]]:
        """The workers that live, with what they say of themselves."""
        names = [name.decode() for name in cast("list[bytes]", self.client.zrange(keys.WORKERS, 0, -1))]
        if not names:
            return {}
        texts = cast("list[bytes | None]", self.client.mget([keys.worker(name) for name in names]))
        found: dict[str, Mapping[str, object]] = {}
        for name, text in zip(names, texts, strict=True):
            with contextlib.suppress(ValueError):
                about = json.loads(text) if text is not None else None
                if isinstance(about, dict):
                    found[readable(name)] = {readable(key): clean(value) for key, value in about.items()}
        return found

    def is_turn(self, what: str, every_s: float) -> bool:
        """Whether it is time for what one of all workers is to do `every_s` seconds."""
        return bool(self.client.set(f"{keys.MEND}:{what}", "1", nx=True, px=int(every_s * 1000)))

    # What is kept

    def remember(self, digest: str, output: str) -> None:
        """Keep what a step with this input gives, for other jobs."""
        self.client.set(keys.memo(digest), output, px=int(self._keep_s * 1000))

    def remembered(self, digest: str) -> str | None:
        """What a step with this input has given before."""
        found = cast("bytes | None", self.client.get(keys.memo(digest)))
        return None if found is None else found.decode()

    def need(self, blobs: Iterable[str]) -> None:
        """These blobs are kept as long as the results of a job that ends now. A day at least: jobs may wait."""
        expires = self._now() + max(self._keep_s, 86_400.0)
        scores = dict.fromkeys(blobs, expires)
        if scores:
            self.client.zadd(keys.BLOBS, scores, gt=True)

    def is_needed(self, blob: str) -> bool:
        """Whether a blob is needed still."""
        score = self.client.zscore(keys.BLOBS, blob)
        return score is not None and score > self._now()

    def expire(self) -> list[str]:
        """Forget jobs whose results have expired; their ids."""
        names = [
            name.decode() for name in cast("list[bytes]", self.client.zrangebyscore(keys.ENDED, 0, self.now_ms))[:1000]
        ]
        for name in names:
            self.client.delete(keys.job(name), keys.log(name))
            for place in (keys.ENDED, keys.ALL, keys.DEAD, keys.OPEN):
                self.client.zrem(place, name)
        self.client.zremrangebyscore(keys.BLOBS, 0, self._now())
        return names

    # Words

    def say(self, id: str, words: str) -> None:
        """Write a line into a job's log."""
        line = readable(words.replace("\n", " "))[:_LONGEST_LINE]
        self.client.xadd(keys.log(id), {"at_ms": self.now_ms, "line": line}, maxlen=_MOST_LINES, approximate=True)

    def log(self, id: str) -> list[tuple[int, str]]:
        """The lines of a job's log, each with its time in ms."""
        rows = cast("list[tuple[bytes, dict[bytes, bytes]]]", self.client.xrange(keys.log(id)))
        return [(int(row[b"at_ms"]), readable(row[b"line"].decode(errors="replace"))) for _, row in rows]
