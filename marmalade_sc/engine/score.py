"""Scores for `scsynth -N`: packets at times on scsynth's own block grid, and the run that renders them.

scsynth advances OSC time by a truncated integer per block and takes an event that lies on a block's edge into the block
before; plain times are therefore 1 to 64 samples off within an hour. Times on its own grid, a tenth of a sample behind
the wanted one, are exact: 0 of 4,079 events wrong over an hour at 44.1, 48 and 96 kHz (engine.md section 0).
"""

import contextlib
import errno
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.layout import BLOCK, RANDOM_GENERATORS, audio_buses
from marmalade_sc.engine.leash import die_with_parent
from marmalade_sc.errors import BootError
from marmalade_sc.sdk.osc import bundle

__all__ = ["LEAD", "NRT_OPTIONS", "NonRealtime", "Score", "sample_of", "score_timetag"]


def sample_of(timetag: int, rate: int) -> int:
    """The sample of a time since the start: floor(t * rate + 1/2), in integers."""
    return (2 * timetag * rate + UNITS_PER_SECOND) // (2 * UNITS_PER_SECOND)


def score_timetag(sample: int, rate: int) -> int:
    """The time to write into a score so that an event falls on `sample`."""
    increment = int(BLOCK / (rate * (1 / 2.0**32)))  # the truncation is scsynth's own, in double precision
    block, offset = divmod(sample, BLOCK)
    return block * increment + int((offset + 0.1) * UNITS_PER_SECOND / rate)


@dataclass(slots=True)
class Score:
    """Writes bundles in order of time; each is preceded by its size, as `scsynth -N` reads them.

    Attributes:
        lead: frames of the file before time 0.
        samples: of the latest bundle.
    """

    file: BinaryIO
    rate: int
    lead: int = 0
    samples: int = 0
    _latest: int = 0

    def setup(self, messages: Sequence[bytes]) -> None:
        """Messages for the very start, before anything sounds; written one bundle each, for some are large."""
        for content in messages:
            self._write(0, [content])

    def add(self, timetag: int, messages: Sequence[bytes]) -> int:
        """Messages at a time since the start; returns the sample on which they fall."""
        sample = max(0, sample_of(timetag, self.rate))
        self._write(score_timetag(sample + self.lead, self.rate), messages)
        self.samples = max(self.samples, sample)
        return sample

    def soon(self, messages: Sequence[bytes]) -> None:
        """Messages at the time of what was written last."""
        self._write(self._latest, messages)

    def _write(self, when: int, messages: Sequence[bytes]) -> None:
        self._latest = max(self._latest, when)
        data = bundle(self._latest, messages)
        self.file.write(len(data).to_bytes(4, "big"))
        self.file.write(data)


LEAD: Final = BLOCK
"""Frames before time 0 in a render, cut away afterwards: the master's filters take a note on their first sample for the
level they begin with, and would swallow it."""

_WATCH_S: Final = 0.2

NRT_OPTIONS: Final = (
    *("-a", str(audio_buses()), "-n", "16384", "-m", "524288", "-b", "4096", "-d", "8192"),
    *("-r", str(RANDOM_GENERATORS), "-w", "1024", "-D", "0", "-z", str(BLOCK)),
)


@dataclass(slots=True)
class NonRealtime:
    """One run of `scsynth -N` that reads its score while it is written.

    Args:
        executable: scsynth.
        rate: samples per second.
        channels: outputs.
        plugins: folder of UGens when scsynth does not find its own.
    """

    executable: str
    rate: int
    channels: int = 2
    plugins: str | None = None

    @contextlib.contextmanager
    def rendering(self, wav: Path, lead: int = 0, check: Callable[[], None] = lambda: None) -> Iterator[Score]:
        """A score to write to, with `lead` frames before its time 0; when the block ends the file `wav` is complete.

        It is 32-bit float in a W64, for an hour of stems is more than the 4 GiB that a WAV holds.

        Raises:
            BootError: scsynth is not there, or failed; with its own words. No file is left then.
        """
        with tempfile.TemporaryDirectory(prefix="marmalade-") as folder:
            pipe = Path(folder) / "score"
            log = Path(folder) / "log"
            os.mkfifo(pipe, 0o600)
            process = self._start(pipe, wav, log)
            try:
                with _opened(pipe, process) as file:
                    yield Score(file, self.rate, lead)
                status = process.wait()
            except BrokenPipeError:
                status = process.wait()
            except BaseException:
                process.kill()
                process.wait()
                wav.unlink(missing_ok=True)
                raise
            _whole(wav, status, log)
            check()

    def perform(
        self,
        score: Path,
        wav: Path,
        *,
        sound: Path | None = None,
        inputs: int = 0,
        folder: Path | None = None,
        watch: Callable[[], None] = lambda: None,
    ) -> None:
        """Render a score that is written already.

        Args:
            sound: a file of `inputs` channels that is heard at the inputs, from the score's first block on.
            folder: what names of files in the score are relative to.
            watch: called some times a second while it renders; may raise to end it.

        Raises:
            BootError: as for `rendering`.
        """
        with tempfile.TemporaryDirectory(prefix="marmalade-") as name:
            log = Path(name) / "log"
            process = self._start(score, wav, log, sound, inputs, folder)
            try:
                while True:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        status = process.wait(_WATCH_S)
                        break
                    watch()
            except BaseException:
                process.kill()
                process.wait()
                wav.unlink(missing_ok=True)
                raise
            _whole(wav, status, log)

    def _start(
        self,
        score: Path,
        wav: Path,
        log: Path,
        sound: Path | None = None,
        inputs: int = 0,
        folder: Path | None = None,
    ) -> "subprocess.Popen[bytes]":
        command = [
            *(self.executable, "-N", str(score), str(sound or "_"), str(wav), str(self.rate), "W64", "float"),
            *("-o", str(self.channels), "-i", str(inputs), *NRT_OPTIONS),
            *(("-U", self.plugins) if self.plugins else ()),
        ]
        with log.open("wb") as output:
            try:
                # A session of its own: Ctrl-C is for us, and we end it; where we are killed, the kernel does.
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    cwd=folder,
                    preexec_fn=die_with_parent,
                )
            except OSError as error:
                raise BootError(f"scsynth cannot be started: {error.strerror}. `marmalade doctor` helps.") from error


def _whole(wav: Path, status: int, log: Path) -> None:
    """Raises BootError, and leaves no file, unless scsynth has rendered all of it."""
    words = log.read_text(errors="replace").strip().splitlines()
    if status or not wav.exists():
        wav.unlink(missing_ok=True)
        said = "\n".join(words[-8:])
        raise BootError(f"scsynth did not render (status {status}). It said:\n{said}", output=said)


@contextlib.contextmanager
def _opened(pipe: Path, process: "subprocess.Popen[bytes]") -> Iterator[BinaryIO]:
    """The writing end, once scsynth has opened the reading end; BrokenPipeError when it ends before."""
    descriptor = -1
    while descriptor < 0:
        try:
            descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # ENXIO: nobody reads yet
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.002)
                raise BrokenPipeError(errno.EPIPE, "scsynth ended before it read the score") from None
    os.set_blocking(descriptor, True)
    with os.fdopen(descriptor, "wb", buffering=1 << 16) as file:
        yield file
