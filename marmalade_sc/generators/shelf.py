"""The generators that a player has: archives in a folder, checked when they are seen, signed or accepted."""

import base64
import binascii
import contextlib
import json
import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from marmalade_sc.blobs.store import Blobs
from marmalade_sc.errors import ArchiveError, GeneratorError, IdentityError, IdError, MarmaladeError, nearest
from marmalade_sc.generators.archive import Limits, Tree, pack, read_archive, tree_of
from marmalade_sc.generators.manifest import NAME, Manifest, read_manifest
from marmalade_sc.generators.tar import entries
from marmalade_sc.generators.trust import ASK, BLOCK, Trust, Trusted
from marmalade_sc.identity.keys import Identity, PublicKey
from marmalade_sc.identity.signing import sign, verify
from marmalade_sc.ids import GeneratorId

__all__ = ["Generator", "Shelf", "manifest_of"]

_SUFFIX: Final = ".tgz"
_SIGNATURE: Final = ".sig"
_VERSIONS: Final = ".versions"
_PURPOSE: Final = "generator version"


@dataclass(frozen=True, slots=True)
class Generator:
    """One archive of the folder.

    Attributes:
        sha256: of its canonical tar: what names this version.
        is_signed: whether its author's key has signed this very version.
        trusted: what is known of its author.
        problem: why it cannot be used at all; then the fields before have nothing to say.
    """

    id: GeneratorId
    path: Path
    sha256: str = ""
    manifest: Manifest = Manifest("unknown")  # noqa: RUF009  a frozen value
    is_signed: bool = False
    trusted: Trusted = Trusted()  # noqa: RUF009  a frozen value
    problem: str = ""

    @property
    def why_not(self) -> str:
        """Why it may not run, and what to do about it; empty when it may."""
        if self.problem:
            return self.problem
        if self.trusted.level == BLOCK:
            return f"{self.id.player} is blocked. To change that: marmalade generator trust {self.id.player} sandbox"
        is_accepted = self.sha256 in self.trusted.accepted
        if not self.is_signed and not is_accepted:
            return (
                f"{self.id} is not signed by its author. If you know where it comes from: "
                f"marmalade generator accept {self.id}"
            )
        if self.trusted.level == ASK and not is_accepted:
            return (
                f"{self.id.player} is not trusted yet. To run all of theirs, sandboxed: "
                f"marmalade generator trust {self.id.player} sandbox; only this version: "
                f"marmalade generator accept {self.id}"
            )
        return ""


