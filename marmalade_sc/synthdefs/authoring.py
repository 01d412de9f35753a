"""What the author of a synthdef imports: `synthdef`, `control`, and envelopes that end a voice.

Importing this does not import supriya (0.3 s); the envelopes do so when a synthdef is built.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from marmalade_sc.errors import SynthDefError, nearest
from marmalade_sc.synthdefs.metadata import INTERNAL, Control, Kind, is_name

if TYPE_CHECKING:
    from supriya.ugens import UGenOperable

__all__ = [
    "COMMON",
    "LONGEST_TAIL_S",
    "Recipe",
    "control",
    "held",
    "percussive",
    "synthdef",
    "until",
]

#: What a synthdef's function may be: it is called with supriya's outputs by keyword and returns a signal.
Function = Callable[..., Any]  # supriya's operands and results have no common static type
Rate = Literal["audio", "control"]

LONGEST_TAIL_S = 600.0

#: The controls that every voice and sampler has, and those of every effect, unless the author declares them.
COMMON: dict[Kind, tuple[Control, ...]] = {
    "voice": (
        Control("amp", 0.5, "", 0.0, 4.0, "level"),
        Control("pan", 0.0, "", -1.0, 1.0, "place from left (-1) to right (1)"),
        Control("sustain", 0.25, "s", 0.0, 3600.0, "time until the release begins"),
    ),
    "sampler": (
        Control("amp", 0.5, "", 0.0, 4.0, "level"),
        Control("pan", 0.0, "", -1.0, 1.0, "place from left (-1) to right (1)"),
        Control("sustain", 0.0, "s", 0.0, 3600.0, "time until the release begins; 0 plays to the end"),
    ),
    "effect": (Control("mix", 1.0, "", 0.0, 1.0, "share of the effect: 0 dry, 1 wet"),),
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A synthdef as its author wrote it, not yet built. `controls` are in the order of their indices."""

    name: str
    kind: Kind
    function: Function
    controls: tuple[Control, ...]
    parameters: tuple[str, ...]
    aliases: tuple[str, ...]
    tail_s: float

    def owns(self, name: str) -> bool:
        """Whether the function takes the control itself; what it leaves out, the framework applies."""
        return name in self.parameters


@dataclass(slots=True)
class _Building:
    """What the helpers learn while one variant is built: the units whose end is the voice's end."""

    ends: list[object] = field(default_factory=list)


_building: ContextVar[_Building | None] = ContextVar("marmalade_synthdef_building", default=None)


@contextmanager
def collecting_ends() -> Iterator[list[object]]:
    """Collects what `percussive`, `held` and `until` mark as ends while a function runs. For `compile` only."""
    building = _Building()
    token = _building.set(building)
    try:
        yield building.ends
    finally:
        _building.reset(token)


def control(default: float, unit: str = "", low: float = 0.0, high: float = 1.0, doc: str = "") -> Control:
    """A control of a synthdef: its default, unit (`Hz`, `s`, `dB` or none), range and one line that explains it.

    Raises:
        SynthDefError: when a number is not finite, the range is empty or the default lies outside of it.
    """
    made = Control("", default, unit, low, high, doc)
    problem = made.problem()
    if problem:
        raise SynthDefError(f"a control cannot be: {problem}", hint='write control(800, "Hz", 40, 18000, "cutoff")')
    return Control("", float(default), unit, float(low), float(high), doc)


def synthdef(
    *,
    kind: Kind = "voice",
    aliases: tuple[str, ...] = (),
    tail: float = 10.0,
    **controls: Control,
) -> Callable[[Function], Recipe]:
    """Makes a synthdef of a function that returns a mono or stereo signal.

    The function takes controls by name. What it does not take of `amp` and `pan`, the framework applies; a function
    that takes `amp` multiplies by it, one that takes `pan` returns two channels. The framework adds `amp`, `pan` and
    `sustain` where they are not declared (`mix` for effects), and everything that plays and frees the voice.

    Args:
        kind: "voice"; "sampler", whose first control is `buf`; or "effect", whose function takes `signal` first.
        aliases: other names by which patterns find it.
        tail: longest time in seconds that it may sound behind its sustain, 0 to 600; then it is faded and freed.
        **controls: made by `control`, in the order of their indices.

    Raises:
        SynthDefError: for names that cannot be, controls that the function does not take, parameters that are not
            controls.
    """

    def decorate(function: Function) -> Recipe:
        return _recipe(function, kind, tuple(aliases), float(tail), controls)

    return decorate


