"""What `marmalade generator check` finds out: a generator played in its sandbox, its events rendered and measured."""

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.guests import CEILING
from marmalade_sc.errors import MarmaladeError, RenderError
from marmalade_sc.generators.rehearsal.take import Account, Role
from marmalade_sc.generators.words import what_went_wrong
from marmalade_sc.measures.levels import amplitude_to_db
from marmalade_sc.measures.measure import measure
from marmalade_sc.player.base.abandoned import passing
from marmalade_sc.player.rendering.rehearsals import Rehearsed, Sounding, rehearsed
from marmalade_sc.player.rendering.render import START, Rendering, end_of
from marmalade_sc.player.sounds.soundfiles import split
from marmalade_sc.settings.places import Places

__all__ = ["Checkup", "check_up"]

_RATE: Final = 48_000
_TAIL_S: Final = 2.0
_FAST_S: Final = 0.025
_SHARE: Final = 0.25


@dataclass(slots=True)
class Checkup:
    """See the module.

    Attributes:
        mode: "virtual time", or "real time" for what was not written with the SDK.
        bars, seconds: of music.
        events: notes by what plays them.
        peaks: dBFS of its strip and of the master; empty where nothing sounds.
        tags: by name, how often set and the last value; `writes` other keys, how often.
        cpu_s: processor time; `cpu` as a share of a core of the music's time; `memory` bytes at the most.
        longest_ms: of a frame (virtual time only); `slow` frames took longer than they last.
        late, dropped: notes that came late (real time).
        refused: by the dispatcher, by reason. `denials`: by its gateway, in words; `kept_from`: by its sandbox.
        costs: of the synthdefs that it brings, as a share of a core for each voice.
        remarks: what its author should know. `faults`: what must not be.
    """

    name: str
    version: str
    mode: str
    bars: str
    seconds: float
    events: dict[str, int] = field(default_factory=dict)
    peaks: dict[str, float] = field(default_factory=dict)
    tags: dict[str, list[object]] = field(default_factory=dict)
    writes: dict[str, int] = field(default_factory=dict)
    cpu_s: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    frames: int = 0
    longest_ms: float = 0.0
    slow: int = 0
    late: int = 0
    dropped: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    denied: int = 0
    denials: list[str] = field(default_factory=list)
    kept_from: list[str] = field(default_factory=list)
    costs: dict[str, float] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    exit: str = ""
    remarks: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def to_json(self) -> Mapping[str, object]:
        """As plain data."""
        return asdict(self)


