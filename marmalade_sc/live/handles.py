"""What the user's code holds: tracks, the clock, effects. Each action asks for an operation; none acts by itself."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.errors import ControlError, UnknownNameError, UsageError, nearest
from marmalade_sc.ids import check_name
from marmalade_sc.live.operations import (
    Grid,
    Hush,
    Meter,
    Nudge,
    Operation,
    Ramp,
    Redo,
    SetMix,
    Tempo,
    Transport,
    Undo,
)
from marmalade_sc.patterns.language import language
from marmalade_sc.patterns.piece import END
from marmalade_sc.patterns.span import cycles_from
from marmalade_sc.sdk.instruments import Instrument

__all__ = ["TRACK_NAME", "ClockHandle", "Effect", "PlacedTrack", "TrackHandle", "grid_of"]

TRACK_NAME: Final = re.compile(r"[a-z]{1,12}\d{1,4}")
"""A name that becomes a track on the left of `>>`."""
_GRID: Final = re.compile(r"\s*(\d+(?:\.\d+)?(?:/\d+)?)\s*(bar|bars|cycle|cycles|beat|beats)\s*")
_MARK: Final = re.compile(r"\s*%[^\s%]+\s*")
_ACTIONS: Final = (
    *("at", "back", "fade", "fx", "gain", "group", "hush", "mute"),
    *("pan", "redo", "send", "solo", "stop", "undo", "unmute", "unsolo", "xfade"),
)
_UNITS: Final = ("bar", "bars", "beat", "beats", "cycle", "cycles", "now")
_LONGEST_FADE_S: Final = 60.0


def grid_of(text: object) -> Grid:
    """A grid from "4 bars", "2 beats", "now", a number of bars; or "end" and "%chorus", places of a score that plays.

    How long a beat is, the meter says when it lands.

    Raises:
        UsageError: it is none of these, or negative.
    """
    if isinstance(text, int | float | Fraction) and not isinstance(text, bool) and text >= 0:
        return Grid(cycles_from(text))
    if isinstance(text, str):
        if text.strip() == "now":
            return Grid(Fraction(0))
        if text.strip() == END or _MARK.fullmatch(text):
            return Grid(mark=text.strip().removeprefix("%"))
        found = _GRID.fullmatch(text)
        if found is not None:
            try:
                number = Fraction(found[1])
            except ZeroDivisionError:
                number = Fraction(-1)
            if number >= 0:
                is_beats = found[2].startswith("beat") and number > 0
                return Grid(number / 4, beats=number) if is_beats else Grid(number)
    words = text.split() if isinstance(text, str) else []
    near = nearest(words[-1], _UNITS) if words else None
    hint = f"Did you mean {' '.join([*words[:-1], near])!r}? " if near and near != words[-1] else ""
    raise UsageError(f"{text!r:.40} is not a grid", hint=hint + 'Write "4 bars", "2 beats", "now" or a number of bars.')


@dataclass(frozen=True, slots=True)
class Effect:
    """An effect with its controls, or a chain of them: `lpf(900) | delay(.375, fb=.4)`."""

    chain: tuple[tuple[str, str, tuple[tuple[str, float], ...]], ...]

    @classmethod
    def of(cls, instrument: Instrument, *values: float, **controls: float) -> "Effect":
        """One effect; values without a name go to its controls in their order.

        Raises:
            ControlError: a control does not exist, or there are more values than controls.
        """
        names = list(instrument.index)
        if len(values) > len(names):
            raise ControlError(f"{instrument.name} has only {len(names)} controls: {', '.join(names)}")
        given = {**dict(zip(names, values, strict=False)), **controls}
        checked = instrument.values(given)
        settled = tuple((name, checked[instrument.index[name]]) for name in given)
        return cls(((instrument.name, instrument.wire, settled),))

    def __or__(self, other: object) -> "Effect":
        if not isinstance(other, Effect):
            raise UsageError(f"{other!r:.40} is not an effect", hint="Chain effects: lpf(900) | reverb(.3)")
        return Effect((*self.chain, *other.chain))

    def __repr__(self) -> str:
        parts = (f"{name}({', '.join(f'{k}={v:g}' for k, v in controls)})" for name, _, controls in self.chain)
        return " | ".join(parts) or "no effects"

    def inserts(self) -> list[Mapping[str, object]]:
        """As a strip's settings list them."""
        return [{"wire": f"{wire}.w", "controls": dict(controls)} for _, wire, controls in self.chain]


