"""The job Redis on another machine: TLS, an ACL, keys of both sides; files go through it."""

import datetime
import ipaddress
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from marmalade_sc.errors import QueueError
from marmalade_sc.identity.keys import identity_at
from marmalade_sc.jobs.address import Address, reach
from marmalade_sc.settings.load import load
from marmalade_sc.settings.places import Places
from marmalade_sc.worker.desk import desk
from marmalade_sc.worker.pool import Pool
from marmalade_sc.worker.surroundings import Surroundings
from tests.docs.fences import DOCS
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.untimed]

WITHIN_S = 120.0
PASSWORD = "correct-horse"


@dataclass(frozen=True)
class Remote:
    """A Redis with TLS and the ACL of docs/jobs.md."""

    port: int
    certificate: Path

    def options(self, password: str = PASSWORD) -> dict[str, str]:
        return {
            "jobs.redis": f"rediss://render:{password}@127.0.0.1:{self.port}",
            "jobs.ca": str(self.certificate),
            "jobs.nice": "0",
        }


@pytest.fixture(scope="module")
def remote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    folder = tmp_path_factory.mktemp("remote")
    certificate, key = _certificate(folder)
    acl = next(line for line in (DOCS / "jobs.md").read_text().splitlines() if line.startswith("user render "))
    (folder / "users.acl").write_text(f"user default off\n{acl.replace('PASSWORD', PASSWORD)}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["redis-server", "--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--save", ""]
    command += ["--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no"]
    command += ["--aclfile", str(folder / "users.acl"), "--dir", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield Remote(port, certificate)
    finally:
        server.kill()
        server.wait()


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "queue")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def around(folder: Path, options: dict[str, str]) -> Surroundings:
    folder.mkdir(exist_ok=True)
    return Surroundings(Places.find(folder), options)


def test_a_client_and_a_worker_that_share_nothing_but_the_redis(remote: Remote, tmp_path: Path) -> None:
    """Two player directories, two keys that know each other: the file comes out of the Redis, though a worker dies."""
    keys = {name: identity_at(tmp_path / name / "player.key").public for name in ("client", "worker")}
    client = around(tmp_path / "client", {**remote.options(), "jobs.trust": str(keys["worker"])})
    worker = around(tmp_path / "worker", {**remote.options(), "jobs.trust": str(keys["client"])})
    pool = Pool(worker, 1)
    try:
        with desk(client) as found:
            found.submit("score", "a.alda", b"piano: o4 c8 d", {"tail": 0.1}, "far")

            def is_so(answer: Callable[[], object]) -> Callable[[], bool]:
                def ask() -> bool:
                    pool.look()
                    return bool(answer())

                return ask

            eventually(is_so(lambda: found.look("far").record.tries), WITHIN_S)
            os.kill(pool.pids[0], signal.SIGKILL)
            eventually(is_so(lambda: not found.ledger.is_open("far")), WITHIN_S)
            assert found.look("far").record.state == "done", found.look("far").record.error
            assert found.fetch("far", tmp_path / "out.wav") == [tmp_path / "out.wav"]
            assert (tmp_path / "out.wav").read_bytes()[:4] == b"RIFF"
            allowed = found.ledger.client
            for command in (("SET", "elsewhere", "1"), ("CONFIG", "GET", "*"), ("FLUSHALL",)):
                with pytest.raises(Exception, match="(?i)permission"):
                    allowed.execute_command(*command)
    finally:
        pool.stop(30.0)


@pytest.mark.parametrize("change", ["password", "certificate"])
def test_who_is_not_let_in_or_is_not_who_it_says_is_told(change: str, remote: Remote, tmp_path: Path) -> None:
    options = remote.options("wrong" if change == "password" else PASSWORD)
    if change == "certificate":
        options["jobs.ca"] = ""
    address = Address.of(Places.find(tmp_path), load(None, {}, options))
    with pytest.raises(QueueError) as caught:
        reach(address, patience=1)
    assert PASSWORD not in str(caught.value)
    assert "rediss://127.0.0.1" in str(caught.value)
