"""The processes of a player: which there are, what each stands on, and where its sound goes. A wiring."""

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from marmalade_sc.clock.clocks import JamClock
from marmalade_sc.engine.jackregistry import free_places
from marmalade_sc.engine.leftovers import remove_jack_leftovers, remove_leftovers
from marmalade_sc.engine.sound import OWN_SERVERS, SOUND, Probe, Sound, Wishes, decide, reason_to_move
from marmalade_sc.engine.sound_probe import jack_socket, probe
from marmalade_sc.errors import SoundError
from marmalade_sc.jam.jams import Jams
from marmalade_sc.jam.servers import RedisServer, events_server, find_redis, redis_version, state_server
from marmalade_sc.player.base.wiring import JAM_ORIGIN
from marmalade_sc.player.supervision.children import ProcessSpec, Ready, python_argv, python_env
from marmalade_sc.settings.load import Settings, load
from marmalade_sc.settings.places import Places
from marmalade_sc.settings.table import SETTINGS

__all__ = ["Plan", "wishes"]


_JACKD = "jackd"
_STARTS: Final = {"engine": "engine.start", "foundry": "sounds.foundry", "original": "peers.original"}
"""Modules that processes begin with where it is not `process` in the package of their name."""
_QUICK = -10
"""Of the engine from its first moment: while it comes up again nothing sounds, and Python's imports are most of that
(0.7 s on an idle machine, 2.4 s seen beside two busy processes). Of the hub, too, until it is there: the prompt waits
for it (1.1 s instead of 1.9 s)."""
_SOON = -5
"""Of what else notes come through, the live host (what it evaluates stands back by itself) and the gateways of the
generators."""


def wishes(settings: Settings) -> Wishes:
    """What the settings audio.* ask for."""
    return Wishes(
        driver=settings.text("audio.driver"),
        device=settings.text("audio.device"),
        rate=settings.integer("audio.rate"),
        period=settings.integer("audio.period"),
        inputs=settings.integer("audio.inputs"),
        outputs=settings.integer("audio.outputs"),
    )


@dataclass(slots=True)
class Plan:
    """The plan that the supervisor asks for: called at the start, and whenever the world may have changed.

    Args:
        options: settings given on the command line; the children get them through their environment.
        probe: looks at the machine's sound.

    `sound` is the last decision, None before the first call.
    """

    places: Places
    options: Mapping[str, str] = field(default_factory=dict)
    probe: Callable[[], Probe] = probe
    sound: Sound | None = None
    _clocks: dict[str, JamClock] = field(default_factory=dict)

    def __call__(self) -> list[ProcessSpec]:
        """The processes as they should be now.

        Raises:
            MarmaladeError: a setting is wrong, a program is missing, or at the first call the wished driver is.
        """
        settings = load(self.places.config, options=self.options)
        self.sound = sound = self._decide(wishes(settings))
        jam = Jams(self.places, settings.text("jam.name")).current
        if sound.needs:
            free_places()
        jackd = [_jackd(sound)] if sound.needs else []
        program = find_redis(settings.text("jam.redis"))
        version, memory = redis_version(program), settings.integer("jam.memory_mb")
        state = state_server(
            program, version, socket=self.places.state_socket, folder=self.places.jam(jam).redis, memory_mb=memory
        )
        events = events_server(
            program, version, socket=self.places.events_socket, folder=self.places.runtime, memory_mb=memory
        )
        redis = ("redis-state", "redis-events")
        return [
            *jackd,
            _redis("redis-state", state),
            _redis("redis-events", events),
            # The fork server forks in this order.
            self._python("hub", jam, after=redis, nice=_QUICK),
            self._python("live", jam, after=redis, nice=_SOON),
            self._python("foundry", jam),
            self._python(
                "engine",
                jam,
                needs=(_JACKD,) if jackd else (),
                after=redis,
                env={SOUND: sound.to_json()},
                renews=True,
                nice=_QUICK,
            ),
            self._python("generators", jam, after=redis, nice=_SOON),
            *([self._python("peers", jam, after=redis)] if settings.text("peers.listen") else []),
            *([self._python("original", jam, after=redis)] if settings.integer("original.port") else []),
        ]

    def watch(self) -> tuple[str, str] | None:
        """The process to restart because the sound should go elsewhere, and why; None while all is well."""
        if self.sound is None:
            return None
        settings = load(self.places.config, options=self.options)
        why = reason_to_move(self.sound, self.probe(), wishes(settings), self._tag)
        return (_JACKD if self.sound.needs else "engine", why) if why else None

    def clean(self) -> None:
        """Remove what sound servers of ours left in shared memory. When all processes have ended; never raises."""
        remove_leftovers()
        remove_jack_leftovers(OWN_SERVERS + self._tag)
        free_places()

    @property
    def _tag(self) -> str:
        return self.places.runtime.name[-8:]

    def _decide(self, wished: Wishes) -> Sound:
        found = self.probe()
        try:
            return decide(found, wished, self._tag)
        except SoundError:
            if self.sound is None:
                raise
            # In the middle of a set a driver that went away must not end it: take what there is.
            return decide(
                found, Wishes("auto", "", wished.rate, wished.period, wished.inputs, wished.outputs), self._tag
            )

    def _python(
        self,
        name: str,
        jam: str,
        *,
        needs: tuple[str, ...] = (),
        after: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        renews: bool = False,
        nice: int = 0,
    ) -> ProcessSpec:
        start = _STARTS.get(name, f"{name}.process")
        given = {SETTINGS[key].env: text for key, text in self.options.items()}
        return ProcessSpec(
            name,
            python_argv(f"marmalade_sc.player.{start}", "--dir", str(self.places.root), "--jam", jam),
            env={**python_env(), **given, JAM_ORIGIN: str(self._clock(jam).origin), **(env or {})},
            needs=needs,
            after=after,
            # Its own goodbye is worth a moment: the engine quits scsynth, the hub closes its clients. A process that
            # does not listen is killed by the guard.
            dies_by=signal.SIGTERM,
            renews=renews,
            nice=nice,
            waits=True,
            # The engine comes by itself, at the same time: with two cores sound and prompt do not wait for each other.
            forks=name != "engine",
        )

    def _clock(self, jam: str) -> JamClock:
        """The clock of a jam: its constant is fixed when the jam starts and the same for all its processes."""
        return self._clocks.setdefault(jam, JamClock.begin())


def _jackd(sound: Sound) -> ProcessSpec:
    if sound.needs is None:
        raise ValueError("this sound needs no server of ours")
    socket: Path = jack_socket(sound.needs.name)
    return ProcessSpec(
        _JACKD,
        sound.needs.argv,
        ready=Ready("exists", socket),
        stop_s=2.0,
        renews=True,
        nice=_QUICK,
        # Killed at once it would keep its place among the eight servers that JACK's registry has on a machine.
        dies_by=signal.SIGTERM,
    )


def _redis(name: str, server: RedisServer) -> ProcessSpec:
    return ProcessSpec(name, server.argv, ready=Ready("connect", server.socket), stop_s=5.0)
