"""How our HTTP servers speak where no handler does: JSON there, too, and nothing of the programs behind them."""

import asyncio
import json
from typing import Final

from aiohttp import web

from marmalade_sc.errors import PeerError
from marmalade_sc.peers.refusals import refused

__all__ = ["ETAG", "Connection", "refusal", "use_manners"]

SERVER: Final = "marmalade"
_LINGERING_S: Final = 0.5
"""How long the rest of a body that is refused is still read, so that the refusal arrives. With aiohttp's ten seconds,
which go on when the other side has long gone, two thousand such requests a second would hold 200 MiB."""
ETAG: Final = web.RequestKey("etag", str)
"""What a handler sets for the header `ETag`; a file's own would be of its time on this disk."""


def refusal(error: PeerError, wall_ms: int = 0) -> web.Response:
    """A refusal as an answer; `wall_ms` is told to those whose clock is wrong."""
    body: dict[str, object] = {"error": {"code": error.reason, "message": error.message}}
    if error.reason == "clock":
        body["now"] = error.now_ms or wall_ms
    response = web.Response(
        body=json.dumps(body, separators=(",", ":")).encode(),
        status=error.status,
        headers={"Content-Type": "application/json; charset=utf-8", "Server": SERVER},
    )
    if error.status in (429, 503):
        response.headers["Retry-After"] = "1"
    if error.reason in ("malformed", "large", "busy"):
        response.force_close()  # whatever follows on this connection is not worth reading
    return response


def use_manners(app: web.Application) -> None:
    """Let all answers of an application say the same of their server, and no more of their files than their hash."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Server"] = SERVER
        if etag := request.get(ETAG):
            response.headers["ETag"] = f'"{etag}"'
            response.headers.pop("Last-Modified", None)

    app.on_response_prepare.append(prepare)


class Connection(web.RequestHandler):
    """One connection of a server: what is no HTTP is refused as everything else is, and no page is written about it.

    Args:
        longest_line, longest_field: of a header, in bytes.
        headers: at most so many.
    """

    __slots__ = ()

    def __init__(self, server: web.Server, longest_line: int, longest_field: int, headers: int) -> None:
        super().__init__(
            server,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type]  # its own code has None for none
            keepalive_timeout=10.0,
            lingering_time=_LINGERING_S,
            max_line_size=longest_line,
            max_field_size=longest_field,
            max_headers=headers,
            auto_decompress=False,
        )

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Where the bytes are no HTTP, or a handler has failed. What strangers send is not logged."""
        if status >= 500:
            self.log_exception("Error handling request", exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError("an answer was begun already")
        response = refusal(refused("failed" if status >= 500 else "malformed"))
        response.force_close()
        return response
