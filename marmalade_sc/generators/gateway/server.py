"""An instance's gateway: its socket on one side, the jam's servers on the other, each request checked between them."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.errors import JamError, MarmaladeError
from marmalade_sc.generators.gateway.older import Older, ranged
from marmalade_sc.generators.gateway.policy import EVENTS, LOCAL, STATE, TRACK, Bounds, Bucket, Scope, checked, plain
from marmalade_sc.generators.gateway.resp import error, packed, read_reply, read_request

__all__ = ["Counts", "Gateway"]

_MOST_CONNECTIONS: Final = 4
_SOCKET: Final = "redis.sock"
_LONGEST_REPLY: Final = 8 << 20
_LONG_S: Final = 0.05


@dataclass(slots=True)
class Counts:
    """What went through, and what did not. `denials` has the latest ones in words."""

    requests: int = 0
    data: int = 0
    waited_s: float = 0.0
    denied: int = 0
    denials: list[str] = field(default_factory=list)

    def deny(self, words: str) -> None:
        """Note a request that was refused."""
        self.denied += 1
        self.denials.append(words)
        del self.denials[:-50]


@dataclass(slots=True)
class _Upstream:
    """One connection's own connections to the servers, in the protocol's version that the client speaks."""

    servers: dict[str, tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=dict)
    is_version_3: bool = False

    def speak(self, is_version_3: bool) -> None:
        """Go on in another version, with new connections."""
        if is_version_3 != self.is_version_3:
            for _, writer in self.servers.values():
                writer.close()
            self.servers.clear()
            self.is_version_3 = is_version_3


class Gateway:
    """See the module. One for each instance; the socket's folder is all that its sandbox sees.

    Args:
        folder: where its socket `redis.sock` is made.
        state, events: sockets of the jam's servers.
        login: gives what is said to each server first, as a request (AUTH), which must be answered with OK.
        now_ms: jam time in milliseconds.
        now: seconds that never go back.
        denied: called with the words of each refusal.
        notes: makes an entry that names a sound in plain words (docs/generators.md) a frame; takes and gives fields.
        older: what of the series is no more in Redis.
        placed: called when it has set its tag `Track`, with the strip that it wants.
    """

    def __init__(
        self,
        folder: Path,
        state: Path,
        events: Path,
        scope: Scope,
        *,
        now_ms: Callable[[], int],
        now: Callable[[], float],
        bounds: Bounds = Bounds(),  # noqa: B008  a frozen value
        login: Callable[[], Awaitable[tuple[bytes, ...]]] | None = None,
        denied: Callable[[str], None] = lambda words: None,
        notes: Callable[[Sequence[bytes]], Sequence[bytes]] | None = None,
        older: Older | None = None,
        placed: Callable[[str], None] = lambda track: None,
    ) -> None:
        self.scope = scope
        self.counts = Counts()
        self._path = folder / _SOCKET
        self._servers = {STATE: state, EVENTS: events}
        self._bounds = bounds
        self._login = login
        self._now_ms = now_ms
        self._denied = denied
        self._notes = notes
        self._older = older
        self._placed = placed
        self._commands = Bucket(bounds.commands, 2 * bounds.commands, now)
        self._data = Bucket(bounds.data, 2 * bounds.data, now)
        self._track_key = scope.prefix + TRACK.encode()
        self._connections = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen. Who may enter the folder may connect: an instance of a root player is another user."""
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        self._server = await asyncio.start_unix_server(self._serve, os.fspath(self._path), limit=self._bounds.request)
        self._path.chmod(0o666)

    async def close(self) -> None:
        """Listen no more; connections are cut. Idempotent."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        upstream = _Upstream()
        self._connections += 1
        try:
            if self._connections > _MOST_CONNECTIONS:
                writer.write(error(f"an instance may have {_MOST_CONNECTIONS} connections"))
                return
            while (found := await read_request(reader, self._bounds.request)) is not None:
                await self._pace(found[1])
                writer.write(await self._answer(found[0], upstream))
                await writer.drain()
                if found[0][0].upper() == b"QUIT":
                    return
        except JamError as problem:
            self._deny(problem.message)
            writer.write(error(problem.message))
        except ValueError:  # a line without an end
            self._deny("a request is not what Redis speaks")
            writer.write(error("a request is not what Redis speaks"))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # it went, or we end
        finally:
            self._connections -= 1
            for _, server in upstream.servers.values():
                server.close()
            writer.close()

    async def _answer(self, request: list[bytes], upstream: "_Upstream") -> bytes:
        self.counts.requests += 1
        try:
            if self._notes is not None and request[0].upper() == b"XADD" and request[1:2] == [self.scope.events]:
                request = [*request[:2], b"*", *self._notes(request[3:])] if b"data" not in request[3::2] else request
            server, parts = checked(request, self.scope, self._bounds, self._now_ms())
        except MarmaladeError as problem:
            self._deny(problem.message)
            return error(problem.message, "NOPERM")
        if server == LOCAL:
            if request[0].upper() == b"HELLO" and parts[0][:1] != b"-":
                upstream.speak(parts[0][:1] == b"%")
            return parts[0]
        try:
            if self._older is not None and server == STATE and parts[0] in (b"XRANGE", b"XREVRANGE"):
                return await ranged(
                    parts, self._older, lambda each: self._ask(STATE, each, upstream), asyncio.to_thread
                )
            reply = await self._ask(server, parts, upstream)
            if parts[0] == b"XADD" and parts[1] == self._track_key and reply[:1] != b"-":
                fields = parts[6:]
                self._placed(plain(dict(zip(fields[::2], fields[1::2], strict=True)).get(b"value", b"")))
            return reply
        except (OSError, ValueError, asyncio.IncompleteReadError, JamError):
            if server in upstream.servers:  # Redis was restarted: the next request connects anew
                upstream.servers.pop(server)[1].close()
            return error("the jam's state is away for a moment; try again", "TRYAGAIN")

    async def _ask(self, server: str, parts: Sequence[bytes], upstream: "_Upstream") -> bytes:
        if server not in upstream.servers:
            upstream.servers[server] = await self._connect(server, upstream.is_version_3)
        reader, writer = upstream.servers[server]
        writer.write(packed(parts))
        return await read_reply(reader)

    async def _connect(self, server: str, is_version_3: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(os.fspath(self._servers[server]), limit=_LONGEST_REPLY)
        if self._login is not None:
            writer.write(packed(await self._login()))
            if not (await read_reply(reader)).startswith(b"+OK"):
                writer.close()
                raise JamError("the state server does not know this instance")
        if is_version_3:
            writer.write(packed([b"HELLO", b"3"]))
            await read_reply(reader)
        return reader, writer

    async def _pace(self, size: int) -> None:
        self.counts.data += size
        wait_s = max(self._commands.take(1), self._data.take(size))
        if wait_s:
            if wait_s > _LONG_S:
                self._denied("more requests at once than are allowed: it has to wait")
            self.counts.waited_s += wait_s
            await asyncio.sleep(wait_s)

    def _deny(self, words: str) -> None:
        self.counts.deny(words)
        self._denied(words)
