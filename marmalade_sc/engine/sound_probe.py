"""What the machine has for sound: JACK servers and PipeWire that run, sound cards, programs, real-time rights."""

import os
import re
import resource
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from marmalade_sc.engine.sound import OWN_SERVERS, Card, JackServer, Probe, Rights

__all__ = ["jack_socket", "probe", "probe_cards", "probe_rights"]

_JACK_SOCKET = re.compile(r"/dev/shm/jack_(?P<name>.+)_(?P<uid>\d+)_0")
_CARD = re.compile(r"\s*(\d+) \[(.+?)\s*\]: (.+)")
_PCM = re.compile(r"(\d+)-(\d+): (.+)")


def jack_socket(server: str) -> Path:
    """The socket of the JACK server `server` of this user; it is there once the server can be used (jackd2)."""
    return Path(f"/dev/shm/jack_{server}_{os.getuid()}_0")


def probe(env: Mapping[str, str] | None = None) -> Probe:
    """Look at the machine; connects to nothing, starts nothing, takes about a millisecond."""
    env = os.environ if env is None else env
    listening = _listening()
    path = env.get("PATH", os.defpath)
    return Probe(
        jack_servers=tuple(_jack_servers(listening)),
        default_server=env.get("JACK_DEFAULT_SERVER") or "default",
        pipewire=_has_pipewire(listening, env),
        pw_jack=shutil.which("pw-jack", path=path) or "",
        jackd=shutil.which("jackd", path=path) or "",
        cards=probe_cards(),
        rights=probe_rights(),
    )


def probe_cards(asound: Path = Path("/proc/asound")) -> tuple[Card, ...]:
    """The sound cards, in ALSA's order; none where there is no ALSA."""
    try:
        cards, pcms = (asound / "cards").read_text(errors="replace"), (asound / "pcm").read_text(errors="replace")
    except OSError:
        return ()
    devices = [(int(m[1]), int(m[2]), m[3]) for m in map(_PCM.match, pcms.splitlines()) if m]
    found = []
    for match in filter(None, map(_CARD.match, cards.splitlines())):
        number = int(match[1])
        ways = [
            tuple(device for card, device, what in devices if card == number and way in what)
            for way in ("playback", "capture")
        ]
        found.append(Card(number, match[2], match[3].strip(), *ways))
    return tuple(found)


def probe_rights() -> Rights:
    """What the system grants for real time, with a trial: this thread is SCHED_FIFO for some microseconds."""
    priority = resource.getrlimit(resource.RLIMIT_RTPRIO)[0]
    memory = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    return Rights(priority, memory if memory < 0 else memory // 1024, _may_be_realtime())


def _may_be_realtime() -> bool:
    before, parameter = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        os.sched_setscheduler(0, before, parameter)
    except OSError:
        return False
    return True


def _listening() -> list[str]:
    """Paths of the Unix sockets that are open on this machine. A file left by a crash is not among them."""
    try:
        lines = Path("/proc/net/unix").read_text(errors="replace").splitlines()[1:]
    except OSError:
        return []
    return [fields[7] for line in lines if len(fields := line.split(None, 7)) == 8]


def _jack_servers(listening: list[str]) -> Iterator[JackServer]:
    """Servers of this user that run, ours excepted."""
    names = {m["name"] for m in map(_JACK_SOCKET.fullmatch, listening) if m and int(m["uid"]) == os.getuid()}
    silent = set(_dummy_servers()) if names else set()
    for name in sorted(names):
        if not name.startswith(OWN_SERVERS):
            yield JackServer(name, name in silent)


def _dummy_servers() -> Iterator[str]:
    """Names of the JACK servers whose command line asks for the dummy driver."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if words and Path(words[0]).name == "jackd" and _option(words, "-d", "--driver") == "dummy":
            yield _option(words, "-n", "--name") or "default"


def _option(words: list[str], short: str, long: str) -> str:
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word in (short, long):
            return following
        if word.startswith(short) and not word.startswith("--") and len(word) > 2:
            return word[2:]
    return ""


def _has_pipewire(listening: list[str], env: Mapping[str, str]) -> bool:
    folder = env.get("PIPEWIRE_RUNTIME_DIR") or env.get("XDG_RUNTIME_DIR") or f"/run/user/{os.getuid()}"
    name = env.get("PIPEWIRE_REMOTE") or "pipewire-0"
    return (name if name.startswith("/") else f"{folder}/{name}") in listening