def check_up(
    role: Role,
    places: Places,
    sounding: Sounding,
    *,
    cycles: Fraction = Fraction(8),  # noqa: B008  a frozen value
    bpm: float = 120.0,
    real_time: bool | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Checkup:
    """Play a generator for some bars, and look at what came of it. What is wrong with it stands in `faults`.

    Raises:
        MarmaladeError: no generator can be played here.
    """
    timeline = Timeline.steady(bpm, START)
    end = end_of(timeline.timetag, cycles, None)
    with rehearsed(
        [role], places, sounding, timeline, end, real_time=real_time, is_lenient=True, progress=progress
    ) as found:
        account = found.take.accounts[role.path]
        checkup = Checkup(
            role.manifest.name,
            role.manifest.version,
            "real time" if found.take.is_real_time else "virtual time",
            str(cycles),
            round((end - START) / UNITS_PER_SECOND, 3),
            costs=found.costs,
        )
        _count(checkup, account)
        _told(checkup, role, found)
        if found.take.heard:
            _sound(checkup, role, found, sounding.scsynth, end)
        _judge(checkup, role, account)
        return checkup


def _count(checkup: Checkup, account: Account) -> None:
    checkup.cpu_s = round(account.cpu_s, 3)
    checkup.cpu = round(account.cpu_s / checkup.seconds, 4)
    checkup.memory = account.memory
    checkup.frames, checkup.slow = account.frames, account.slow
    checkup.longest_ms = round(1000 * account.longest_s, 1)
    checkup.denied, checkup.denials = account.denied, list(account.denials)
    checkup.kept_from = list(account.kept_from)
    checkup.output = list(account.lines)
    checkup.exit = account.why or "played to the end"


def _told(checkup: Checkup, role: Role, found: Rehearsed) -> None:
    prefix = f"tags:{role.path}:"
    counts = Counter(each.key for each in found.take.told)
    for each in found.take.told:
        if each.key.startswith(prefix):
            checkup.tags[each.key[len(prefix) :]] = [counts[each.key], each.fields.get("value")]
        else:
            checkup.writes[each.key] = counts[each.key]


def _sound(checkup: Checkup, role: Role, found: Rehearsed, scsynth: str, end: int) -> None:
    """Render what it played, by a real scsynth, and measure it."""
    rendering = Rendering(found.player, found.definitions, scsynth, _RATE, _TAIL_S, with_stems=True)
    with passing() as folder:
        try:
            delay = rendering.run(folder / "rendered.wav", end)
            stems = [folder / f"stem{place}.wav" for place in range(len(rendering.tracks))]
            split(folder / "rendered.wav", delay, rendering.frames, folder / "master.wav", "wav", stems)
            checkup.peaks = {
                "strip": measure(stems[rendering.tracks.index(role.track)]).peak_dbfs,
                "master": measure(folder / "master.wav").peak_dbfs,
            }
        except RenderError:  # it wrote frames, and no note of them falls into these bars
            pass
        except MarmaladeError as error:
            checkup.faults.append(f"What it played cannot be rendered: {error}")
    checkup.events = dict(sorted(Counter(note.wire.partition(".")[0] for note in rendering.notes).items()))
    checkup.refused = rendering.refusals
    checkup.late, checkup.dropped = rendering.late


def _judge(checkup: Checkup, role: Role, account: Account) -> None:
    """What is wrong, and what its author should know."""
    manifest, faults, remarks = role.manifest, checkup.faults, checkup.remarks
    if account.is_fault:
        words = what_went_wrong(account.lines)
        faults.append(f"It broke down: {account.why}." + (f" It said: {words}" if words else ""))
        remarks += [f"It needs {name}, which is not installed." for name in manifest.programs if not shutil.which(name)]
    faults += [f"It fails: {what_went_wrong(text.splitlines())}" for text in dict.fromkeys(account.complaints)]
    faults += [f"It was refused: {words}" for words in checkup.denials]
    faults += [f"{count} of its notes were refused: {reason}" for reason, count in checkup.refused.items()]
    if not faults and not checkup.events and not checkup.tags and not checkup.writes:
        faults.append(f"It plays nothing, and tells nothing, in {checkup.bars} bars.")
    remarks += account.remarks
    remarks += [f"The sandbox refused {words}." for words in checkup.kept_from]
    strangers = sorted(set(checkup.events) - {*manifest.synthdefs, *(str(row["name"]) for row in role.sounds.rows)})
    samplers = {"sampler1", "sampler2"} if role.sounds.samples else set()
    if missing := [name for name in strangers if name not in samplers]:
        remarks.append(f"It plays what its manifest does not name: synthdefs = {_listed(missing)} belongs to [needs].")
    if untold := sorted(set(checkup.tags) - set(manifest.tags)):
        remarks.append(f"It sets tags that its manifest does not name: {', '.join(untold)}.")
    if silent := [name for name in manifest.tags if name not in checkup.tags]:
        remarks.append(f"It did not set {', '.join(silent)}, which its manifest promises.")
    if manifest.writes:
        remarks.append(f"It asks to write {', '.join(manifest.writes)}: a player has to grant that.")
    if checkup.peaks.get("strip", -200.0) >= amplitude_to_db(CEILING) - 0.01:
        remarks.append("It is so loud that its strip clips, at -6 dBFS.")
    if checkup.slow:
        remarks.append(
            f"{checkup.slow} of {checkup.frames} frames took longer than the {1000 * _FAST_S:g} ms that they last."
        )
    if checkup.cpu > _SHARE:
        remarks.append(f"It uses {checkup.cpu:.0%} of a core; {_SHARE:.0%} are allowed in the long run.")
    if checkup.late or checkup.dropped:
        remarks.append(f"{checkup.late} notes came up to 5 ms late, {checkup.dropped} too late to be played.")


def _listed(names: list[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in names) + "]"
