"""The status bar as one line of styled text: tempo, bar and beat, load, lateness, recording, tracks. Pure."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from marmalade_sc.shell.board import Board

__all__ = ["Styled", "meter", "next_pulse", "status_line"]

Styled = list[tuple[str, str]]

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_PULSE: Final = Fraction(1, 4)
"""Beats for which the pulse is lit."""
_NARROW: Final = 60
"""Columns below which words go before tracks."""
_FLOOR_DB: Final = -48.0
_MID_DB: Final = -12.0
_HIGH_DB: Final = -1.0


def status_line(board: Board, now: int, width: int) -> Styled:
    """The bar for a terminal of `width` columns at jam time `now`: what matters most comes first and stays.

    Where the tracks would have no room the rest is said in fewer words: zeros and the jam's name are left out; where
    that is not enough in a narrow terminal, all that is well.
    """
    if board.is_gone:
        return [("class:bad", " the player is gone; this joins again when it is back (Ctrl-D leaves) "[:width])]
    whole = _parts(board, now, width, is_short=False)
    tracks = sum(len(name) + 3 for name in board.tracks)
    short = _parts(board, now, width, is_short=True)
    for parts in (whole, short, *([_least(short)] if width < _NARROW else [])):
        if sum(len(text) for _, text in parts) + min(tracks, width // 3) <= width:
            break
    return _with_tracks(board, parts, width)


def _least(parts: Styled) -> Styled:
    """The time in figures, what is wrong, and what sounds."""
    (_, time), *others = parts or [("", "")]
    time = time.replace(" bpm ", "").replace(" bar ", " ")
    return [("class:tempo", time), *(each for each in others if each[0] != "class:plain")]


def _parts(board: Board, now: int, width: int, is_short: bool) -> Styled:
    """All but the tracks."""
    parts = _time(board, now)
    if board.evaluating:
        parts.append(("class:tempo", " evaluating (Ctrl-C interrupts) "))
    parts += _engine(board, is_short) if board.engine else [("class:bad", " the engine is starting ")]
    if board.failed:
        parts.append(("class:bad", f" {', '.join(board.failed)} down "))
    master = board.levels.get("master")
    if master is not None:
        parts.append(("class:plain", " "))
        parts += [meter(level) for level in master]
    if len(board.players) > 1:
        parts.append(("class:plain", f" {len(board.players)} players "))
        if board.plays:
            parts.append(("class:plain", _who(board.plays, width // 3)))
    if not is_short:
        parts.append(("class:plain", f" jam {board.jam} "))
    return parts


def meter(level_db: float) -> tuple[str, str]:
    """A level as one character, with its colour: -48 dBFS and below is empty, -1 and above is red."""
    share = (level_db - _FLOOR_DB) / -_FLOOR_DB
    block = _BLOCKS[min(8, max(0, round(share * 8)))]
    colour = "high" if level_db >= _HIGH_DB else "mid" if level_db >= _MID_DB else "low"
    return (f"class:meter.{colour}", block)


def _who(plays: Mapping[str, tuple[str, ...]], width: int) -> str:
    """Who plays what, as much of it as there is room for: ` ann: b1 acid  bob: d1 d2 +7 `.

    Who plays much is cut first, so that the others are seen as well.
    """
    text = ""
    for most in range(max(map(len, plays.values())), 0, -1):
        text = "  ".join(f"{name}: {_some(names, most)}" for name, names in sorted(plays.items()))
        if len(text) + 2 <= width:
            return f" {text} "
    return f" {text[: max(0, width - 4)]}.. "


def _some(names: tuple[str, ...], most: int) -> str:
    rest = len(names) - most
    return " ".join([*names[:most], *([f"+{rest}"] if rest > 0 else [])])


def next_pulse(board: Board, now: int) -> int | None:
    """The jam time at which the pulse is lit next, or goes out; None without a tempo."""
    if board.timeline is None or not board.timeline.is_playing(now) or not (board.timeline.counts or board.tracks):
        return None
    cycle = board.timeline.cycle(now - board.latency)
    bar = cycle.numerator // cycle.denominator
    beats = board.timeline.beats_per_cycle(cycle)
    beat = (cycle - bar) * beats
    whole = beat.numerator // beat.denominator
    after = whole + (_PULSE if beat - whole < _PULSE else 1)
    return board.timeline.timetag(bar + after / beats) + board.latency


def _time(board: Board, now: int) -> Styled:
    if board.timeline is None:
        return []
    cycle = board.timeline.cycle(now - board.latency)
    bar = cycle.numerator // cycle.denominator
    beat = (cycle - bar) * board.timeline.beats_per_cycle(cycle)
    whole = beat.numerator // beat.denominator
    pulse = "●" if beat - whole < _PULSE else "○"
    bpm = board.timeline.bpm(cycle)
    if not board.timeline.is_playing(now):
        return [("class:tempo", f" ‖ {bpm:.4g} bpm  bar {bar}:{whole + 1} paused ")]
    if bar < 0 or (not board.timeline.counts and not board.tracks):  # what plays first begins bar 0, at once
        return [("class:tempo", f" ○ {bpm:.4g} bpm  bar - ")]
    return [("class:tempo", f" {pulse} {bpm:.4g} bpm  bar {bar}:{whole + 1} ")]


def _engine(board: Board, is_short: bool) -> Styled:
    engine = board.engine
    cpu, xruns = min(max(_number(engine, "cpu"), 0.0), 999.0), _count(engine, "xruns")
    dropped, late, refused = (_count(engine, name) for name in ("late_dropped", "late_played", "refused"))
    parts = [("class:bad" if cpu > 70 else "class:plain", f" cpu {cpu:.0f}% ")]
    for word, count in (("xruns", xruns), ("late", late + dropped)):
        if count or not is_short:
            parts.append(("class:bad" if count else "class:plain", f" {word} {count} "))
    if dropped:
        parts.append(("class:bad", f" dropped {dropped} "))
    if refused:
        parts.append(("class:bad", f" refused {refused} "))
    if board.recording_s is not None:
        minutes, seconds = divmod(int(board.recording_s), 60)
        parts.append(("class:recording", f" ● rec {minutes}:{seconds:02} "))
    elif engine.get("recording"):
        parts.append(("class:recording", " ● rec "))
    if not engine.get("audible", True):
        parts.append(("class:bad", " unheard " if is_short else " cannot be heard "))
    return parts


def _with_tracks(board: Board, parts: Styled, width: int) -> Styled:
    fitted: Styled = []
    left = width
    for style, text in parts:
        if len(text) > left:
            return fitted
        fitted.append((style, text))
        left -= len(text)
    names = board.track_names()
    for place, name in enumerate(names):
        track = _track(name, board.tracks[name], board.levels.get(name))
        length = sum(len(text) for _, text in track)
        rest = f" +{len(names) - place}"
        needed = length if place == len(names) - 1 else length + len(rest)
        if needed > left:
            if len(rest) <= left:
                fitted.append(("class:rest", rest))
            break
        fitted += track
        left -= length
    return fitted


def _track(name: str, state: object, level: tuple[float, float] | None) -> Styled:
    mix = state.get("mix") if isinstance(state, Mapping) else None
    mix = mix if isinstance(mix, Mapping) else {}
    plays = bool(state.get("plays")) if isinstance(state, Mapping) else False
    is_muted = bool(mix.get("mute"))
    mark = "×" if is_muted else "*" if mix.get("solo") else ""
    style = "muted" if is_muted else "solo" if mix.get("solo") else "track" if plays else "rest"
    parts = [(f"class:{style}", f" {name}{mark}")]
    if level is not None:
        parts.append(meter(max(level)))
    return parts


def _count(values: Mapping[str, object], name: str) -> int:
    return int(min(max(_number(values, name), 0.0), 999_999.0))


def _number(values: Mapping[str, object], name: str) -> float:
    value = values.get(name, 0.0)
    return float(value) if isinstance(value, int | float) and value == value else 0.0
