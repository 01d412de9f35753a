"""Sounds that all players of a jam have by name: what one names is fetched by the others, checked, and put in a bank.

Only what trusted players name is fetched, within bounds; a bank of the jam never takes the place of the user's own or
of a synthdef. Files are in `jams/<jam>/assets/<name>/`.
"""

import asyncio
import contextlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from marmalade_sc.errors import BlobError, MarmaladeError, PeerError, UsageError
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.ids import check_name
from marmalade_sc.peers.assets import ASSET, LARGEST_ASSET, MOST_ASSETS, SharedAsset, plain_wave, read_asset
from marmalade_sc.peers.client import Client
from marmalade_sc.peers.records import RegisterWrite
from marmalade_sc.player.control.protocol import Message
from marmalade_sc.player.shared.deliveries import Deliveries
from marmalade_sc.player.shared.keeping import Keeping, Unseen

__all__ = ["Assetkeeper"]

_LOOK_S: Final = 0.5
_AGAIN_S: Final = 3.0
_FULL_S: Final = 30.0
_LONGEST_NAME: Final = 40


class Assetkeeper:
    """See the module. For one event loop. `root` is the folder of the jam's sounds.

    `near` are the folders in which files are looked for whose path is not whole.
    """

    def __init__(
        self, keeping: Keeping, client: Client, deliveries: Deliveries, root: Path, near: Sequence[Path]
    ) -> None:
        self._keeping = keeping
        self._client = client
        self._deliveries = deliveries
        self._root = root
        self._near = near
        self._unseen = Unseen()
        self._again: dict[str, float] = {}
        self._is_full = False

    async def asset(self, message: Message) -> Message:
        """Give a sound file a name for all, or take the name back where there is no path."""
        name = check_name(str(message["name"]), "sound")
        if len(name) > _LONGEST_NAME:
            raise UsageError(f"The name {name!r:.60} is too long", hint=f"{_LONGEST_NAME} letters are allowed.")
        path = str(message["path"])
        if not path:
            self._keeping.shared.must_tell(f"{ASSET}{name}", b"", is_kept=True)
            return {"value": f"{name} is nobody's any more; what sounds rings out."}
        others = [each for each, write in self._keeping.shared.family(ASSET).items() if write.value and each != name]
        if len(others) >= MOST_ASSETS:
            raise UsageError(f"The jam has {MOST_ASSETS} sounds already", hint='Take one back: jam.asset("name", "").')
        from marmalade_sc.player.sounds.soundfiles import as_plain_wave  # numpy and soundfile: 70 ms of a start

        data = await asyncio.to_thread(as_plain_wave, self._file(path), LARGEST_ASSET)
        sha256 = await asyncio.to_thread(self._deliveries.put, data)
        self._keeping.shared.must_tell(f"{ASSET}{name}", SharedAsset(sha256, len(data)).to_bytes(), is_kept=True)
        return {"value": f'All players get {name}, {len(data) / 1024:.0f} KiB: s("{name}") plays it.'}

    async def assets(self, message: Message) -> Message:
        """Names, sizes, and whose they are."""
        lines = []
        for name, write in sorted(self._keeping.shared.family(ASSET).items()):
            with contextlib.suppress(PeerError):
                found = read_asset(write.value) if write.value else None
                if found is not None:
                    state = "" if self._path(name, found).is_file() else "  (on its way)"
                    lines.append(f"{name:20} {found.size / 1024:7.0f} KiB  {self._keeping.who(write) or 'you'}{state}")
        return {"value": "\n".join(lines) or 'No sound is shared yet: jam.asset("vox", "path/to/vox.wav").'}

    def offered(self, sha256: str) -> Path | None:
        """The file of a sound that the jam has by name, for serving; None for all else."""
        for write in self._keeping.shared.family(ASSET).values():
            with contextlib.suppress(PeerError):
                if write.value and read_asset(write.value).sha256 == sha256:
                    return self._deliveries.offered(sha256)
        return None

    async def run(self) -> None:
        """Get what is named, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            now = self._keeping.monotonic()
            for name, write in self._keeping.shared.family(ASSET).items():
                if self._again.get(name, 0) <= now and self._unseen.take(name, write):
                    await self._follow(name, write)

    async def _follow(self, name: str, write: RegisterWrite) -> None:
        try:
            check_name(name, "sound")  # before all else: folders are made of it, and removed
            asset = read_asset(write.value) if write.value else None
        except MarmaladeError:
            return
        if asset is None:
            await asyncio.to_thread(shutil.rmtree, self._root / name, ignore_errors=True)
            return
        if self._path(name, asset).is_file():
            return
        if not await asyncio.to_thread(self._has_room, name):
            if not self._is_full:
                self._keeping.say(f"{name} is not fetched: the jam has {MOST_ASSETS} sounds here already.")
            self._is_full = True
            self._later(name, _FULL_S)
            return
        self._is_full = False
        try:
            await self._fetch(asset, write.maker)
            await asyncio.to_thread(self._place, name, asset)
        except MarmaladeError as error:
            self._later(name, _AGAIN_S)
            print(f"The sound {name} cannot be had yet: {error.message}", flush=True)
            return
        if who := self._keeping.who(write):
            self._keeping.say(f'{who} has given all a sound: s("{name}") plays it.')

    def _later(self, name: str, pause_s: float) -> None:
        self._again[name] = self._keeping.monotonic() + pause_s
        self._unseen.forget(name)

    async def _fetch(self, asset: SharedAsset, maker: bytes) -> None:
        """From who has named it first, then from anybody: its hash says whether it is right. Raises PeerError."""
        if await asyncio.to_thread(self._deliveries.has_all, asset.sha256, asset.size):
            return
        part = await asyncio.to_thread(self._deliveries.part, asset.sha256)
        station, last = self._keeping.station, PeerError("Nobody that has it has answered yet")
        for member in sorted(station.node.members.present, key=lambda each: each.key != maker):
            if (to := station.proven(member.key)) is None:
                continue
            try:
                what, key = f"asset/{asset.sha256}", PublicKey(member.key)
                await self._client.fetch(to, key, what, asset.sha256, asset.size, part, self._deliveries.keep)
                return
            except PeerError as error:
                last = error
        raise last

    def _place(self, name: str, asset: SharedAsset) -> None:
        """Into its bank, read and written anew, in the place of what had its name. Raises MarmaladeError."""
        data = plain_wave(self._deliveries.get(asset.sha256))
        path = self._path(name, asset)
        aside = path.with_name(f".{path.name}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            aside.write_bytes(data)
            aside.replace(path)
            for older in path.parent.iterdir():
                if older != path:
                    older.unlink()
        except OSError as error:
            aside.unlink(missing_ok=True)
            raise BlobError(f"{path} cannot be written: {error.strerror}. Make room there.") from error

    def _has_room(self, name: str) -> bool:
        with contextlib.suppress(OSError):
            names = {each.name for each in self._root.iterdir()}
            return name in names or len(names) < MOST_ASSETS
        return True  # nothing is there yet

    def _path(self, name: str, asset: SharedAsset) -> Path:
        return self._root / name / f"{asset.sha256[:16]}.wav"

    def _file(self, path: str) -> Path:
        found = Path(path).expanduser()
        places = [found] if found.is_absolute() else [each / found for each in self._near]
        for each in places:
            if each.is_file():
                return each
        looked = "" if found.is_absolute() else f"It was looked for in {', '.join(map(str, self._near))}."
        raise UsageError(f"There is no file {path!r:.200}", hint=looked)
