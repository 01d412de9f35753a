"""A player of the original Marmalade, made from what its wire shows, with its faults, on plain sockets.

Nothing of ours is in it: what passes between it and our side is the original's protocol or an error of ours.
"""

import base64
import contextlib
import hashlib
import json
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import parse_qsl, quote, unquote, unquote_plus, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_ssh_public_key

__all__ = ["Lisp", "ask"]

_SINCE_1900 = 2_208_988_800
_WAIT_S = 20.0


@dataclass
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(address: str, method: str, path: str, form: bytes | None = None) -> Answer:
    """One request as the original's client writes it: paths as they are, a length on every request."""
    host = urlsplit(address).netloc
    kind = "Content-Type: application/x-www-form-urlencoded\r\n" if form is not None else ""
    head = (
        f"{method} {path} HTTP/1.1\r\nUser-Agent: Dexador/0.9.15 (SBCL 2.2.9.debian); Linux\r\nHost: {host}\r\n"
        f"Accept: */*\r\nConnection: close\r\n{kind}Content-Length: {len(form or b'')}\r\n\r\n"
    )
    name, _, port = host.rpartition(":")
    with socket.create_connection((name, int(port)), _WAIT_S) as connection, connection.makefile("rb") as file:
        connection.sendall(head.encode("ascii") + (form or b""))
        status = int(file.readline().split()[1])
        headers = _headers(file)
        assert "transfer-encoding" not in headers
        return Answer(status, headers, file.read(int(headers["content-length"])))


def name_of(line: str) -> str:
    """A player's name by its key: `ssh-rsa AAAA... comment`."""
    digest = hashlib.sha256(base64.b64decode(line.split(" ")[1])).digest()
    return base64.b64encode(digest).decode()[:8].replace("/", "_")


@dataclass
class Lisp:
    """Listens from `start` until `close`, for players of the jam `jam`.

    Attributes:
        generators: archives by (player, name), the newest last.
        played: (player, name, instance) of the plays that it took.
        lines: of all requests, as they were sent.
        comment: behind its public key.
        has_plus: whether its name has a `+`, which every ninth has.
    """

    jam: str = "j1"
    comment: str = "peer1@test"
    has_plus: bool = False
    generators: dict[tuple[str, str], bytes] = field(default_factory=dict)
    played: list[tuple[str, str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        while True:
            self.key: RSAPrivateKey = generate_private_key(65_537, 2048)
            line = self.key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
            self.line = f"{line} {self.comment}"
            self.name = name_of(self.line)
            if ("+" in self.name) == self.has_plus:
                break
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> "Lisp":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        with contextlib.suppress(OSError):  # wakes the thread that accepts
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def sign(self, *fields: str) -> str:
        """The signature of jam, generator, instance and address."""
        return base64.b64encode(self.key.sign(":".join(fields).encode("latin-1"), PKCS1v15(), SHA256())).decode()

    def ask_to_play(self, them: str, generator: str, instance: str, address: str = "") -> Answer:
        """Ask a player to run a generator of ours."""
        address = address or self.address
        signature = self.sign(self.jam, generator, instance, address)
        fields = {"signature": signature, "pubkey": self.line, "address": address}
        form = "&".join(f"{name}={quote(value, safe='')}" for name, value in fields.items())
        return ask(them, "POST", f"/play/{self.jam}/{generator}/{instance}", form.encode("ascii"))

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as file, contextlib.suppress(OSError):
            # It never closes a connection, whatever it is told.
            while line := self._line(file):
                headers = {}
                while header := self._line(file):
                    name, _, value = header.partition(":")
                    headers[name.lower()] = value.strip()
                words = line.split(" ")
                if len(words) != 3:
                    return  # with no byte said
                connection.sendall(self._answer(words[0], words[1], headers, file))

    def _line(self, file: BinaryIO) -> str:
        text = file.readline().decode("latin-1").rstrip("\r\n")
        self.lines.append(text)
        return "".join(c for at, c in enumerate(text) if not at or at % 256)  # its buffer loses one as it grows

    def _answer(self, method: str, path: str, headers: Mapping[str, str], file: BinaryIO) -> bytes:
        # It decodes twice, a plus as a space the second time.
        parts = unquote_plus(unquote(path.partition("?")[0])).split("/")[1:]
        endpoint = (method, parts[0].lower())
        if endpoint == ("GET", "players"):
            row = {"id": self.name, "public-key": self.line, "address": self.address, "last-seen": _SINCE_1900 + 60}
            return _said("200 OK", "application/json", _json([row]))
        if endpoint == ("GET", "generators"):
            rows = [{"id": f"{who}:{name}", "name": name, "player": who} for who, name in reversed(self.generators)]
            return _said("200 OK", "application/json", _json(rows) if rows else "false")
        if endpoint == ("GET", "generator"):
            who, _, name = parts[1].partition(":")
            data = self.generators.get((who, name))
            if data is None:
                return _failed("404 not found", f"generator {parts[1]} was not found")
            return _said("200 OK", "application/x-gtar-compressed", data)
        if endpoint == ("POST", "play"):
            if "content-length" not in headers:
                return _failed("500 internal server error", "The value NIL is not of type (MOD 4611686018427387901)")
            form = dict(parse_qsl(file.read(int(headers["content-length"])).decode("latin-1")))
            why = self._play(*parts[1:4], form)
            return _failed("500 internal server error", why) if why else _said("200 OK", "text/plain", "OK")
        return _failed("404 not found", "nothing")

    def _play(self, jam: str, generator: str, instance: str, form: Mapping[str, str]) -> str:
        """Why not; empty where it plays."""
        if jam != self.jam:
            return f"Not connected to jam {jam}."
        key, who = load_ssh_public_key(form["pubkey"].encode()), name_of(form["pubkey"])
        assert isinstance(key, RSAPublicKey)
        signed = ":".join((jam, generator, instance, form["address"])).encode("latin-1")
        try:
            key.verify(base64.b64decode(form["signature"]), signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            return "Invalid signature."
        if (who, generator) not in self.generators:
            found = ask(form["address"], "GET", f"/generator/{who}:{generator}")
            if found.status != 200:
                return f'An HTTP request to "{form["address"]}" returned {found.status} not found.'
            if found.headers["content-type"].startswith(("text/", "application/json")):
                return "is not a character output stream"
            self.generators[who, generator] = found.body
        if (who, generator, instance) in self.played:
            return f"Instance {instance} of generator {generator} has already been run."
        self.played.append((who, generator, instance))
        return ""


def _headers(file: BinaryIO) -> dict[str, str]:
    found = {}
    while line := file.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found


def _json(rows: object) -> str:
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def _failed(status: str, why: str) -> bytes:
    quoted = why.replace('"', "&quot;")
    page = f"<html><head><title>{status}</title></head><body><p>{status[:3]} - {status[4:]}: &quot;{quoted}&quot;</p>"
    return _said(status, "text/html", f"{page}</body></html>\n")


def _said(status: str, kind: str, body: str | bytes) -> bytes:
    # The length of a text is that of its characters.
    head = f"HTTP/1.1 {status}\r\nServer: S-HTTP-SERVER\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + (body.encode() if isinstance(body, str) else body)