def _recipe(
    function: Function, kind: Kind, aliases: tuple[str, ...], tail_s: float, controls: dict[str, Control]
) -> Recipe:
    import inspect  # 20 ms, and only builds need it

    name = function.__name__
    if kind not in COMMON:
        raise SynthDefError(f"{name}: kind {kind!r} does not exist", hint='use "voice", "sampler" or "effect"')
    for word in (name, *aliases, *controls):
        if not is_name(word):
            raise SynthDefError(f"{name}: the name {word!r} is not allowed", hint="use a-z, 0-9 and _, a letter first")
    if not 0.0 <= tail_s <= LONGEST_TAIL_S:
        raise SynthDefError(f"{name}: tail={tail_s:g} is not allowed", hint=f"use 0 to {LONGEST_TAIL_S:g} seconds")
    for word, declared in controls.items():
        if not isinstance(declared, Control):
            raise SynthDefError(f"{name}: {word}={declared!r} is not a control", hint=f"write {word}=control(...)")
        if word in INTERNAL:
            raise SynthDefError(f"{name}: the control {word!r} belongs to the framework", hint="choose another name")
    made = [Control(w, c.default, c.unit, c.low, c.high, c.doc) for w, c in controls.items()]
    common = [c for c in COMMON[kind] if c.name not in controls]
    if kind == "sampler" and (not made or made[0].name != "buf"):
        raise SynthDefError(f"{name}: the first control of a sampler is its buffer", hint="declare buf=control(...)")

    parameters = tuple(inspect.signature(function).parameters)
    if kind == "effect":
        if parameters[:1] != ("signal",):
            raise SynthDefError(f"{name}: the first parameter of an effect is its input", hint="name it signal")
        parameters = parameters[1:]
    known = {c.name for c in made} | {c.name for c in common}
    for parameter in parameters:
        if parameter not in known:
            near = nearest(parameter, known)
            hint = f"did you mean {near}?" if near else f"declare {parameter}=control(...) in @synthdef"
            raise SynthDefError(f"{name}: the parameter {parameter!r} is not a control", hint=hint)
    for c in made:
        if c.name not in parameters and c.name not in {common.name for common in COMMON[kind]}:
            raise SynthDefError(f"{name}: the control {c.name!r} is declared but not taken", hint=f"add it to {name}()")
    return Recipe(name, kind, function, (*made, *common), parameters, aliases, tail_s)


def percussive(
    attack: float | UGenOperable = 0.0,
    release: float | UGenOperable = 0.3,
    curve: float | UGenOperable = -4.0,
    rate: Rate = "audio",
) -> UGenOperable:
    """An envelope that rises in `attack` and falls to 0 in `release` seconds; the voice ends with it.

    An attack of 0 (the number) starts at 1 on the very first sample. `curve` bends: negative falls fast first.
    """
    from supriya.ugens import Envelope

    if isinstance(attack, int | float) and attack <= 0:
        return _envelope(Envelope([1.0, 0.0], [release], [curve]), rate)
    return _envelope(Envelope([0.0, 1.0, 0.0], [attack, release], [0.0, curve]), rate)


def held(
    sustain: float | UGenOperable,
    attack: float | UGenOperable = 0.005,
    release: float | UGenOperable = 0.1,
    decay: float | UGenOperable = 0.0,
    level: float | UGenOperable = 1.0,
    curve: float | UGenOperable = -3.0,
    rate: Rate = "audio",
) -> UGenOperable:
    """An envelope that holds for `sustain` seconds, attack and decay included, then falls in `release` seconds.

    It rises to 1 in `attack`, falls to `level` in `decay`. Where `sustain` is shorter than attack and decay, they
    are played whole. The voice ends with it.
    """
    from supriya.ugens import Envelope

    rest = _at_least_zero(_plus(_plus(sustain, attack, -1.0), decay, -1.0))
    if isinstance(decay, int | float) and decay <= 0:
        return _envelope(Envelope([0.0, 1.0, 1.0, 0.0], [attack, rest, release], [0.0, 0.0, curve]), rate)
    stages = [attack, decay, rest, release]
    return _envelope(Envelope([0.0, 1.0, level, level, 0.0], stages, [0.0, curve, 0.0, curve]), rate)


def until(unit: UGenOperable) -> UGenOperable:
    """Marks a unit that knows when it is done (an EnvGen, a Line, a PlayBuf) as an end of the voice; returns it.

    A voice is freed when all that were marked, by this, `percussive` or `held`, are done. Their own `done_action`
    stays 0: a unit that frees the voice itself would cut the tail of the exact variant.
    """
    building = _building.get()
    if building is None:
        raise SynthDefError("until, percussive and held work only inside of a synthdef's function")
    building.ends.append(unit)
    return unit


def _envelope(envelope: Any, rate: Rate) -> UGenOperable:
    from supriya.ugens import EnvGen

    unit: Any = EnvGen  # supriya makes .ar and .kr while it is imported: no static type knows them
    made: UGenOperable
    if rate == "audio":
        made = unit.ar(envelope=envelope)
    elif rate == "control":
        made = unit.kr(envelope=envelope)
    else:
        raise SynthDefError(f"an envelope's rate {rate!r} does not exist", hint='use "audio" or "control"')
    return until(made)


def _plus(left: Any, right: Any, factor: float) -> Any:
    """left + right * factor, without units for numbers that do not need them."""
    if isinstance(right, int | float):
        return left if right == 0 else left + right * factor
    return left + right * factor


def _at_least_zero(value: Any) -> Any:
    return max(value, 0.0) if isinstance(value, int | float) else value.max(0.0)
