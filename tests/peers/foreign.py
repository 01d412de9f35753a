"""A player as somebody else would write one in another language: from docs/protocol.md, without a line of ours."""

import base64
import contextlib
import hashlib
import http.client
import http.server
import io
import json
import os
import socket
import struct
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import load_ssh_public_key

HOUR_MS = 3_600_000


def number(value: int) -> bytes:
    return struct.pack(">Q", value)


def real(value: float) -> bytes:
    return struct.pack(">d", value)


def listed(values: Sequence[bytes]) -> bytes:
    return b"".join(struct.pack(">H", len(each)) + each for each in values)


def unlisted(data: bytes) -> list[bytes]:
    found = []
    while data:
        (length,) = struct.unpack(">H", data[:2])
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


def controls(values: Mapping[str, float]) -> bytes:
    return b"".join(listed([name.encode(), real(value)]) for name, value in sorted(values.items()))


def signed_bytes(purpose: str, fields: Sequence[bytes]) -> bytes:
    parts = [purpose.encode(), *fields]
    whole = b"".join(struct.pack(">Q", len(each)) + each for each in parts)
    return b"marmalade_sc signature 1\0" + struct.pack(">I", len(parts)) + whole


def raw_key(line: str) -> bytes:
    """The key in a line of an OpenSSH file."""
    key = load_ssh_public_key(line.encode())
    assert isinstance(key, Ed25519PublicKey)
    return key.public_bytes_raw()


def canonical_tar(files: Mapping[str, tuple[bytes, bool]]) -> bytes:
    """Contents by path, and whether they can be executed."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, (content, is_program) in sorted(files.items()):
            row = tarfile.TarInfo(name)
            row.size, row.mode = len(content), 0o755 if is_program else 0o644
            tar.addfile(row, io.BytesIO(content))
    return into.getvalue()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Invite:
    """What the line of an invite says; one for a time or for one player says a word instead of the jam's id."""

    def __init__(self, line: str) -> None:
        body = line.strip().removeprefix("marmalade1-")
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
        message, check = raw[:-4], raw[-4:]
        assert hashlib.sha256(b"marmalade invite 1\0" + message).digest()[:4] == check and message[0] in (3, 5)
        address, self.key, jam, secret, _ = unlisted(message[1:])
        self.jam_id, self.word = (secret, b"") if message[0] == 3 else (b"", secret)
        self.jam = jam.decode()
        self.host, _, port = address.decode().rpartition("/")[2].rpartition(":")
        self.port = int(port)


