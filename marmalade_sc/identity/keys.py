"""A player's key: an Ed25519 pair in OpenSSH's files; the whole public key is who it is, its fingerprint what we show.

The only place that knows the package cryptography (with `signing`).
"""

import base64
import binascii
import contextlib
import hashlib
import os
import stat
import struct
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from marmalade_sc.errors import IdentityError
from marmalade_sc.ids import PlayerId

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["Identity", "PublicKey", "identity_at", "keep_private", "make_identity", "read_identity", "read_private"]

_KIND: Final = b"ssh-ed25519"
_SHORT: Final = 8
_LARGEST_FILE: Final = 64 << 10


@dataclass(frozen=True)
class PublicKey:
    """The 32 bytes of an Ed25519 public key."""

    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != 32:
            raise IdentityError(f"A key of {len(self.raw)} bytes is not an Ed25519 key")

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """From OpenSSH's line, `ssh-ed25519 AAAA... comment`.

        Raises:
            IdentityError: it is something else.
        """
        words = text.split()
        try:
            if len(text) > 1000 or len(words) < 2 or words[0] != _KIND.decode():
                raise ValueError
            blob = base64.b64decode(words[1], validate=True)
            if blob[:19] != _prefixed(_KIND) + struct.pack(">I", 32) or len(blob) != 51:
                raise ValueError
        except (ValueError, binascii.Error):
            raise IdentityError(
                f"{text!r:.60} is not a player's public key", hint="It looks like: ssh-ed25519 AAAA..."
            ) from None
        return cls(blob[19:])

    @property
    def blob(self) -> bytes:
        """The key as SSH writes it on the wire (RFC 8709)."""
        return _prefixed(_KIND) + _prefixed(self.raw)

    @cached_property
    def fingerprint(self) -> str:
        """43 characters of base64 of the SHA-256 of the blob, as `ssh-keygen -l` shows behind `SHA256:`."""
        return base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")

    @property
    def player(self) -> PlayerId:
        """The name in files and on screen: the fingerprint's first 8 characters, `/` as `_`."""
        return PlayerId.parse(self.fingerprint[:_SHORT].replace("/", "_"))

    @property
    def long_player(self) -> PlayerId:
        """The name where two keys have one short name: 8 characters more."""
        more = self.fingerprint[_SHORT : 2 * _SHORT].replace("/", "_")
        return PlayerId.parse(f"{self.player}-{more}")

    def is_named(self, player: PlayerId) -> bool:
        """Whether `player`, in its short or long form, is this key's name. Names are not proof: compare whole keys."""
        return player in (self.player, self.long_player)

    def __str__(self) -> str:
        return f"{_KIND.decode()} {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True)
class Identity:
    """A key pair. The private half never leaves this object but to its file."""

    private: "Ed25519PrivateKey"

    @classmethod
    def draw(cls) -> "Identity":
        """A new one, whose name holds no `+`: such names are easier to type. One in nine draws has one."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        while True:
            found = cls(Ed25519PrivateKey.generate())
            if "+" not in str(found.public.long_player):
                return found

    @classmethod
    def from_seed(cls, seed: bytes) -> "Identity":
        """The one that follows from a text: for simulations that can be repeated, never for a player."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest()))

    @classmethod
    def from_private(cls, raw: bytes) -> "Identity":
        """The one of a raw private key. Raises ValueError unless it has 32 bytes."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.from_private_bytes(raw))

    @cached_property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey(self.private.public_key().public_bytes_raw())

    @property
    def player(self) -> PlayerId:
        """The player's name."""
        return self.public.player

    def to_private(self) -> bytes:
        """The raw private key, 32 bytes: for keys that several share, never a player's own."""
        return self.private.private_bytes_raw()

    def to_openssh(self) -> bytes:
        """The private key as OpenSSH's file has it, without a passphrase."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self.private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def identity_at(path: Path) -> Identity:
    """The identity in the file `path`, made there where there is none yet. Two that come at once get the same one.

    Raises:
        IdentityError: the file is not ours alone, not a key, or cannot be written.
    """
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            return make_identity(path)
    return read_identity(path)


def make_identity(path: Path) -> Identity:
    """A new identity, written to `path` (0600) and `path`.pub.

    Raises:
        FileExistsError: there is one already.
        IdentityError: it cannot be written.
    """
    found = Identity.draw()
    keep_private(path, found.to_openssh())
    with contextlib.suppress(OSError):
        path.with_name(f"{path.name}.pub").write_text(f"{found.public} marmalade\n")
    return found


def keep_private(path: Path, data: bytes) -> None:
    """Write a private key to `path` (0600), where none may be yet.

    Raises:
        FileExistsError: there is one already.
        IdentityError: it cannot be written.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.part")
    try:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:  # of the folder, not of the key
            raise NotADirectoryError(error.errno, "a file is where its folder should be") from error
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.link(aside, path)  # fails where there is one: nobody's key is ever written over
    except FileExistsError:
        raise
    except OSError as error:
        raise IdentityError(
            f"The key {path} cannot be written: {error.strerror}", hint="Set player.key to a path of yours."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def read_private(path: Path) -> bytes:
    """The bytes of a private key's file.

    Raises:
        IdentityError: it cannot be read, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            data = file.read(_LARGEST_FILE)
    except OSError as error:
        raise IdentityError(
            f"The key {path} cannot be read: {error.strerror}", hint="Set player.key to the file of your key."
        ) from error
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise IdentityError(
            f"The key {path} is not yours alone (mode {stat.S_IMODE(status.st_mode):04o})", hint=f"chmod 600 {path}"
        )
    return data


def read_identity(path: Path) -> Identity:
    """The identity in a file.

    Raises:
        IdentityError: others may read it, it has a passphrase, or it is no Ed25519 key in OpenSSH's form.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    data = read_private(path)
    try:
        key = load_ssh_private_key(data, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IdentityError(
            f"The key {path} cannot be used: {error}",
            hint="It is an Ed25519 key in OpenSSH's form without a passphrase: ssh-keygen -t ed25519 -N ''.",
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise IdentityError(f"The key {path} is not an Ed25519 key", hint="Make one: marmalade key new.")
    return Identity(key)


def _prefixed(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data
