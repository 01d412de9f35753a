"""RSA keys in OpenSSH's forms: what original players sign with. Nothing else of ours does."""

import base64
import binascii
import contextlib
import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import keep_private, read_private
from marmalade_sc.ids import PlayerId

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

__all__ = ["LEAST_BITS", "RsaIdentity", "RsaKey", "rsa_identity_at"]

LEAST_BITS: Final = 2048
_MOST_BITS: Final = 8192
"""Verifying takes 0.3 ms at 8,192 bits; with an exponent of the signer's choice it could take seconds."""
_MOST_EXPONENT: Final = 1 << 32
_OWN_BITS: Final = 3072
_LONGEST_LINE: Final = 3000


@dataclass(frozen=True)
class RsaKey:
    """A public key: `blob` is what SSH writes on the wire (RFC 4253, section 6.6)."""

    blob: bytes

    @classmethod
    def parse(cls, line: str) -> "RsaKey":
        """From OpenSSH's line, `ssh-rsa AAAA... comment`; the comment says nothing.

        Raises:
            IdentityError: it is no such line, or not of 2,048 to 8,192 bits.
        """
        words = line.split()
        try:
            if len(line) > _LONGEST_LINE or len(words) < 2 or words[0] != "ssh-rsa":
                raise ValueError
            found = cls(base64.b64decode(words[1], validate=True))
            public = found._public
        except (ValueError, binascii.Error):
            raise IdentityError(f"{line!r:.60} is not an RSA key", hint="It looks like: ssh-rsa AAAA...") from None
        numbers = public.public_numbers()
        if not LEAST_BITS <= public.key_size <= _MOST_BITS or numbers.e >= _MOST_EXPONENT:
            raise IdentityError(f"An RSA key of {public.key_size} bits is not taken", hint="Use 2,048 to 8,192 bits.")
        return found

    @cached_property
    def _public(self) -> "RSAPublicKey":
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
        from cryptography.hazmat.primitives.serialization import load_ssh_public_key

        try:
            key = load_ssh_public_key(b"ssh-rsa " + base64.b64encode(self.blob))
        except UnsupportedAlgorithm as error:
            raise ValueError(str(error)) from None
        if not isinstance(key, RSAPublicKey):
            raise ValueError("no RSA key")
        return key

    @property
    def player(self) -> PlayerId:
        """The first 8 characters of the base64 of the blob's SHA-256, `/` as `_`: an original player's name."""
        return PlayerId.parse(base64.b64encode(hashlib.sha256(self.blob).digest()).decode()[:8].replace("/", "_"))

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if `signature` is this key's for `message` (PKCS #1 v1.5 with SHA-256). Raises IdentityError."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        try:
            self._public.verify(signature, message, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise IdentityError(f"The signature is not {self.player}'s") from None

    def __str__(self) -> str:
        return f"ssh-rsa {base64.b64encode(self.blob).decode()}"


@dataclass(frozen=True)
class RsaIdentity:
    """A key pair."""

    private: "RSAPrivateKey"

    @classmethod
    def draw(cls) -> "RsaIdentity":
        """A new one of 3,072 bits, whose name holds no `+`: an original player cannot ask for such names."""
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

        while True:
            found = cls(generate_private_key(65_537, _OWN_BITS))
            if "+" not in str(found.public.player):
                return found

    @cached_property
    def public(self) -> RsaKey:
        """The public half."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        line = self.private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return RsaKey.parse(line.decode())

    def sign(self, message: bytes) -> bytes:
        """The signature that `RsaKey.verify` takes; the same message has always the same one."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256

        return self.private.sign(message, PKCS1v15(), SHA256())

    def to_openssh(self) -> bytes:
        """The private key as OpenSSH's file has it, without a passphrase."""
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return self.private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def rsa_identity_at(path: Path) -> RsaIdentity:
    """The pair in the file `path` (0600), made there where there is none yet.

    Raises:
        IdentityError: the file is not ours alone, no RSA key without a passphrase, or cannot be written.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    if not path.exists():
        with contextlib.suppress(FileExistsError):
            keep_private(path, RsaIdentity.draw().to_openssh())
    try:
        key = load_ssh_private_key(read_private(path), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise IdentityError(f"The key {path} cannot be used: {error}") from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < LEAST_BITS:
        raise IdentityError(f"The key {path} is no RSA key of at least {LEAST_BITS} bits")
    return RsaIdentity(key)