class Foreigner:
    """A key of its own, and one player that it talks to."""

    def __init__(self, to: Invite, seed: bytes, address: str = "") -> None:
        self.private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = self.private.public_key().public_bytes_raw()
        self.to = to
        self.address = address
        self._last = 0

    @property
    def id(self) -> str:
        ssh = struct.pack(">I", 11) + b"ssh-ed25519" + struct.pack(">I", 32) + self.key
        return base64.b64encode(hashlib.sha256(ssh).digest()).decode()[:8].replace("/", "_")

    def sign(self, kind: int, purpose: str, fields: Sequence[bytes]) -> bytes:
        return bytes([kind]) + listed(fields) + self.private.sign(signed_bytes(purpose, fields))

    # Records

    def _record(self, kind: int, name: str, *fields: bytes) -> bytes:
        made = now_ms()
        head = [number(1), self.to.jam.encode(), self.to.jam_id, self.key, number(self._next())]
        return self.sign(kind, f"marmalade peers {name}", [*head, number(made), number(made + HOUR_MS), *fields])

    def player(self, state: str = "here") -> bytes:
        addresses = listed([self.address.encode()]) if self.address else b""
        return self._record(0x10, "player", state.encode(), addresses, number(1))

    def play(
        self, generator: str, author: bytes, sha256: bytes, instance: str, track: str = "foreign",
        policy: str = "arrival",
    ) -> bytes:  # fmt: skip
        words = (generator.encode(), author, sha256, instance.encode(), track.encode(), controls({}), real(0), real(0))
        return self._record(0x11, "play", *words, policy.encode(), number(0))

    def stop(self, generator: str, instance: str) -> bytes:
        return self._record(0x12, "stop", generator.encode(), instance.encode(), real(0), number(0))

    def control(self, generator: str, instance: str, given: Mapping[str, float]) -> bytes:
        return self._record(0x13, "control", generator.encode(), instance.encode(), controls(given), number(0))

    def generator(self, name: str, version: str, tar: bytes) -> bytes:
        sha256, who = hashlib.sha256(tar).digest(), f"{self.id}:{name}"
        parts = [who.encode(), version.encode(), sha256.hex().encode()]
        shelf = self.private.sign(signed_bytes("generator version", parts))
        return self._record(0x14, "generator", who.encode(), version.encode(), sha256, number(len(tar)), shelf)

    def chat(self, text: str) -> bytes:
        return self._record(0x17, "chat", text.encode(), number(0))

    def register(self, name: str, value: bytes, born: bytes, session: bytes) -> bytes:
        """A write in the session of another."""
        clock, policy = number(now_ms() << 16), b"lww"
        return self._record(0x15, "register", name.encode(), value, clock, number(now_ms()), policy, born, session)

    # Requests

    def knock(self) -> dict[str, Any]:
        """What an invite with a word opens."""
        fields = [number(1), self.key, self.to.key, self.to.word, number(now_ms())]
        _, _, body = self.http("POST", "/join", self.sign(0x04, "marmalade peers knock", fields))
        return dict(json.loads(body))

    def request(self, method: str, record: bytes, **other: bytes) -> bytes:
        """A signed request; `other` are fields that are to be wrong."""
        now = now_ms()
        fields = {
            "version": number(1),
            "method": method.encode(),
            "jam": self.to.jam.encode(),
            "jam_id": self.to.jam_id,
            "sender": self.key,
            "receiver": self.to.key,
            "address": self.address.encode(),
            "sequence": number(self._next()),
            "not_before": number(now),
            "expires": number(now + 60_000),
            "record": record,
        }
        return self.sign(0x01, "marmalade peers request", list((fields | other).values()))

    def http(
        self, verb: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        with contextlib.closing(http.client.HTTPConnection(self.to.host, self.to.port, timeout=20)) as link:
            link.request(verb, path, body, dict(headers or {}))
            answer = link.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()

    def flood(self, most: int) -> set[int]:
        """Statuses of so many questions on one connection, one right after the other, until one is refused."""
        found: set[int] = set()
        with contextlib.closing(http.client.HTTPConnection(self.to.host, self.to.port, timeout=20)) as link:
            while found <= {200} and most:
                link.request("GET", "/players")
                answer = link.getresponse()
                answer.read()
                found.add(answer.status)
                most -= 1
        return found

    def get(self, path: str) -> Any:
        status, _, body = self.http("GET", path)
        assert status == 200, body
        return json.loads(body)

    def post(self, path: str, body: bytes) -> tuple[int, str]:
        """Status, and what the answer says: a status word or the code of a refusal."""
        status, _, answer = self.http("POST", path, body)
        found = json.loads(answer)
        return status, str(found["error"]["code"] if "error" in found else found["status"])

    def ask(self, method: str, record: bytes, **other: bytes) -> tuple[int, str]:
        return self.post(f"/{method}", self.request(method, record, **other))

    def _next(self) -> int:
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return self._last


class Station:
    """A foreigner that can be reached: it answers datagrams, and serves one archive on the port of the same number."""

    def __init__(self, to: Invite, seed: bytes, port: int, tar: bytes, version: str = "1", name: str = "pulse") -> None:
        self.me = Foreigner(to, seed, f"http://127.0.0.1:{port}")
        self.tar, self.sha256 = tar, hashlib.sha256(tar).digest()
        self.name = f"{self.me.id}:{name}"
        self.record = self.me.generator(name, version, tar)
        self.fetched = 0
        self.registers: dict[bytes, list[bytes]] = {}
        """By name, the fields of the write that came last."""
        self._port = port
        self._mark = hashlib.sha256(b"marmalade_sc jam mark 1\0" + to.jam_id).digest()[:8]
        self._seal = ChaCha20Poly1305(hashlib.sha256(b"marmalade_sc seal 1\0datagram\0" + to.jam_id).digest())
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", port))

    def send(self, kind: int, *fields: bytes) -> None:
        letter = [number(1), self.me.key, self.me.to.key, bytes([kind]) + listed(fields)]
        nonce = os.urandom(12)
        sealed = self._seal.encrypt(nonce, self.me.sign(0x02, "marmalade peers datagram", letter), self._mark)
        self._udp.sendto(self._mark + nonce + sealed, (self.me.to.host, self.me.to.port))

    def push(self, *more: bytes) -> None:
        """Tell the player who we are, of the generator, and of more records."""
        for each in ((self.me.player(), self.record), *((each,) for each in more)):
            self.send(0x26, b"", listed(each))

    def repair(self) -> None:
        """Say that we hold nothing: the answer names all that we lack."""
        self.send(0x23, bytes(16 * 8))

    def _hear(self, data: bytes) -> None:
        arrived = self._units()
        letter = self._seal.decrypt(data[8:20], data[20:], data[:8])
        _, sender, receiver, body = unlisted(letter[1:-64])
        Ed25519PublicKey.from_public_bytes(sender).verify(
            letter[-64:], signed_bytes("marmalade peers datagram", unlisted(letter[1:-64]))
        )
        if receiver != self.me.key:
            return
        fields = unlisted(body[1:])
        if body[0] in (0x20, 0x21, 0x26):
            for record in unlisted(fields[-1]):
                if record[0] == 0x15:
                    found = unlisted(record[1:-64])
                    self.registers[found[7]] = found
        if body[0] == 0x20:
            self.send(0x21, fields[0], self.me.key, bytes(8), b"", b"")
        elif body[0] == 0x24 and fields[2]:
            self.send(0x25, fields[2][: 100 * 8])
        elif body[0] == 0x30:
            self.send(0x31, fields[0], number(arrived), number(self._units()))

    @staticmethod
    def _units() -> int:
        return (time.monotonic_ns() << 32) // 1_000_000_000

    def _listen(self) -> None:
        while True:
            try:
                data, _ = self._udp.recvfrom(2048)
            except OSError:
                return
            with contextlib.suppress(Exception):
                self._hear(data)

    @contextlib.contextmanager
    def running(self) -> Iterator["Station"]:
        """Answer while the block runs."""
        station = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # noqa: N802  the name that http.server calls
                is_ours = self.path.startswith(f"/generator/{station.name}")
                station.fetched += is_ours
                self.send_response(200 if is_ours else 404)
                self.send_header("Content-Length", str(len(station.tar) if is_ours else 0))
                self.send_header("Marmalade-Record", base64.b64encode(station.record).decode())
                self.end_headers()
                if is_ours:
                    self.wfile.write(station.tar)

            def log_message(self, *words: object) -> None:
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        threads = [threading.Thread(target=each, daemon=True) for each in (self._listen, server.serve_forever)]
        for each in threads:
            each.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            with contextlib.suppress(OSError):
                self._udp.shutdown(socket.SHUT_RDWR)
            self._udp.close()
