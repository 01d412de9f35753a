"""Where the sound goes: decided from what was found on the machine. Pure; `sound_probe` finds it."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from marmalade_sc.errors import SoundError

__all__ = [
    "OWN_SERVERS",
    "SOUND",
    "Card",
    "JackServer",
    "Jackd",
    "Probe",
    "Rights",
    "Sound",
    "Wishes",
    "decide",
    "reason_to_move",
]

SOUND = "MARMALADE_SOUND"
"""The environment variable in which the supervisor hands the decision to the engine, as JSON."""

OWN_SERVERS = "marmalade-"
"""How the names of our private JACK servers start; any other server belongs to the user."""


@dataclass(frozen=True, slots=True)
class Card:
    """A sound card that ALSA knows. `id` names it across replugging; `playback` and `capture` are device numbers."""

    number: int
    id: str
    name: str
    playback: tuple[int, ...] = ()
    capture: tuple[int, ...] = ()

    def is_called(self, text: str) -> bool:
        """Whether `text` means it: `1`, `hw:1`, `hw:1,0`, `USB`, `hw:USB`, or a part of its full name."""
        bare = text.removeprefix("hw:").partition(",")[0].strip().lower()
        return bare in (str(self.number), self.id.lower()) or (len(bare) > 2 and bare in self.name.lower())


@dataclass(frozen=True, slots=True)
class JackServer:
    """A JACK server of this user that runs. `silent`: it has the dummy driver."""

    name: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Rights:
    """What the system grants for real time.

    `priority`: RLIMIT_RTPRIO; `memory_kb`: RLIMIT_MEMLOCK, -1 without limit; `fifo`: SCHED_FIFO was given when tried.
    """

    priority: int = 0
    memory_kb: int = 0
    fifo: bool = False


@dataclass(frozen=True, slots=True)
class Probe:
    """What was found. Paths are empty where a program is missing."""

    jack_servers: tuple[JackServer, ...] = ()
    default_server: str = "default"
    pipewire: bool = False
    pw_jack: str = ""
    jackd: str = ""
    cards: tuple[Card, ...] = ()
    rights: Rights = field(default_factory=Rights)


@dataclass(frozen=True, slots=True)
class Wishes:
    """The settings audio.*: rate in Hz, period in frames."""

    driver: str = "auto"
    device: str = ""
    rate: int = 48000
    period: int = 256
    inputs: int = 2
    outputs: int = 2


@dataclass(frozen=True, slots=True)
class Jackd:
    """A JACK server of our own that has to run: its name and its command."""

    name: str
    argv: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sound:
    """How scsynth reaches the sound.

    `driver` is what was taken: jack, pipewire, alsa or dummy. `server_name` and `client_prefix` make scsynth's device
    `server:client`. `command_prefix` stands before scsynth's command. `rate` (Hz) and `period` (frames) are None where
    a server that we did not start decides. `audible`: whether anybody can hear it. `why` is for the status line.
    `needs` is the JACK server to start first. `wished`: it is what the settings ask for, no substitute.
    """

    driver: str
    server_name: str
    why: str
    audible: bool
    rate: int | None = None
    period: int | None = None
    inputs: int = 2
    outputs: int = 2
    command_prefix: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    needs: Jackd | None = None
    card: str = ""
    client_prefix: str = "marmalade"
    wished: bool = True

    def device(self, client: str) -> str:
        """What scsynth's -H names: `server:client`."""
        return f"{self.server_name}:{self.client_prefix}-{client}"

    def launcher(self, folder: Path, scsynth: str) -> str:
        """The program to start as scsynth: itself, or a script in `folder` that puts the prefix before it.

        Raises:
            SoundError: the script cannot be written.
        """
        if not self.command_prefix:
            return scsynth
        path = folder / "scsynth-launcher"
        words = " ".join(_quoted(word) for word in (*self.command_prefix, scsynth))
        try:
            path.write_text(f'#!/bin/sh\nexec {words} "$@"\n', encoding="utf-8")
            path.chmod(0o700)
        except OSError as error:
            raise SoundError(f"{path} cannot be written: {error.strerror}. Make room there.") from error
        return str(path)

    def to_json(self) -> str:
        """Itself as text, for the environment of the engine. The server's own command stays out."""
        return json.dumps({name: value for name, value in dataclasses.asdict(self).items() if name != "needs"})

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Sound | None":
        """The decision that the supervisor handed over, or None without one."""
        if not (text := env.get(SOUND)):
            return None
        values = json.loads(text)
        values["command_prefix"] = tuple(values["command_prefix"])
        values["env"] = tuple((name, value) for name, value in values["env"])
        return cls(**values)