class PlacedTrack:
    """A track with how its next pattern lands: `d1.at("4 bars") >> ...`, `d1.xfade(4) >> ...`, or both."""

    __slots__ = ("_fade", "_grid", "_replace")

    def __init__(
        self,
        replace: Callable[[object, Grid, Fraction], None],
        grid: Grid,
        fade: Fraction = Fraction(0),  # noqa: B008  frozen
    ) -> None:
        self._replace = replace
        self._grid = grid
        self._fade = fade

    def at(self, grid: str | int | float) -> "PlacedTrack":
        """Where it lands: "4 bars", "2 beats", "now", a number of bars; "end" or "%chorus" of a score that plays."""
        return PlacedTrack(self._replace, grid_of(grid), self._fade)

    def xfade(self, bars: float = 4) -> "PlacedTrack":
        """Let the old pattern go while the new one comes, within `bars`."""
        return PlacedTrack(self._replace, self._grid, _bars(bars))

    def __rshift__(self, pattern: object) -> None:
        self._replace(pattern, self._grid, self._fade)


class TrackHandle:
    """A track in the user's code: `d1 >> s("bd sn")`, `d1.mute()`, `d1.fx = lpf(800)`.

    Args:
        name: of the track.
        replace: takes a pattern, a grid and the cycles of a crossfade.
        ask: takes an operation.
        cycle_s: length of a bar now, in seconds.
        control: takes a name and a value for the generator that plays into it; False where none does.
    """

    __slots__ = ("_ask", "_control", "_cycle_s", "_fx", "_replace", "name")

    name: str
    _fx: Effect
    _ask: Callable[[Operation], None]
    _control: Callable[[str, str, object], bool] | None
    _cycle_s: Callable[[], float]
    _replace: Callable[[str, object, Grid, Fraction], None]

    def __init__(
        self,
        name: str,
        replace: Callable[[str, object, Grid, Fraction], None],
        ask: Callable[[Operation], None],
        cycle_s: Callable[[], float] = lambda: 2.0,
        control: Callable[[str, str, object], bool] | None = None,
    ) -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "_cycle_s", cycle_s)
        object.__setattr__(self, "_replace", replace)
        object.__setattr__(self, "_ask", ask)
        object.__setattr__(self, "_control", control)
        object.__setattr__(self, "_fx", Effect(()))

    @property
    def fx(self) -> Effect:
        """The inserted effects: set them with `d1.fx = lpf(900) | reverb(.3)`, take them out with None."""
        return self._fx

    def __rshift__(self, pattern: object) -> "TrackHandle":
        self._replace(self.name, pattern, Grid(), Fraction(0))
        return self

    def at(self, grid: str | int | float) -> PlacedTrack:
        """Where the next pattern lands: "4 bars", "2 beats", "now", a number of bars; "end", "%chorus" of a score."""
        return PlacedTrack(self._placed, grid_of(grid))

    def xfade(self, bars: float = 4) -> PlacedTrack:
        """Let the old pattern go while the new one comes, within `bars`: `d1.xfade(4) >> s("sn*4")`."""
        return PlacedTrack(self._placed, Grid(), _bars(bars))

    def _placed(self, pattern: object, grid: Grid, fade: Fraction) -> None:
        self._replace(self.name, pattern, grid, fade)

    def undo(self, steps: int = 1, *, at: object = 1) -> None:
        """Take back the latest change of this track, pattern and mix, from the next bar on."""
        self._ask(Undo(self.name, _steps(steps), grid_of(at)))

    def redo(self, steps: int = 1, *, at: object = 1) -> None:
        """Do again what was taken back."""
        self._ask(Redo(self.name, _steps(steps), grid_of(at)))

    back = undo

    def stop(self, fade: float = 0.02) -> None:
        """Play no more; the sound fades within `fade` seconds."""
        self._ask(Hush(self.name, _within(fade, 0.005, 10.0, "fade")))

    hush = stop

    def mute(self) -> None:
        """Go on unheard."""
        self._ask(SetMix(self.name, {"mute": True}))

    def unmute(self) -> None:
        """Be heard again."""
        self._ask(SetMix(self.name, {"mute": False}))

    def solo(self) -> None:
        """Hear only this track (and others that are soloed)."""
        self._ask(SetMix(self.name, {"solo": True}))

    def unsolo(self) -> None:
        """Hear the others again."""
        self._ask(SetMix(self.name, {"solo": False}))

    def gain(self, db: float) -> None:
        """The strip's gain in dB, -96 to 24."""
        self._ask(SetMix(self.name, {"gain_db": _within(db, -96, 24, "gain"), "fade_s": 0.02}))

    def pan(self, place: float) -> None:
        """The strip's place, -1 left to 1 right."""
        self._ask(SetMix(self.name, {"pan": _within(place, -1, 1, "pan"), "fade_s": 0.02}))

    def fade(self, db: float, seconds: float | None = None, *, bars: float | None = None) -> None:
        """Bring the gain to `db` within `seconds` (4) or `bars`, at most 60 s."""
        if seconds is not None and bars is not None:
            raise ControlError("A fade has one length: seconds or bars", hint="Write d1.fade(-20, bars=8).")
        length = 4.0 if seconds is None else seconds
        if bars is not None:
            cycle_s = self._cycle_s()
            length = _within(bars, 0.005 / cycle_s, _LONGEST_FADE_S / cycle_s, "bars") * cycle_s
        self._ask(
            SetMix(
                self.name,
                {
                    "gain_db": _within(db, -96, 24, "fade"),
                    "fade_s": _within(length, 0.005, _LONGEST_FADE_S, "seconds"),
                },
            )
        )

    def group(self, track: "TrackHandle | str | None") -> None:
        """Play through another track's strip instead of the master: `d1.group("drums1")`; None goes back."""
        name = "" if track is None else track.name if isinstance(track, TrackHandle) else check_name(track, "track")
        self._ask(SetMix(self.name, {"group": name}))

    def send(self, **levels: float) -> None:
        """Send to other tracks' strips, levels in dB: `d1.send(r1=-12)`."""
        self._ask(SetMix(self.name, {"sends": {name: _within(v, -96, 24, name) for name, v in levels.items()}}))

    def __setattr__(self, name: str, value: object) -> None:
        if name == "fx":
            if value is None:
                value = Effect(())
            if not isinstance(value, Effect):
                raise UsageError(
                    f"{value!r:.40} is not an effect", hint="Write d1.fx = lpf(900) | reverb(.3), or None."
                )
            object.__setattr__(self, "_fx", value)
            self._ask(SetMix(self.name, {"inserts": value.inserts()}))
            return
        if not name.startswith("_") and self._control is not None and self._control(self.name, name, value):
            return
        raise UsageError(f"{self.name}.{name} cannot be set", hint=self._hint(name))

    def _hint(self, name: str) -> str:
        if name not in _ACTIONS and name in language():
            return f'Changes stand behind the pattern: {self.name} >> s("bd sn").{name}(...).'
        near = nearest(name, _ACTIONS)
        said = f"Write {self.name}.{name}(...)." if near == name else f"Did you mean {self.name}.{near}?"
        return said if near else f"A track has: {', '.join(_ACTIONS)}."

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnknownNameError(f"A track has no {name!r}", hint=self._hint(name))

    def __or__(self, other: object) -> object:
        raise self._bound_tighter("|")

    def __and__(self, other: object) -> object:
        raise self._bound_tighter("&")

    def _bound_tighter(self, sign: str) -> UsageError:
        return UsageError(
            f"{self.name} >> a {sign} b reads as ({self.name} >> a) {sign} b",
            hint=f"Write {self.name} >> stack(a, b), or use ',' inside the pattern's text.",
        )

    def __gt__(self, other: object) -> bool:
        raise UsageError(f"{self.name} is a track and is not compared", hint=f"Write {self.name} >> s(...).")

    __lt__ = __ge__ = __le__ = __gt__

    def __lshift__(self, other: object) -> object:
        raise UsageError(f"{self.name} takes its pattern from the other side", hint=f"Write {self.name} >> s(...).")

    def __repr__(self) -> str:
        return self.name


