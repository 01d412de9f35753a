"""Where a generation's frames go, as far as it needs to know."""

from collections.abc import Iterable
from typing import Protocol

from marmalade_sc.sdk.frames import Frame

__all__ = ["Writer"]


class Writer(Protocol):
    """Where frames go; see `jam.streams.FrameWriter`. `news_id` is the latest record of news that was read."""

    news_id: str

    @property
    def is_unsent(self) -> bool:
        """Whether frames wait."""

    def write(self, frames: Iterable[Frame], now: int, news: str | None = None) -> list[dict[str, object]]:
        """Append frames; returns news of the engine."""

    def close(self) -> None:
        """Give the connection back."""
