"""Sealing with a shared secret: who does not know it reads nothing and makes nothing. And certificates for keys."""

import datetime
import hashlib
import os
import ssl
import tempfile
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final

from marmalade_sc.errors import IdentityError
from marmalade_sc.identity.keys import Identity, PublicKey

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

__all__ = ["SEAL_BYTES", "Seal", "certificate_key", "client_context", "own_certificate", "server_context"]

SEAL_BYTES: Final = 12 + 16
"""What a seal adds: a nonce, and the tag of Poly1305."""


class Seal:
    """ChaCha20-Poly1305 under a key made from `secret` for one `purpose`."""

    def __init__(self, secret: bytes, purpose: str) -> None:
        self._key = hashlib.sha256(b"marmalade_sc seal 1\0" + purpose.encode() + b"\0" + secret).digest()

    def close(self, data: bytes, nonce: bytes, beside: bytes = b"") -> bytes:
        """`data` sealed: the nonce (12 bytes, never twice), then what nobody else reads."""
        return nonce + self._cipher.encrypt(nonce, data, beside)

    def open(self, sealed: bytes, beside: bytes = b"") -> bytes:
        """What was sealed. Raises IdentityError where it was not, or with another secret."""
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], beside)
        except (InvalidTag, ValueError):
            raise IdentityError("It was not sealed with this jam's secret") from None

    @cached_property
    def _cipher(self) -> "ChaCha20Poly1305":
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

        return ChaCha20Poly1305(self._key)


def own_certificate(identity: Identity, now: datetime.datetime) -> tuple[bytes, bytes]:
    """A self-signed certificate of a player's own key, and the key, both PEM: for TLS, where the key is what counts."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, str(identity.public.player))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(identity.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=2))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .sign(identity.private, None)
    )
    key = identity.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), key


def certificate_key(certificate: bytes) -> PublicKey:
    """The key that a certificate (DER) is of. Raises IdentityError where it is no player's."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        found = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError:
        raise IdentityError("The other side's certificate cannot be read") from None
    if not isinstance(found, Ed25519PublicKey):
        raise IdentityError("The other side's certificate is not of an Ed25519 key")
    return PublicKey(found.public_bytes_raw())


def server_context(identity: Identity, now: datetime.datetime) -> ssl.SSLContext:
    """TLS 1.3 with the player's own key. Raises IdentityError where it cannot be made."""
    certificate, key = own_certificate(identity, now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with tempfile.TemporaryDirectory() as folder:  # 0700; ssl reads files only
        path = Path(folder) / "pem"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(certificate + key)
        try:
            context.load_cert_chain(path)
        except ssl.SSLError as error:
            raise IdentityError(f"TLS cannot use the player's key: {error.reason}") from error
    return context


class _Pinned(ssl.SSLObject):
    """A connection that ends in its handshake, before a byte is sent, unless the other side holds the pinned key."""

    pin: ClassVar[PublicKey]

    def do_handshake(self) -> None:
        super().do_handshake()
        shown = self.getpeercert(binary_form=True)
        try:
            is_right = shown is not None and certificate_key(shown) == self.pin
        except IdentityError:
            is_right = False
        if not is_right:
            raise ssl.SSLCertVerificationError(1, f"it is not {self.pin.player} that answers")


def client_context(pinned: PublicKey) -> ssl.SSLContext:
    """TLS 1.3 to one player: no authority vouches for it, its key does.

    The protocol itself proves that the other side holds the private half (RFC 8446, CertificateVerify).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslobject_class = type("Pinned", (_Pinned,), {"pin": pinned})
    return context