class ClockHandle:
    """The jam's clock in the user's code: `clock.bpm = 132`, `clock.ramp(140, bars=16)`."""

    __slots__ = ("_ask", "_now", "_timeline")

    _ask: Callable[[Operation], None]
    _now: Callable[[], int]
    _timeline: Callable[[], Timeline]

    def __init__(
        self,
        ask: Callable[[Operation], None],
        timeline: Callable[[], Timeline],
        now: Callable[[], int],
    ) -> None:
        object.__setattr__(self, "_ask", ask)
        object.__setattr__(self, "_timeline", timeline)
        object.__setattr__(self, "_now", now)

    @property
    def bpm(self) -> float:
        """Beats per minute now."""
        timeline = self._timeline()
        return timeline.bpm(timeline.cycle(self._now()))

    @property
    def bar(self) -> float:
        """The bar now, with its fraction."""
        timeline = self._timeline()
        return float(timeline.cycle(self._now()))

    def ramp(self, bpm: float, bars: float = 4) -> None:
        """Go to another tempo within `bars`, from the next bar on."""
        if bars <= 0:
            raise UsageError(f"A ramp of {bars} bars cannot be", hint="Give a length above 0 bars.")
        Timeline.steady(bpm)
        self._ask(Ramp(bpm, cycles_from(bars)))

    def nudge(self, seconds: float) -> None:
        """Play everything later (or earlier, when negative) by up to half a second."""
        self._ask(Nudge(_within(seconds, -0.5, 0.5, "nudge")))

    def pause(self) -> None:
        """Let musical time stand still."""
        self._ask(Transport(False))

    def play(self) -> None:
        """Let musical time go on."""
        self._ask(Transport(True))

    def __setattr__(self, name: str, value: object) -> None:
        if name == "bpm":
            Timeline.steady(value)  # type: ignore[arg-type]  # raises the error that a user should see
            self._ask(Tempo(float(value)))  # type: ignore[arg-type]  # checked above
            return
        if name == "beats_per_bar":
            if not isinstance(value, int | float | Fraction):
                raise UsageError(f"{value!r:.40} beats in a bar cannot be")
            beats = cycles_from(value)
            Timeline.steady(120, 0, beats)
            self._ask(Meter(beats))
            return
        near = nearest(name, ("bpm", "beats_per_bar")) or "bpm"
        raise UsageError(f"clock.{name} cannot be set", hint=f"Did you mean clock.{near}?")

    def __repr__(self) -> str:
        return f"clock at {self.bpm:g} bpm, bar {self.bar:.2f}"


def _within(value: object, low: float, high: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ControlError(f"{what} cannot be {value!r:.40}", hint=f"Give a number from {low:g} to {high:g}.")
    return float(value)


def _bars(value: object) -> Fraction:
    """A length in bars, above 0."""
    return cycles_from(_within(value, 1 / 64, 1024, "bars"))


def _steps(value: object) -> int:
    return int(_within(value, 1, 1000, "steps"))