def decide(probe: Probe, wishes: Wishes, tag: str) -> Sound:
    """Where the sound goes.

    Args:
        tag: 8 hex characters of this player directory: two players on one machine have two private servers.

    Raises:
        SoundError: the wished driver is not there, or no driver at all; the message says what to install or set.
    """
    if wishes.driver == "jack":
        return _jack(probe, wishes, _wished_server(probe, wishes))
    if wishes.driver == "pipewire":
        return _pipewire(probe, wishes)
    if wishes.driver == "alsa":
        return _alsa(probe, wishes, tag, _wished_card(probe, wishes))
    if wishes.driver == "dummy":
        return _dummy(probe, wishes, tag, "audio.driver = dummy: nothing can be heard")
    return _best(probe, wishes, tag)


def reason_to_move(now: Sound, probe: Probe, wishes: Wishes, tag: str) -> str:
    """Why the sound should go elsewhere, or an empty string.

    It moves only when what it uses is gone, or when it is a substitute and the real thing has come: a set is never
    moved to another card merely because one was plugged in.
    """
    try:
        best = decide(probe, wishes, tag)
    except SoundError:
        return ""
    if now.driver == "alsa" and not any(card.id == now.card for card in probe.cards):
        return f"The sound card {now.card} is gone: {best.why}."
    if now.driver == "jack" and not any(server.name == now.server_name for server in probe.jack_servers):
        return f"The JACK server {now.server_name} is gone: {best.why}."
    if now.driver == "pipewire" and not probe.pipewire:
        return f"PipeWire is gone: {best.why}."
    if (best.audible and not now.audible) or (best.wished and not now.wished):
        return f"Better sound is there: {best.why}."
    return ""


def _best(probe: Probe, wishes: Wishes, tag: str) -> Sound:
    # Only the server that every JACK program takes, or the one that was asked for: another one is somebody's own, and
    # what looks like a server may be a client, whose socket is named alike.
    meant = {wishes.device or probe.default_server, probe.default_server}
    users = [server for server in probe.jack_servers if not server.silent and server.name in meant]
    if users:
        return _jack(probe, wishes, users[0])
    note = ""
    if probe.pipewire:
        if probe.pw_jack:
            return _pipewire(probe, wishes)
        note = "; PipeWire runs but pw-jack is missing (install pipewire-jack)"
    playing = [card for card in probe.cards if card.playback]
    wished = [card for card in playing if wishes.device and card.is_called(wishes.device)]
    if playing and probe.jackd:
        # HDMI comes last: on a laptop it is often the first card and nothing is plugged in.
        card = (wished or sorted(playing, key=lambda c: "hdmi" in f"{c.id} {c.name}".lower()))[0]
        if wishes.device and not wished:
            note += f"; {wishes.device!r} is not there"
        sound = _alsa(probe, wishes, tag, card)
        return dataclasses.replace(sound, why=sound.why + note, wished=bool(wished) or not wishes.device)
    reason = "no sound card was found" if not playing else "jackd is missing"
    sound = _dummy(probe, wishes, tag, f"nothing can be heard: {reason}{note}")
    return dataclasses.replace(sound, wished=False)


