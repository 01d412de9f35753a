"""Generators and sounds on their way between players: found for those who ask, and put where ours are when whole."""

import base64
import json
from pathlib import Path
from typing import Final

from marmalade_sc.errors import BlobError, GeneratorError, MarmaladeError, PeerError
from marmalade_sc.generators.archive import pack
from marmalade_sc.generators.shelf import Shelf, manifest_of
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.identity.signing import verify
from marmalade_sc.ids import GeneratorId, PlayerId
from marmalade_sc.peers.records import GeneratorRecord
from marmalade_sc.peers.refusals import refused
from marmalade_sc.player.base.directory import written_aside

__all__ = ["Deliveries"]

_PURPOSE: Final = "generator version"
"""What an author's signature beside an archive stands for: see `generators.shelf`."""


class Deliveries:
    """See the module. All but `part` may block for as long as a disk takes."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def part(self, sha256: str) -> Path:
        """Where a version grows while it comes: it stays over restarts. Raises BlobError."""
        folder = self._shelf.blobs.root / "coming"
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise BlobError(f"{folder} cannot be made: {error.strerror}") from error
        return folder / sha256

    def has(self, record: GeneratorRecord) -> bool:
        """Whether this version is here, and is what was signed."""
        return self.has_all(record.sha256.hex(), record.size)

    def has_all(self, sha256: str, size: int) -> bool:
        """Whether so many bytes of that hash are here."""
        try:
            return len(self._shelf.blobs.get(sha256)) == size
        except BlobError:
            return False

    def put(self, data: bytes) -> str:
        """Keep bytes of ours; their hash. Raises BlobError."""
        return self._shelf.blobs.put(data)

    def get(self, sha256: str) -> bytes:
        """Bytes by their hash. Raises BlobError where they are not here."""
        return self._shelf.blobs.get(sha256)

    def offered(self, sha256: str) -> Path | None:
        """The file of a version, for serving."""
        return self._shelf.blobs.path(sha256) if sha256 in self._shelf.blobs else None

    def keep(self, part: Path) -> None:
        """A version that has come whole: into the store. Raises BlobError."""
        try:
            self._shelf.blobs.put(part.read_bytes())
            part.unlink(missing_ok=True)
        except OSError as error:
            raise BlobError(f"{part} cannot be read: {error.strerror}") from error

    def deploy(self, record: GeneratorRecord, author: PlayerId | None = None) -> GeneratorId:
        """Put a version that is here onto the shelf as the newest of its generator, with its author's signature.

        Checked once more on the way: what runs is what was signed.

        Args:
            author: what its author is called here: longer than by itself where two keys have one ID.

        Returns:
            What it is called here.

        Raises:
            PeerError: it is not what its author's record says, or the shelf has another key's of that name.
        """
        signed = GeneratorId.parse(record.generator)
        key = PublicKey(record.maker)
        if not key.is_named(signed.player):
            raise refused("conflict", "its author is not whom its name says")
        generator = signed if author is None else GeneratorId(author, signed.name)
        try:
            for found in self._shelf.all():
                if found.id == generator and found.sha256 == record.sha256.hex() and not found.problem:
                    return generator
                if found.id == generator and found.is_signed and found.trusted.key not in (None, key):
                    raise refused("conflict", "another key has a generator of that name here")
            tree = self._shelf.version(record.sha256.hex())
            manifest = manifest_of(tree, generator.name)
            if manifest.name != generator.name:
                raise refused("conflict", "it is another generator than its name says")
            verify(key, record.shelf, _PURPOSE, str(signed), manifest.version, tree.sha256)
            signature = {
                "v": 1,
                "generator": str(signed),
                "version": manifest.version,
                "sha256": tree.sha256,
                "key": str(key),
                "signature": base64.b64encode(record.shelf).decode(),
            }
            root = self._shelf.root
            root.mkdir(parents=True, exist_ok=True)
            written_aside(root / f"{generator}.sig", json.dumps(signature, indent=1) + "\n")
            aside = root / f"{generator}.tgz.part"
            aside.write_bytes(pack(tree))
            aside.replace(root / f"{generator}.tgz")
            found = self._shelf.find(str(generator))
        except PeerError:
            raise
        except MarmaladeError as error:
            raise refused("conflict", error.message) from None
        except OSError as error:
            raise refused("failed", f"it cannot be written: {error.strerror}") from None
        if found.problem or not found.is_signed or found.sha256 != record.sha256.hex():
            raise refused("conflict", "it is not what its author has signed")
        return generator

    def described(self, name: str) -> tuple[GeneratorId, str, str, bytes, int, bool]:
        """A generator of the shelf: ID, version, hash, its author's signature, size in bytes, and whether it is ours.

        Raises:
            GeneratorError: there is none, it may not run, or it is not signed: then nobody else would run it.
        """
        found, tree = self._shelf.open(name)
        if not found.is_signed:
            raise GeneratorError(f"{found.id} is not signed", hint="Others run what is signed only: pack it.")
        record = json.loads((self._shelf.root / f"{found.id}.sig").read_bytes())
        signature = base64.b64decode(record["signature"])
        is_own = self._shelf.trust.own.is_named(found.id.player)
        return found.id, found.manifest.version, found.sha256, signature, len(tree.canonical), is_own
