"""What is written down of instances: files for the sandbox and the engine, keys of the jam's state. May block."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from marmalade_sc.clock.timetag import units_to_milliseconds
from marmalade_sc.generators.entrance import opening
from marmalade_sc.generators.gateway.policy import TRACK
from marmalade_sc.generators.instance import Play
from marmalade_sc.generators.orchestra import orchestra_text
from marmalade_sc.generators.running import Ports, Running
from marmalade_sc.generators.sounds import Sounds
from marmalade_sc.jam import keys
from marmalade_sc.sdk.instruments import Instrument
from marmalade_sc.sdk.succession import reload_key, sounds_key

__all__ = ["Records", "stream_of"]

_FIRST_BUFFER: Final = 3000
_BUFFERS: Final = 16
_KEPT: Final = 10_000
_KEPT_TAGS: Final = 4000

Samples = Mapping[str, tuple[int, int, float]]
"""Number, channels and length in seconds of an instance's own samples, by name."""


def stream_of(play: Play) -> str:
    """The stream of an instance's frames."""
    return f"events:{play.path}"


class Records:
    """See the module.

    Args:
        ports: of the player.
        guests: folder, beside the sockets, for what the engine reads.
    """

    def __init__(self, ports: Ports, guests: Path) -> None:
        self._ports = ports
        self._guests = guests

    def lay_out(self, gate: Path, sounds: Sounds) -> tuple[Mapping[str, Instrument], Samples]:
        """Lay out what an incarnation finds in its folder `gate`: what it can play by name, which is returned, too."""
        gate.mkdir(parents=True, exist_ok=True)
        for folder in (gate.parent, gate):
            folder.chmod(0o755)
        named, rows = self._ports.instruments()
        aside = gate / "orchestra.part"
        aside.unlink(missing_ok=True)
        aside.write_text(orchestra_text(rows, sounds), encoding="utf-8")
        aside.chmod(0o444)
        aside.replace(gate / "orchestra.json")
        own = {str(row["name"]): Instrument.from_row(row) for row in sounds.rows}
        return {**named, **own}, {row[0]: (n, row[2], row[3]) for n, row in enumerate(sounds.samples)}

    def prepare(self, running: Running, sounds: Sounds) -> None:
        """Tell the engine and the program of an incarnation that begins anew."""
        self._ports.forget(stream_of(running.play))
        self.welcome(running, sounds)
        self.controls(running)
        if running.play.renewed:  # the count begins anew after a crash: what was told before is not about this one
            self._reload(running, running.starts + 1, 0, 0)

    def welcome(self, running: Running, sounds: Sounds, goes_on: bool = False) -> None:
        """Tell the engine of an instance: its stream, the strip that it plays into, what it brings.

        Args:
            goes_on: it plays already; what it brings is changed.
        """
        self._guests.mkdir(mode=0o700, exist_ok=True)
        slot = running.slot if running.sounds < 0 else running.sounds
        buffers = []
        for number, (_, data, _, _) in enumerate(sounds.samples):
            path = self._guests / f"{slot}-{number}.wav"
            path.write_bytes(data)
            buffers.append((_FIRST_BUFFER + slot * _BUFFERS + number, str(path)))
        record = {
            "key": stream_of(running.play),
            "track": running.play.track,
            "rows": list(sounds.rows),
            "compiled": [data.hex() for data in sounds.compiled],
            "buffers": buffers,
            "semitones": running.play.semitones,
            "begin": opening(running.play.begin),
        }
        path = self._guests / f"{running.slot}.json"
        _write(path, record)
        self._ports.order({"order": "welcome", "file": str(path), "goes_on": goes_on})

    def reload(self, running: Running, bar: int, at_ms: int) -> None:
        """Another version plays from a bar on: told to both."""
        self._reload(running, running.starts, bar, at_ms)

    def _reload(self, running: Running, incarnation: int, bar: int, at_ms: int) -> None:
        record = {"incarnation": incarnation, "bar": bar, "at": at_ms}
        self._ports.log(reload_key(running.play.path), record, 10)

    def sounds_changed(self, running: Running) -> None:
        """Its sounds are others from now on."""
        self._ports.log(sounds_key(running.play.path), {"number": running.play.renewed}, 10)

    def clear(self, slot: int) -> None:
        """Remove what a slot has brought."""
        for path in self._guests.glob(f"{slot}[.-]*"):
            path.unlink(missing_ok=True)

    def move(self, running: Running) -> None:
        """It plays into another strip, `running.play.track`, from now on; so does it for an engine that comes later."""
        path = self._guests / f"{running.slot}.json"
        record = json.loads(path.read_text(encoding="utf-8")) | {"track": running.play.track}
        _write(path, record)
        self._ports.order({"order": "move", "key": stream_of(running.play), "track": running.play.track})

    def introduce(self, running: Running, composer: str) -> None:
        """Set the tags that every instance has: who made it, and the strip that it plays into."""
        self._tell_all(running, composer, running.play.track)

    def _tell_all(self, running: Running, composer: str | None, track: str | None) -> None:
        for name, value in (("Composer", composer), (TRACK, track)):
            self._ports.log(f"tags:{running.play.path}:{name}", {"value": value, "type": "text"}, _KEPT_TAGS)

    def dismiss(self, play: Play) -> None:
        """Tell the engine that an instance plays no more."""
        self._ports.order({"order": "dismiss", "key": stream_of(play)})

    def accepted(self, running: Running) -> None:
        """It was accepted."""
        self._ports.log(keys.PLAYS, {**running.play.to_json(), "path": running.play.path}, _KEPT)

    def controls(self, running: Running, at: int | None = None) -> None:
        """Its controls, as they are from now on, or from a jam time on."""
        self._ports.log(keys.controls(running.play.path), running.controls, 3000, at)

    def ending(self, running: Running, bars: float, wait_s: float) -> None:
        """It is told to end, `wait_s` seconds from now."""
        at = units_to_milliseconds(self._ports.now()) + round(wait_s * 1000)
        self._ports.log(keys.ending(running.play.path), {"bars": bars, "at": at, "why": running.stopping}, 10)

    def ended(self, running: Running) -> None:
        """It has ended: how, with its last words. Its files and its user go."""
        record = {
            "path": running.play.path,
            "why": running.why,
            "starts": running.starts,
            "output": "\n".join(list(running.lines)[-10:]),
            "denied": running.gateway.counts.denied if running.gateway else 0,
            "denials": "\n".join(running.gateway.counts.denials[-10:] if running.gateway else ()),
        }
        self._ports.revoke(running.play.path)
        for slot in {running.slot, running.sounds} - {-1}:
            self.clear(slot)
        self._tell_all(running, None, None)
        self._ports.log(keys.STOPS, record, _KEPT)

    def what_runs(self, all_running: Iterable[Running]) -> None:
        """What runs now, with its processes, for whoever comes after a crash."""
        rows: list[dict[str, object]] = []
        for each in all_running:
            cell = each.cell
            pids = [cell.pid, cell.inner] if cell is not None and cell.is_running else []
            rows.append({"play": each.play.to_json() | {"controls": dict(each.controls)}, "pids": pids})
        self._ports.remember(rows)


def _write(path: Path, record: Mapping[str, object]) -> None:
    aside = path.with_suffix(".part")
    aside.write_text(json.dumps(record), encoding="utf-8")
    aside.replace(path)
