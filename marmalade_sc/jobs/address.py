"""Where the job Redis is, and a client for it that waits out a restart."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import redis
from redis.backoff import ExponentialBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, RedisError, TimeoutError
from redis.retry import Retry

from marmalade_sc.errors import QueueError, SettingsError
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places

__all__ = ["Address", "reach"]

_TIMEOUT_S: Final = 10.0
_LONGEST_PAUSE_S: Final = 0.5
_LOCAL: Final = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Address:
    """Where the job Redis is.

    Attributes:
        socket: of our own; None for another.
        url: of another; empty for our own. Holds a password: never shown.
        ca: the certificate that vouches for it; empty for those of the system.
    """

    socket: Path | None
    url: str = ""
    ca: str = ""

    @classmethod
    def of(cls, places: Places, settings: Settings) -> "Address":
        """As the settings say.

        Raises:
            SettingsError: it is no address, or would send what it is told in the clear over a network.
        """
        url = settings.text("jobs.redis").strip()
        if not url:
            return cls(places.jobs_socket)
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            parts, host = urlsplit(""), None
        if parts.scheme == "unix" and parts.path:
            return cls(Path(parts.path), url)
        if parts.scheme not in ("redis", "rediss") or not host:
            raise SettingsError(
                "jobs.redis is no address of a Redis", hint="Write rediss://user:password@host:6379, or nothing."
            )
        if parts.scheme == "redis" and host not in _LOCAL:
            raise SettingsError(
                f"jobs.redis would send jobs and the password to {host} for all to read",
                hint="Write rediss:// for TLS; without it only an address of this machine will do.",
            )
        if parts.scheme == "rediss" and not parts.password:
            raise SettingsError("jobs.redis names no password", hint="Write rediss://user:password@host:6379.")
        ca = settings.text("jobs.ca")
        return cls(None, url, str(Path(ca).expanduser()) if ca else "")

    @property
    def is_own(self) -> bool:
        """Whether it is the one that we start ourselves."""
        return not self.url

    @property
    def shown(self) -> str:
        """Where it is, without its password."""
        if self.socket is not None:
            return str(self.socket)
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.hostname}:{parts.port or 6379}"

    def client(self, patience: int = 60) -> "redis.Redis":
        """A client that gives text as it was written, in bytes.

        Args:
            patience: how often it asks again, at most half a second apart, while nothing answers.
        """
        retry = Retry(ExponentialBackoff(_LONGEST_PAUSE_S, 0.02), patience)
        errors: list[type[Exception]] = [ConnectionError, TimeoutError, BusyLoadingError]
        if self.socket is not None:
            return redis.Redis(
                unix_socket_path=str(self.socket), socket_timeout=_TIMEOUT_S, retry=retry, retry_on_error=errors
            )
        more: dict[str, object] = {}
        if self.url.startswith("rediss:"):
            more = {"ssl_cert_reqs": "required", "ssl_check_hostname": True}
            if self.ca:
                more["ssl_ca_certs"] = self.ca
        client: redis.Redis = redis.Redis.from_url(
            self.url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=retry,
            retry_on_error=errors,
            **more,
        )
        return client


def reach(address: Address, patience: int = 60) -> "redis.Redis":
    """A client of a job Redis that answers.

    Raises:
        QueueError: it does not, or does not let us in.
    """
    client = address.client(patience)
    try:
        client.ping()
    except (RedisError, OSError) as error:
        client.close()
        raise QueueError(
            f"The job Redis {address.shown} cannot be used: {str(error).splitlines()[0]:.200}. "
            "Look at the settings jobs.redis and jobs.ca."
        ) from error
    return client
