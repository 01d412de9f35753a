"""What plays, as code that gives it again: statements that made it, the mix, scenes, tempo. Pure."""

from collections.abc import Iterable, Mapping
from fractions import Fraction

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.live.book import PLAIN_MIX, Book, Version
from marmalade_sc.live.lane import Lane
from marmalade_sc.live.units import Unit, closure

__all__ = ["set_code"]


def set_code(book: Book, binders: Mapping[str, Unit], timeline: Timeline) -> str:
    """A set of what the book says, to be evaluated as one block, in this session or another.

    First what binds names, then the scenes, then what plays. A scene whose statements need names that mean something
    else by now is left out, with a comment.

    Args:
        binders: who binds which name.
        timeline: its last tempo and meter are the set's.

    Returns:
        The code; empty when nothing plays and nothing is bound.
    """
    latest = set(binders.values())
    playing = {track: version for track, version in book.now.items() if version.lane is not None}
    if not (playing or latest or book.scenes):
        return ""
    made = {track: _maker(version) for track, version in playing.items()}

    def is_loose(unit: Unit) -> bool:
        """Whether it may stand anywhere behind what binds names: it binds none, and reads them as they are now."""
        return not unit.binds and latest.issuperset(unit.needs) and unit.bare.isdisjoint(binders)

    lasting = closure([*latest, *(unit for unit in made.values() if unit is not None and not is_loose(unit))])
    parts = _said(lasting)
    played = _played({}, lasting)
    # What these play can be said once only: the names in their statements mean something else behind it.
    fixed = {track for track, unit in made.items() if unit is not None and not is_loose(unit)}
    mixed: dict[str, Version] = {}
    for name, scene in book.scenes.items():
        lanes = {track: version for track, version in scene.items() if version.lane is not None}
        units = [_maker(version) for version in lanes.values()]
        loose = [unit for unit in units if unit is not None and (is_loose(unit) or unit in lasting)]
        disturbs = any(track not in lanes or lanes[track].lane is not playing[track].lane for track in fixed)
        if len(loose) < len(units) or disturbs:
            parts.append(f"# The scene {name} is left out: it uses names that mean something else by now.")
            continue
        parts += _play(lanes, loose, played)
        parts += [f"{track} >> silence()" for track in played if track not in lanes]
        played.update(dict.fromkeys((track for track in played if track not in lanes), None))
        parts += [line for track, version in lanes.items() for line in _mix(track, version, mixed)]
        parts.append(f"scene.save({name!r})")
    parts += _play(playing, [unit for unit in made.values() if unit is not None], played)
    parts += [line for track, version in playing.items() for line in _mix(track, version, mixed)]
    parts.append(f"only({', '.join(playing)})")
    last = timeline.segments[-1]
    parts += [f"clock.beats_per_bar = {_number(last.beats_per_cycle)}", f"clock.bpm = {_number(60 / last.period_s)}"]
    return "\n".join(parts) + "\n"


def _said(units: Iterable[Unit]) -> list[str]:
    """Statements; before them the tracks that one of them refers to and none has made."""
    known: set[str] = set()
    missing: dict[str, None] = {}
    lines = []
    for unit in units:
        missing |= dict.fromkeys(sorted(unit.refers - known))
        known |= unit.refers | unit.makes
        lines.append(unit.code)
    return [*(f"{track} >> silence()" for track in missing), *lines]


def _maker(version: Version) -> Unit | None:
    source = version.lane.source if version.lane is not None else None
    return source if isinstance(source, Unit) else None


def _play(versions: Mapping[str, Version], units: Iterable[Unit], played: dict[str, Lane | None]) -> list[str]:
    """Statements that let each track play its version; what plays it already is not said again."""
    lines = []
    tracks: dict[Unit, list[str]] = {}
    for track, version in versions.items():
        if (maker := _maker(version)) is not None:
            tracks.setdefault(maker, []).append(track)
    for unit in sorted(set(units), key=lambda each: each.number):
        if any(played.get(track) is not versions[track].lane for track in tracks.get(unit, ())):
            lines.append(unit.code)
            _played(played, [unit])
    for unit, mine in tracks.items():  # a later statement for several tracks may have taken this one's
        if any(played.get(track) is not versions[track].lane for track in mine):
            lines.append(unit.code)
            _played(played, [unit])
    return lines


def _played(played: dict[str, Lane | None], units: Iterable[Unit]) -> dict[str, Lane | None]:
    """What tracks play once the units are carried out."""
    for unit in units:
        for track, lane in unit.plays.items():
            played[track] = lane()
    return played


def _mix(track: str, version: Version, mixed: dict[str, Version]) -> list[str]:
    """A strip's settings: those that anybody has made, and those that an earlier line made otherwise."""
    before = mixed.get(track, Version())
    mixed[track] = version
    mix = {**before.mix_towards(version), **{name: version.mix[name] for name in PLAIN_MIX if name in version.mix}}
    lines = []
    for name, value in mix.items():
        if name == "gain_db":
            lines.append(f"{track}.gain({_number(value)})")
        elif name == "pan":
            lines.append(f"{track}.pan({_number(value)})")
        elif name in ("mute", "solo"):
            lines.append(f"{track}.{name}()" if value else f"{track}.un{name}()")
        elif name == "inserts":
            lines.append(f"{track}.fx = {_effects(value)}")
        elif name == "sends" and isinstance(value, Mapping):
            lines.append(f"{track}.send({', '.join(f'{to}={_number(level)}' for to, level in value.items())})")
        elif name == "group":
            lines.append(f"{track}.group({value!r})" if value else f"{track}.group(None)")
    return lines


def _effects(inserts: object) -> str:
    chain = []
    for insert in inserts if isinstance(inserts, list) else []:
        controls = ", ".join(f"{name}={_number(value)}" for name, value in insert["controls"].items())
        chain.append(f"{str(insert['wire']).partition('.')[0]}({controls})")
    return " | ".join(chain) or "None"


def _number(value: object) -> str:
    """A number as a person would write it, exactly."""
    number = float(value) if isinstance(value, int | float | Fraction) else 0.0
    return str(int(number)) if number == int(number) else repr(number)
