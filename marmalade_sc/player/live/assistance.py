"""The hub's side of completion and documentation: words that are kept until something changes."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from marmalade_sc.assist import Words, complete, document, page_of, signature_at
from marmalade_sc.errors import MarmaladeError, SettingsError
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.live.sets import generator_names, jam_names, set_names
from marmalade_sc.player.sounds.content import read_orchestra, stamp_of
from marmalade_sc.sdk.instruments import Orchestra
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from marmalade_sc.settings.table import SETTINGS, written

__all__ = ["Assistance", "setting_rows"]

_MOST: Final = 1000
"""Completions in one answer: each has its documentation, and a line of the protocol may have 1 MiB."""
_MOST_BYTES: Final = 600_000
_NAMES_S: Final = 0.3
"""How long a completion waits for the user's names while an evaluation holds them up; then the older ones do."""
_MOST_FILES: Final = 500


class Assistance:
    """See the module. Belongs to the hub's loop; what takes long is done in a thread.

    Args:
        catalogue, banks: files that say what can be played.
        ask: sends a command to the live host.
    """

    def __init__(
        self, places: Places, catalogue: Path, banks: Path, ask: Callable[[Message], Awaitable[Message]]
    ) -> None:
        self._places = places
        self._catalogue = catalogue
        self._banks = banks
        self._ask = ask
        self._words: Words | None = None
        self._stamp: tuple[int, ...] = ()
        self._names: Mapping[str, object] = {}
        self._is_stale = True
        self._refresh: asyncio.Task[None] | None = None
        self._patience = 0.0

    def changed(self) -> None:
        """What the user has bound may have changed. Costs nothing until somebody has asked for a completion."""
        self._is_stale = True
        if self._words is not None:
            self._begin()

    async def answer(self, message: Message) -> Message:
        """The answer to `complete` or `document`."""
        words = await self._current()
        code, position = str(message.get("code") or ""), _position(message)
        if message.get("do") == "complete":
            start, found = complete(code, position, words)
            signature = signature_at(code, position, words)
            rows: list[Mapping[str, str]] = []
            size = 0
            for each in found[:_MOST]:
                size += len(each.doc) + len(each.meta) + 100
                rows.append(each.to_json() if size < _MOST_BYTES else {**each.to_json(), "doc": ""})
            call = signature.to_json() if signature is not None else None
            return {"ok": True, "start": start, "completions": rows, "call": call}
        name = message.get("name")
        page = page_of(name, words) if isinstance(name, str) else document(code, position, words)
        if page is None:
            return {"ok": True, "title": "", "signature": "", "doc": "", "examples": []}
        return {"ok": True, **page.to_json()}

    async def _current(self) -> Words:
        if self._is_stale:
            self._begin()
        if self._refresh is not None and (left := self._patience - asyncio.get_running_loop().time()) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self._refresh), left)
        places = self._places
        stamp = stamp_of(self._catalogue, self._banks, places.config, places.generators, places.sets, places.jams)
        if self._words is None or stamp != self._stamp:
            self._stamp = stamp
            self._words = await asyncio.to_thread(self._made)
        return self._words

    def _begin(self) -> None:
        if self._refresh is None or self._refresh.done():
            self._patience = asyncio.get_running_loop().time() + _NAMES_S
            self._refresh = asyncio.create_task(self._read_names())

    async def _read_names(self) -> None:
        while self._is_stale:
            self._is_stale = False
            answer = await self._ask({"do": "names"})
            if not answer.get("error"):
                self._names = answer
            self._words = await asyncio.to_thread(self._made)

    def _made(self) -> Words:
        try:
            orchestra = read_orchestra(self._catalogue, self._banks)
        except MarmaladeError:
            orchestra = Orchestra(())  # the foundry has not written it yet
        return Words.of(
            orchestra=orchestra,
            names={**self._names, "sets": set_names(self._places.sets)},
            settings=setting_rows(self._places.config),
            files=self._files,
            jams=jam_names(self._places.jams),
            generators=generator_names(self._places.generators),
        )

    def _files(self, start: str) -> Iterable[str]:
        """Files behind the beginning of a path; one that is not full is in recordings/."""
        folder = self._places.recordings / Path(start.rpartition("/")[0] + "/" if "/" in start else "").expanduser()
        found = [f"{path.name}/" if path.is_dir() else path.name for path in _listed(folder)]
        return sorted(name for name in found if not name.startswith("."))


def setting_rows(config: Path) -> list[Mapping[str, object]] | None:
    """Every setting with its value and origin; None where config.toml is wrong, so that defaults are shown."""
    try:
        settings = load(config)
    except SettingsError:
        return None
    return [
        {
            "key": key,
            "value": written(effective.value),
            "origin": effective.origin,
            "doc": SETTINGS[key].doc,
            "allowed": SETTINGS[key].allowed,
        }
        for key, effective in settings
    ]


def _position(message: Message) -> int:
    value = message.get("position")
    return int(value) if isinstance(value, int | float) and abs(value) < 1 << 30 else 0


def _listed(folder: Path) -> list[Path]:
    try:
        return [path for path, _ in zip(folder.iterdir(), range(_MOST_FILES), strict=False)]
    except (OSError, ValueError):
        return []