def _wished_server(probe: Probe, wishes: Wishes) -> JackServer:
    name = wishes.device or probe.default_server
    for server in probe.jack_servers:
        if server.name == name:
            return server
    others = ", ".join(server.name for server in probe.jack_servers) or "none"
    raise SoundError(f"No JACK server called {name!r} runs (running: {others}). Start it, or set audio.driver to auto.")


def _wished_card(probe: Probe, wishes: Wishes) -> Card:
    playing = [card for card in probe.cards if card.playback]
    for card in playing:
        if not wishes.device or card.is_called(wishes.device):
            return card
    there = ", ".join(card.id for card in playing) or "none"
    raise SoundError(
        f"No sound card called {wishes.device!r} can play (there: {there}). Plug it in, or set audio.driver to auto."
    )


def _jack(probe: Probe, wishes: Wishes, server: JackServer) -> Sound:
    heard = "nothing can be heard: it has the dummy driver" if server.silent else "it runs already"
    return Sound(
        "jack",
        server.name,
        f"JACK server {server.name!r}, {heard}",
        audible=not server.silent,
        inputs=wishes.inputs,
        outputs=wishes.outputs,
        env=_CLIENT_ENV,
    )


def _pipewire(probe: Probe, wishes: Wishes) -> Sound:
    if not probe.pipewire:
        raise SoundError("PipeWire does not run. Start it, or set audio.driver to auto.")
    if not probe.pw_jack:
        raise SoundError("PipeWire runs but pw-jack is missing. Install pipewire-jack.")
    return Sound(
        "pipewire",
        "default",
        "PipeWire through pw-jack",
        audible=True,
        rate=wishes.rate,
        period=wishes.period,
        inputs=wishes.inputs,
        outputs=wishes.outputs,
        command_prefix=(probe.pw_jack, "-p", str(wishes.period), "-s", str(wishes.rate)),
        env=_CLIENT_ENV,
    )


def _alsa(probe: Probe, wishes: Wishes, tag: str, card: Card) -> Sound:
    device = f"hw:{card.id},{card.playback[0]}"
    inputs = wishes.inputs if card.capture else 0
    # USB wants a third period: its packets come in milliseconds, not in periods.
    periods = "3" if "usb" in card.name.lower() else "2"
    options = ["-d", device, "-r", str(wishes.rate), "-p", str(wishes.period), "-n", periods]
    ways = ["-P"] if not inputs else ["-i", str(inputs)]
    return _private(
        probe, wishes, tag, "alsa", ("-d", "alsa", *options, *ways, "-o", str(wishes.outputs)),
        f"sound card {card.id} ({card.name})", audible=True, inputs=inputs, card=card.id,
    )  # fmt: skip


def _dummy(probe: Probe, wishes: Wishes, tag: str, why: str) -> Sound:
    channels = ("-C", str(wishes.inputs), "-P", str(wishes.outputs))
    options = ("-d", "dummy", "-r", str(wishes.rate), "-p", str(wishes.period), *channels)
    return _private(probe, wishes, tag, "dummy", options, why, audible=False, inputs=wishes.inputs, card="")


def _private(
    probe: Probe, wishes: Wishes, tag: str, driver: str, options: tuple[str, ...], why: str, *,
    audible: bool, inputs: int, card: str,
) -> Sound:  # fmt: skip
    if not probe.jackd:
        raise SoundError("No JACK server runs and jackd is missing. Install jackd2.")
    name = OWN_SERVERS + tag
    realtime = ("--realtime",) if probe.rights.fifo else ("--no-realtime",)
    return Sound(
        driver,
        name,
        why,
        audible=audible,
        rate=wishes.rate,
        period=wishes.period,
        inputs=inputs,
        outputs=wishes.outputs,
        env=_CLIENT_ENV,
        needs=Jackd(name, (probe.jackd, "--name", name, *realtime, *options)),
        card=card,
    )


# Else a client whose server died would start the user's default server, with the user's card.
_CLIENT_ENV = (("JACK_NO_START_SERVER", "1"),)


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