@dataclass(slots=True)
class Shelf:
    """The folder `root` of archives, with the store of versions and what is known of players."""

    root: Path
    blobs: Blobs
    trust: Trust
    limits: Limits = field(default_factory=Limits)
    _seen: dict[Path, tuple[tuple[int, int], Tree]] = field(default_factory=dict)

    def all(self) -> list[Generator]:
        """All archives, the newest first."""
        found = []
        for path in self.root.glob(f"*{_SUFFIX}"):
            try:
                found.append((path.stat().st_mtime, self._look(path)))
            except (IdError, OSError):  # some file of somebody, or one that has just gone
                continue
        return [each for _, each in sorted(found, key=lambda row: (-row[0], str(row[1].id)))]

    def find(self, name: str) -> Generator:
        """The generator `<player ID>:<name>`, or just `<name>`: one's own, else the only one of that name.

        Raises:
            GeneratorError: there is none, or more than one.
        """
        found = self.all()
        matching = [each for each in found if name in (str(each.id), each.id.name)]
        own = [each for each in matching if self.trust.own.is_named(each.id.player)]
        if len(matching) > 1 and len(own) == 1:
            matching = own
        if len(matching) == 1:
            return matching[0]
        if matching:
            names = ", ".join(str(each.id) for each in matching)
            raise GeneratorError(f"There is more than one generator {name!r:.80}", hint=f"Name its player: {names}.")
        close = nearest(name, [*(each.id.name for each in found), *(str(each.id) for each in found)])
        hint = f"Did you mean {close!r}?" if close else f"Put its archive into {self.root}, or pack one."
        raise GeneratorError(f"There is no generator {name!r:.80}", hint=hint)

    def open(self, name: str) -> tuple[Generator, Tree]:
        """A generator and its files, if it may run.

        Raises:
            GeneratorError: there is none, or it may not run; says why and what to do.
        """
        found = self.find(name)
        if found.why_not:
            raise GeneratorError(f"{found.id} does not run", hint=found.why_not)
        tree = self._tree(found.path)
        if tree.sha256 != found.sha256:
            raise GeneratorError(f"{found.id} was changed just now", hint="Try again.")
        self._keep(found.id, tree, found.manifest)
        return found, tree

    def version(self, sha256: str) -> Tree:
        """The files of a version by its hash. Raises BlobError where it is not kept."""
        return tree_of(entries(self.blobs.get(sha256), self.limits), self.limits)

    def versions(self, generator: GeneratorId) -> list[tuple[str, str, str]]:
        """(hash, version, when) of all versions that were ever packed or run here, oldest first."""
        rows: list[tuple[str, str, str]] = []
        with contextlib.suppress(OSError, UnicodeDecodeError):
            for line in self._beside(generator, _VERSIONS).read_text(encoding="utf-8").splitlines():
                parts = line.split("\t")
                if len(parts) == 3:
                    rows.append((parts[0], parts[1], parts[2]))
        return rows

    def add(self, tree: Tree, identity: Identity, name: str = "") -> Generator:
        """Pack a generator of one's own and sign it; it is the newest version of its name from now on.

        Args:
            name: where the manifest has none.

        Raises:
            ArchiveError: its files are not what a generator may have.
            GeneratorError: it cannot be written.
        """
        manifest = manifest_of(tree, name)
        tree.entry_point  # noqa: B018  raises where there is none
        generator = GeneratorId(identity.player, manifest.name)
        record = {
            "v": 1,
            "generator": str(generator),
            "version": manifest.version,
            "sha256": tree.sha256,
            "key": str(identity.public),
            "signature": base64.b64encode(sign(identity, *_signed(generator, manifest, tree))).decode(),
        }
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            self._keep(generator, tree, manifest)
            _write(self._beside(generator, _SIGNATURE), json.dumps(record, indent=1).encode() + b"\n")
            _write(self._beside(generator, _SUFFIX), pack(tree))
        except OSError as error:
            raise GeneratorError(f"{generator} cannot be written: {error.strerror}") from error
        return self._look(self._beside(generator, _SUFFIX))

    def accept(self, name: str) -> Generator:
        """Let this very version of a generator run, whoever signed it or not.

        Raises:
            GeneratorError: there is none, its archive cannot be used, or its player is blocked.
        """
        found = self.find(name)
        if found.problem:
            raise GeneratorError(f"{found.id} cannot be used", hint=found.problem)
        known = found.trusted
        self.trust.keep(
            found.id.player,
            Trusted(known.key, known.level, known.grants, known.accepted | {found.sha256}),
        )
        return self._look(found.path)

    def _look(self, path: Path) -> Generator:
        generator = GeneratorId.parse(path.name.removesuffix(_SUFFIX))
        try:
            tree = self._tree(path)
            manifest = manifest_of(tree, generator.name)
            tree.entry_point  # noqa: B018  raises where there is none
            if manifest.name != generator.name:
                raise ArchiveError(
                    f"Its manifest calls it {manifest.name}",
                    hint=f"Name the file <player ID>:{manifest.name}{_SUFFIX}.",
                )
            trusted = self.trust.of(generator.player)
            key = self._signer(generator, manifest, tree)
            if key is not None and trusted.key is not None and key != trusted.key:
                raise IdentityError(f"It is signed by another key than {generator.player}'s that is known here")
        except MarmaladeError as error:
            return Generator(generator, path, problem=str(error).replace("\n", " "))
        known = Trusted(key or trusted.key, trusted.level, trusted.grants, trusted.accepted)
        return Generator(generator, path, tree.sha256, manifest, key is not None, known)

    def _signer(self, generator: GeneratorId, manifest: Manifest, tree: Tree) -> PublicKey | None:
        """The key that signed this version, None without a signature. Raises IdentityError for a wrong one."""
        try:
            record = json.loads(self._beside(generator, _SIGNATURE).read_bytes()[: 64 << 10])
            key = PublicKey.parse(str(record["key"]))
            signed = GeneratorId.parse(str(record.get("generator", generator)))
            signature = base64.b64decode(str(record["signature"]), validate=True)
        except OSError:
            return None
        except (ValueError, KeyError, TypeError, binascii.Error, RecursionError):
            raise IdentityError("Its signature file is damaged", hint="Get it anew, or remove the .sig file.") from None
        # Where two keys have one ID the second one's generators stand behind its long name; it signed the short one.
        if not key.is_named(generator.player) or not key.is_named(signed.player) or signed.name != generator.name:
            raise IdentityError(f"It is signed by {key.player}, not by {generator.player}")
        verify(key, signature, *_signed(signed, manifest, tree))
        return key

    def _tree(self, path: Path) -> Tree:
        status = path.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        seen = self._seen.get(path)
        if seen is not None and seen[0] == stamp:
            return seen[1]
        if status.st_size > self.limits.packed:
            raise ArchiveError(f"{path.name} has {status.st_size} bytes", hint=f"{self.limits.packed} are allowed.")
        tree = read_archive(path.read_bytes(), self.limits)
        self._seen[path] = (stamp, tree)
        return tree

    def _keep(self, generator: GeneratorId, tree: Tree, manifest: Manifest) -> None:
        """The version into the store, and a line of it."""
        self.blobs.put(tree.canonical)
        if all(sha256 != tree.sha256 for sha256, _, _ in self.versions(generator)):
            with self._beside(generator, _VERSIONS).open("a", encoding="utf-8") as file:
                file.write(f"{tree.sha256}\t{manifest.version}\t{datetime.now(UTC).isoformat(timespec='seconds')}\n")

    def _beside(self, generator: GeneratorId, suffix: str) -> Path:
        return self.root / f"{generator}{suffix}"


def manifest_of(tree: Tree, name: str = "") -> Manifest:
    """What a generator's files say of it; a foreign one without a manifest has its name only.

    Raises:
        ManifestError: the manifest says what cannot be.
        IdError: there is none, and `name` cannot name a generator.
    """
    file = tree.files.get(NAME)
    if file is not None:
        return read_manifest(file.data)
    if not name:
        raise ArchiveError(f"There is no {NAME}", hint='It says at least: name = "drums".')
    return Manifest(name)


def _signed(generator: GeneratorId, manifest: Manifest, tree: Tree) -> tuple[str, ...]:
    return (_PURPOSE, str(generator), manifest.version, tree.sha256)


def _write(path: Path, data: bytes) -> None:
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        aside.write_bytes(data)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
