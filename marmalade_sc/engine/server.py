"""Our scsynth: started, watched and asked through supriya; ready bytes go beside it (docs/adr/0006-hot-path.md)."""

import contextlib
import logging
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from supriya import Server
from supriya.contexts.requests import ToggleNotifications
from supriya.exceptions import ServerCannotBoot
from supriya.scsynth import Options

from marmalade_sc.clock.clocks import wait
from marmalade_sc.engine.layout import BLOCK, BLOCK_COUNTER_BUS, OUTPUTS, RANDOM_GENERATORS, audio_buses
from marmalade_sc.engine.questions import Questions, asked, connected, unread_bytes
from marmalade_sc.engine.synths import system_synthdefs
from marmalade_sc.errors import BootError, EngineError
from marmalade_sc.sdk.osc import message

__all__ = ["Boot", "Scsynth", "Status", "free_port"]

_LARGEST_DEFINITION: Final = 60_000
_PACE: Final = 64_000
"""Bytes that may wait unread at scsynth's socket before more is sent; with two packets more it is not yet full."""
_PACKET_OVERHEAD: Final = 768
"""What the kernel counts for a packet beside its bytes."""
_PACE_TRIES: Final = 100
_PACE_WAIT_S: Final = 0.0002
_BOOT_S: Final = 10.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Boot:
    """How scsynth is to be started.

    Attributes:
        device: what -H names: `server:client` of a JACK server.
        executable: path of scsynth, or of a launcher that becomes it.
        nodes: most nodes; 2,000 cheap voices and their groups fit well.
        memory_kb: real-time memory: delay lines of exact voices take 32 KB each at 48 kHz.
        plugins: folder of UGens when scsynth does not find its own.
    """

    device: str
    executable: str = "scsynth"
    inputs: int = 0
    outputs: int = OUTPUTS
    nodes: int = 16_384
    memory_kb: int = 262_144
    buffers: int = 4096
    plugins: str | None = None
    restricted: str | None = None
    env: tuple[tuple[str, str], ...] = ()

    def options(self, port: int) -> Options:
        """As supriya wants it. Never loads synthdefs from the user's folder: a fresh home has none, and supriya
        takes scsynth's complaint about that for a failed boot (engine.md section 1)."""
        return Options(
            audio_bus_channel_count=audio_buses(),
            block_size=BLOCK,
            buffer_count=self.buffers,
            executable=self.executable,
            input_bus_channel_count=self.inputs,
            input_device=self.device,
            load_synthdefs=False,
            maximum_logins=4,
            maximum_node_count=self.nodes,
            maximum_synthdef_count=8192,
            memory_size=self.memory_kb,
            output_bus_channel_count=self.outputs,
            output_device=self.device,
            port=port,
            random_number_generator_count=RANDOM_GENERATORS,
            restricted_path=self.restricted,
            ugen_plugins_path=self.plugins,
            wire_buffer_count=1024,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """One /status.reply: load in percent of a core's time, voices, rate as scsynth's clock measures it."""

    ugens: int
    synths: int
    groups: int
    definitions: int
    cpu_average: float
    cpu_peak: float
    rate_nominal: float
    rate_measured: float


@dataclass(slots=True)
class Scsynth:
    """One running scsynth. `send` may be called from one thread at a time; the rest blocks up to its timeout.

    Attributes:
        said: called with each line that scsynth prints.
    """

    boot: Boot
    said: Callable[[str], None] = lambda line: None
    _server: Server | None = None
    _out: socket.socket | None = None
    _ask: Questions | None = None
    _work: Questions | None = None
    _port: int = 0
    _unread: int = 0
    _syncs: int = 0
    rate: int = 0

    def start(self) -> None:
        """Boot it and load the engine's own synthdefs. Takes about 0.3 s.

        Raises:
            BootError: it did not come up within 10 s; carries what it said.
        """
        if shutil.which(self.boot.executable) is None:  # supriya would wait for it without end
            raise BootError(f"scsynth is not found as {self.boot.executable!r}. `marmalade doctor` helps.")
        server = Server()
        lines: list[str] = []
        protocol = server.process_protocol
        parse = protocol._parse_line

        def heard(line: str) -> object:
            lines.append(line)
            del lines[:-50]
            self.said(line)
            return parse(line)

        setattr(protocol, "_parse_line", heard)  # noqa: B010  its only hook that sees every line
        self._port = port = free_port()
        failure: list[BaseException] = []

        def run() -> None:
            try:
                server.boot(options=self.boot.options(port))
            except (ServerCannotBoot, OSError, RuntimeError) as error:
                failure.append(error)

        older = {name: os.environ.get(name) for name, _ in self.boot.env}
        os.environ.update(dict(self.boot.env))
        try:
            booting = threading.Thread(target=run, daemon=True)
            booting.start()
            booting.join(_BOOT_S)
        finally:
            for name, value in older.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
        if booting.is_alive() or failure:
            process = getattr(protocol, "process", None)
            if process is not None and process.poll() is None:
                process.kill()
            words = "\n".join(lines[-12:])
            why = "gave no sign of life within 10 s" if booting.is_alive() else "gave up"
            raise BootError(f"scsynth {why}. It said:\n{words or failure}", output=words)
        self._server = server
        _hear_only(server, port)
        self._out = connected(port)
        # Loading takes seconds at times; who watches whether scsynth answers must not wait for that.
        self._ask = Questions(connected(port))
        self._work = Questions(connected(port))
        # supriya asks to hear of every node; at 20,000 notes a second that alone would fill a core with Python. It has
        # to take that back itself: scsynth goes by the address that asked.
        ToggleNotifications(should_notify=False).communicate(server=server, timeout=1.0)
        self.load([definition.compile() for definition in system_synthdefs()])
        status = self.status()
        if status is None:
            raise BootError("scsynth came up but does not answer /status", output="\n".join(lines[-12:]))
        self.rate = round(status.rate_nominal)

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        process = self._process()
        return process.pid if process is not None and process.poll() is None else None

    def is_running(self) -> bool:
        """Whether the process exists; it may still hang."""
        return self.pid is not None

    def send(self, packet: bytes) -> bool:
        """One datagram, without waiting for an answer. False when it could not be sent.

        In a burst it waits, 20 ms at most, until scsynth has read what came before: its socket holds some 200 KB, and
        the kernel throws away what comes beyond (1,500 notes sent at once lost 10).
        """
        if self._out is None:
            return False
        if self._unread > _PACE:
            self._unread = self._wait_for_room()
        self._unread += len(packet) + _PACKET_OVERHEAD
        try:
            self._out.send(packet)
        except OSError:
            return False
        return True

    def _wait_for_room(self) -> int:
        for _ in range(_PACE_TRIES):
            unread = unread_bytes(self._port)
            if unread <= _PACE:
                return unread
            wait(_PACE_WAIT_S)
        return 0

    def connection(self) -> socket.socket | None:
        """A socket of its own to scsynth, for who asks often or much; None while it does not run."""
        return connected(self._port) if self.is_running() else None

    def socket(self) -> socket.socket | None:
        """The socket that `send` uses: when it is readable, `complaints` has something to count."""
        return self._out

    def complaints(self) -> int:
        """How many answers to what was sent have come since the last call: only complaints do. Never blocks."""
        count = 0
        if self._out is not None:
            with contextlib.suppress(OSError):
                while count < 64:
                    self._out.recv(1 << 16, socket.MSG_DONTWAIT)
                    count += 1
        return count

    # Questions; each blocks until its answer or timeout

    def status(self, timeout_s: float = 1.0) -> Status | None:
        """Load and counts, or None when it does not answer in time."""
        values = asked(self._ask, message("/status"), "/status.reply", timeout_s)
        if values is None or len(values) < 9:
            return None
        numbers = [float(value) for value in values]
        return Status(*map(int, numbers[1:5]), *numbers[5:9])

    def block(self, timeout_s: float = 0.5) -> int | None:
        """The block counter now, or None."""
        values = asked(self._ask, message("/c_get", BLOCK_COUNTER_BUS), "/c_set", timeout_s, (BLOCK_COUNTER_BUS,))
        return int(values[1]) if values is not None else None

    def buses(self, first: int, count: int, timeout_s: float = 0.5) -> list[float] | None:
        """`count` (<= 1,000) control buses from `first` on, or None."""
        values = asked(self._ask, message("/c_getn", first, count), "/c_setn", timeout_s, (first, count))
        return [float(value) for value in values[2:]] if values is not None else None

    def sync(self, timeout_s: float = 5.0) -> None:
        """Return when scsynth has done all asynchronous commands that came before.

        Raises:
            EngineError: it does not answer in time.
        """
        self._syncs += 1
        if asked(self._work, message("/sync", self._syncs), "/synced", timeout_s, (self._syncs,)) is None:
            raise EngineError(f"scsynth does not answer within {timeout_s} s")

    def load(self, definitions: Sequence[bytes]) -> None:
        """Load compiled synthdefs (SCgf files) and return when they can be used.

        Raises:
            EngineError: one is larger than a datagram, or scsynth does not answer.
        """
        for definition in definitions:
            if len(definition) > _LARGEST_DEFINITION:
                raise EngineError(f"A synthdef of {len(definition)} bytes is larger than {_LARGEST_DEFINITION}")
        for start in range(0, len(definitions), 16):  # few enough not to flood the socket's buffer
            for definition in definitions[start : start + 16]:
                self._tell(message("/d_recv", definition))
            self.sync()

    def forget(self, names: Sequence[str]) -> None:
        """Free synthdefs by name; voices that sound go on."""
        for start in range(0, len(names), 200):
            self._tell(message("/d_free", *names[start : start + 200]))

    def read_buffer(self, number: int, path: Path, timeout_s: float = 30.0) -> None:
        """Read a sound file into a buffer, off the audio thread.

        Raises:
            EngineError: the file cannot be read, or takes longer than `timeout_s`.
        """
        self._tell(message("/b_allocRead", number, str(path), 0, 0))
        self.sync(timeout_s)

    def request(self, command: bytes, answer: str, timeout_s: float = 5.0) -> list[int | float | str] | None:
        """Send one command and return the arguments of the first answer with address `answer`, or None."""
        return asked(self._work, command, answer, timeout_s)

    def probe(self, packet: bytes) -> None:
        """Send a bundle from the socket of questions, beside the notes; what is lost is a probe."""
        if self._ask is not None:
            with contextlib.suppress(OSError):
                self._ask.tell(packet)

    # Ending

    def stop(self) -> None:
        """Quit it, within a second or by force. Idempotent."""
        server, self._server = self._server, None
        for each in (self._out, self._ask, self._work):
            if each is not None:
                each.close()
        self._out = self._ask = self._work = None
        if server is None:
            return
        process = server.process_protocol.process
        quitting = threading.Thread(target=_quit, args=(server,), daemon=True)
        quitting.start()
        quitting.join(1.5)
        if process.poll() is None:
            process.kill()
        with contextlib.suppress(OSError):  # 8 MB of memory, which a killed scsynth leaves behind
            Path(f"/dev/shm/SuperColliderServer_{self._port}").unlink()

    def kill(self) -> None:
        """End a scsynth that hangs, at once, and forget it."""
        process = self._process()
        if process is not None and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        self.stop()

    # Inside

    def _process(self) -> "_Process | None":
        if self._server is None:
            return None
        process: _Process | None = getattr(self._server.process_protocol, "process", None)
        return process

    def _tell(self, command: bytes) -> None:
        if self._work is None:
            raise EngineError("scsynth is not running")
        try:
            self._work.tell(command)
        except OSError as error:
            raise EngineError(f"scsynth cannot be reached: {error}") from error


class _Process:
    """The part of subprocess.Popen that we use (supriya is not typed here)."""

    pid: int

    def poll(self) -> int | None:
        """None while it runs, else how it ended."""

    def kill(self) -> None:
        """End it at once."""


def free_port() -> int:
    """A UDP port that the system says is free now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _hear_only(server: Server, port: int) -> None:
    """supriya's socket hears the whole network, and would take a stranger's answer for scsynth's. Connected, it does
    not."""
    server._osc_protocol.osc_server.socket.connect(("127.0.0.1", port))


def _quit(server: Server) -> None:
    try:
        server.quit(force=True)
    except Exception as error:  # supriya raises bare classes of many kinds; the caller ends the process anyway
        _log.debug("quit: %r", error)
