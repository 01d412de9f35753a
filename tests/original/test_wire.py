"""The original's texts: names, signatures and lists as its programs write them, and what is wrong with them refused."""

import base64
import json
import subprocess
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marmalade_sc.errors import IdentityError, IdError, PeerError
from marmalade_sc.identity.rsa import RsaIdentity, RsaKey, rsa_identity_at
from marmalade_sc.ids import GeneratorId
from marmalade_sc.original.wire import (
    Address,
    Known,
    Listed,
    Play,
    endpoint_of,
    generators_json,
    play_path,
    players_json,
    read_generators,
    read_players,
)

OWN = RsaIdentity.draw()
HERE = Address("127.0.0.1", 2468)


def play(**changed: object) -> Play:
    fields: dict[str, object] = {"jam": "j1", "generator": "drums", "instance": "1", "address": HERE, "key": OWN.public}
    return Play(**{**fields, **changed})  # type: ignore[arg-type]


def test_a_name_is_the_fingerprint_that_ssh_shows(tmp_path: Path) -> None:
    (tmp_path / "key.pub").write_text(f"{OWN.public} somebody@somewhere\n")
    shown = subprocess.run(
        ["ssh-keygen", "-lf", str(tmp_path / "key.pub")], check=True, capture_output=True, text=True
    ).stdout
    assert shown.split()[1].removeprefix("SHA256:")[:8].replace("/", "_") == str(OWN.public.player)
    assert "+" not in str(OWN.public.player)


def test_a_signature_is_the_one_that_openssl_makes(tmp_path: Path) -> None:
    """The scheme has no chance in it: two programs with one key write one signature."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = OWN.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "text").write_bytes(b"j1:drums:1:http://127.0.0.1:2468")
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", str(tmp_path / "key.pem"), str(tmp_path / "text")],
        check=True,
        capture_output=True,
    ).stdout
    form = dict(parse_qsl(play().form(OWN).decode(), strict_parsing=True))
    assert base64.b64decode(form["signature"]) == made
    assert form["address"] == "http://127.0.0.1:2468" and form["pubkey"] == str(OWN.public)
    assert b"+" not in play().form(OWN), "an original server reads + as a space"


def test_a_request_is_read_back_whatever_the_comment_and_the_slash() -> None:
    assert Play.read(["j1", "drums", "1"], play().form(OWN)) == play()
    text = "http://127.0.0.1:2468/"
    signature = OWN.sign(f"j1:drums:1:{text}".encode())
    body = urlencode(
        {"address": text, "pubkey": f"{OWN.public} me@home", "signature": base64.encodebytes(signature).decode()}
    )
    assert Play.read(["j1", "drums", "1", "more"], body.encode()) == play()


@given(st.integers(0, 2000), st.integers(1, 255), st.sampled_from(["j1", "j2"]), st.sampled_from(["drums", "drumz"]))
def test_no_other_request_passes(at: int, change: int, jam: str, generator: str) -> None:
    body = bytearray(play().form(OWN))
    at %= len(body)
    body[at] = (body[at] + change) % 256
    try:
        found = Play.read([jam, generator, "1"], bytes(body))
    except PeerError:
        return
    assert found == play(), "another spelling of the same"


def test_fields_that_run_together_are_no_names() -> None:
    """`a:b` and `c` sign as `a` and `b:c` do: a colon is in no name."""
    for names in (
        ["j1", "a:b", "c"],
        ["j1", "a", "b:c"],
        ["j1", "..", "1"],
        ["j1", "~", "1"],
        ["j1", "*", "1"],
        ["j1"],
    ):
        with pytest.raises(PeerError):
            Play.read(names, play().form(OWN))
    with pytest.raises(IdError):
        play(generator="q'; touch x; '")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"signature=a",
        b"\xff\xfe",
        play().form(OWN) + b"&address=http%3A%2F%2Felse%3A1",
        play().form(OWN).replace(b"ssh-rsa", b"ssh-ed25519"),
        b"&".join(b"a%d=1" % n for n in range(50)),
    ],
)
def test_a_form_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(PeerError):
        Play.read(["j1", "drums", "1"], body)


def test_weak_and_strange_keys_are_refused() -> None:
    from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    weak = generate_private_key(65_537, 1024).public_key()
    with pytest.raises(IdentityError, match="1024 bits"):
        RsaKey.parse(weak.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())
    for line in ("", "ssh-rsa", "ssh-rsa ????", "ssh-rsa AAAA", "ssh-ed25519 AAAA", "ssh-rsa " + "A" * 5000):
        with pytest.raises(IdentityError):
            RsaKey.parse(line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://a:1",
        "http://a",
        "http://a:1/../x",
        "http://a:1/x/y/z",
        "http://a:1/%2e%2e",
        "http://a:1/x\r\nHost: b",
        "http://a:1//b",
        "http://u:p@a:1",
        "http://a:99999",
        "file:///x",
        "http://a:1?x",
        "é",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(PeerError):
        Address.parse(text)


def test_an_address_may_have_a_prefix_and_a_slash_behind_it() -> None:
    """Originals put their paths behind whatever an address is."""
    assert str(Address.parse("http://a:1/our/jam/")) == "http://a:1/our/jam"
    assert Address.parse("http://a:1/") == Address.parse("http://A:1") == Address("a", 1)


def test_paths_are_read_as_originals_write_them() -> None:
    assert endpoint_of("/Players/") == ("players", [])
    assert endpoint_of("//generator/B8j3X+lg:gen2") == ("generator", ["B8j3X+lg:gen2"])
    assert endpoint_of("/generator/B8j3X%2Blg%3Agen2?x=1") == ("generator", ["B8j3X+lg:gen2"])
    assert endpoint_of("/play/j/g/i/more") == ("play", ["j", "g", "i", "more"])
    for path in ("/generator/..%2fkey", "/generator/a%00b", "/" + "a" * 3000):
        with pytest.raises(PeerError):
            endpoint_of(path)


def test_lists_are_read_as_they_are_written_and_false_is_empty() -> None:
    known = Known(OWN.public, "http://127.0.0.1:1", 1_700_000_000)
    assert json.loads(players_json([known]))[0]["last-seen"] == 1_700_000_000 + 2_208_988_800
    assert list(json.loads(players_json([known]))[0]) == ["id", "public-key", "address", "last-seen"]
    assert read_players(players_json([known])) == [known]
    assert read_players(b"false") == read_players(b"[]") == [] and players_json([]) == b"[]"
    listed = Listed(GeneratorId(OWN.public.player, "drums"))
    assert read_generators(generators_json([listed])) == [listed]
    assert read_generators(b'[{"id": "..:x"}, 3, {"name": "y"}]') == []
    for data in (b"{}", b"[", b"[" * 100_000, b'"x"'):
        with pytest.raises(PeerError):
            read_generators(data)


def test_a_request_line_is_never_as_long_as_an_original_server_garbles() -> None:
    """It loses the 257th character of a line. Names have 64 at most, so all fit."""
    longest = play(jam="j" * 64, generator="g" * 64, instance="i" * 64)
    assert len(f"POST {play_path(longest)} HTTP/1.1") <= 256


def test_the_key_is_made_once_and_is_ours_alone(tmp_path: Path) -> None:
    first = rsa_identity_at(tmp_path / "original.key")
    assert rsa_identity_at(tmp_path / "original.key").public == first.public
    assert (tmp_path / "original.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "original.key").chmod(0o644)
    with pytest.raises(IdentityError, match="not yours alone"):
        rsa_identity_at(tmp_path / "original.key")
