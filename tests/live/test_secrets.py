"""T23: after a real session the secrets of a player stand where they are kept and nowhere else."""

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from marmalade_sc.cli.main import run
from marmalade_sc.identity.keys import read_identity
from marmalade_sc.jam.jams import Jams
from marmalade_sc.peers.invites import read_invite
from marmalade_sc.peers.passes import Pass
from tests.live.players import LivePlayer, family, hearing
from tests.live.test_generators import CLIENT, add
from tests.live.test_peers import ask, listening
from tests.player.deadline import eventually

pytestmark = [pytest.mark.live, pytest.mark.faults]

_HIDE = 0x5A
"""A program that looks for secrets must not have them itself: in its file each byte is another."""

SPY = (
    CLIENT
    + r"""
import base64, json
secrets = [bytes(b ^ 0x5A for b in base64.b64decode(each)) for each in json.load(open("/gen/hidden.json"))]
seen = 0
def look(name, data):
    global seen
    seen += 1
    for secret in secrets:
        if secret in data:
            print("found in", name, flush=True)
def read(path):
    try:
        with open(path, "rb") as file:
            look(path, file.read(1 << 20))
    except OSError:
        pass
look("the environment", repr(sorted(os.environ.items())).encode())
for pid in ["self", *range(1, 64)]:
    for name in ("cmdline", "environ", "maps", "mountinfo", "status", "net/unix", "net/tcp"):
        read(f"/proc/{pid}/{name}")
    for number in os.listdir(f"/proc/{pid}/fd") if os.access(f"/proc/{pid}/fd", os.R_OK) else ():
        try:
            look("a descriptor", os.readlink(f"/proc/{pid}/fd/{number}").encode())
        except OSError:
            pass
for top in ("/run", "/tmp", "/dev/shm", "/gen"):
    for folder, _, names in os.walk(top):  # what may not be listed is left out
        for name in names:
            read(f"{folder}/{name}") if os.path.isfile(f"{folder}/{name}") else None
for key in ("state:clock", "state:engine:main", "state:players", "state:timeline:main", "state:bars", "state:schedule",
            "log:evaluations", "log:plays", "log:remote", "news", "control"):
    look(key, repr(ask("XRANGE", key, "-", "+")).encode())
print("looked at", seen, flush=True)
time.sleep(60)
"""
)


def forms(secret: bytes) -> set[bytes]:
    """How a secret may be written: as it is, in digits, as Python shows it, in each way that it can lie in base 64."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode(), repr(secret)[2:-1].encode()}
    for shift in range(3):
        whole = base64.b64encode(bytes(shift) + secret)
        inner = whole[4 if shift else 0 : -4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    assert min(map(len, found)) >= 12, "too short to mean anything"
    return found


@pytest.fixture
def host(tmp_path: Path) -> Iterator[LivePlayer]:
    with listening(tmp_path / "spieler é") as player:
        yield player


def test_no_secret_is_in_a_log_a_message_an_argument_or_in_sight_of_a_generator(
    host: LivePlayer, tmp_path: Path
) -> None:
    """The private key, the jam's 128 bits and its key, the words of invites: what is said is read by others, logs are
    sent with questions, and every user of a machine sees with which arguments its processes were started."""
    with hearing(host, "status", "output", "news", "steps", "levels") as heard:
        lasting = ask(host, "invite")["value"]
        trusted = ask(host, "invite", once=True, trusted=True)["value"]
        timed = ask(host, "invite", hours=1)["value"]
        for number, each in enumerate((lasting, trusted, timed, trusted[:-3] + "abc")):
            assert (run(["--dir", str(tmp_path / f"guest{number}"), "join", each]) == 0) == (number < 3)
        assert run(["--dir", str(tmp_path / "late"), "join", trusted]) != 0, "it was for one"
        ask(host, "invites")
        own, jam = read_identity(host.places.key), Jams(host.places)
        secrets = {
            "the private key": own.to_private(),
            "the jam's 128 bits": bytes.fromhex(jam.get("home").id),
            "the jam's key": read_identity(host.places.jam("home").key).to_private(),
        }
        for name, text in (("the word for one", trusted), ("the word for an hour", timed)):
            found = read_invite(text)
            assert isinstance(found, Pass)
            secrets[name] = found.word
        wanted = {form: name for name, secret in secrets.items() for form in forms(secret)}
        wanted |= {text.encode(): "an invite" for text in (lasting, trusted, timed)}
        host.evaluate('d1 >> s("bd*4")')
        host.ask("evaluate", code="d1 >> s('never closed")
        host.ask("evaluate", code="open('/dev/null/x')")
        hidden = json.dumps([base64.b64encode(bytes(b ^ _HIDE for b in form)).decode() for form in wanted])
        add(host, "spy", SPY, hidden_dot_json=hidden.encode())
        ask(host, "share", generator="spy", instance="spy", track="spy")
        ask(host, "chat", text="hello")

        def said() -> list[str]:
            lines = host.ask("instance", name="spy").get("lines", [])
            return lines if lines and lines[-1].startswith("looked at") else []

        lines = eventually(said, 40.0)
        assert int(lines[-1].split()[-1]) > 15, "it has looked"
        assert lines[:-1] == [], "in sight of a generator"
        for process in family(host.processes()[0].pid):
            for name in ("cmdline", "environ"):
                data = Path(f"/proc/{process.pid}/{name}").read_bytes()
                assert not [what for form, what in wanted.items() if form in data], (process, name)
        host.evaluate("hush()")
        eventually(lambda: len(heard) > 5)
    told = json.dumps(heard).encode()
    assert not [what for form, what in wanted.items() if form in told], "told to every shell"
    home = host.places.jam("home")
    runtime = host.places.runtime
    open_files = [path for root in (host.places.root, runtime) for path in root.rglob("*")]
    host.stop()
    kept = {host.places.key, home.key, home.root / "jam.json", home.root / "peers.json"}
    places = {path for path in [*open_files, *host.places.root.rglob("*")] if path.is_file() and path not in kept}
    assert len(places) > 10 and home.log in places
    for path in places:
        data = path.read_bytes()
        assert not [what for form, what in wanted.items() if form in data], path
    for path in kept:
        assert not path.stat().st_mode & 0o077 or path.parent.stat().st_mode & 0o077 == 0 or _is_closed(path), path


def _is_closed(path: Path) -> bool:
    """Whether a folder above keeps all others out."""
    return any(each.stat().st_mode & 0o077 == 0 for each in path.parents if each.stat().st_uid == os.geteuid())
