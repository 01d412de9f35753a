"""Builds the text of a synthdef file into its two compiled variants and its definition. Imports supriya.

It runs the author's code, so it is called in a forked child (see `build`), except in tests and tools.
"""

import hashlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supriya import ugens as _ugens
from supriya.enums import DoneAction
from supriya.ugens import OutputProxy, SynthDefBuilder, UGen, UGenOperable, UGenVector

from marmalade_sc.errors import SynthDefError, UsageError, Where
from marmalade_sc.synthdefs import checks, scgf
from marmalade_sc.synthdefs.authoring import Recipe, collecting_ends, held
from marmalade_sc.synthdefs.metadata import INTERNAL, Definition

__all__ = ["BLOCK_COUNTER_BUS", "EXACT_DELAY_S", "Built", "build_recipe", "build_source"]

#: Supriya makes `.ar` and its kin while it is imported, so no static type knows them.
u: Any = _ugens

#: The control bus on which the engine counts the server's blocks, from 0 to 2**24 - 1 and around.
BLOCK_COUNTER_BUS = 0
#: Longest time that an exact voice may be made before it is due; one block more is allowed for. It is made 20 ms ahead,
#: and a stall of the driver puts off all that was placed before it by its own length: with 60 ms, 22 of 3,193 notes
#: were lost in 11 stalls of up to 50 ms, 90 of 3,186 in stalls of up to 120 ms; with 165 ms none (bench/onsets.py).
EXACT_DELAY_S = 0.165
_COUNTER_SPAN = 2.0**24
_LONGEST_SUSTAIN_S = 3600.0
_FADE_S = 0.02


@dataclass(frozen=True, slots=True)
class Built:
    """A definition and its bytes: one SCgf file that holds every variant."""

    definition: Definition
    data: bytes


def build_source(source: str, file: Path) -> Built:
    """Runs the text of a synthdef file and compiles what it defines.

    Raises:
        SynthDefError: with the file and line, for anything that goes wrong in it.
    """
    namespace: dict[str, Any] = {"__name__": f"synthdef_{file.stem}", "__file__": str(file)}
    line = 1  # of the function, once there is one: the place of mistakes that have no line of their own
    try:
        code = compile(source, str(file), "exec", dont_inherit=True)
        exec(code, namespace)  # the author's file, in a child process with limits
        recipes = list({id(value): value for value in namespace.values() if isinstance(value, Recipe)}.values())
        if len(recipes) != 1:
            raise SynthDefError(
                f"{file.name} defines {len(recipes)} synthdefs", hint="one file has one function under @synthdef(...)"
            )
        line = recipes[0].function.__code__.co_firstlineno
        name = recipes[0].name
        if name != file.stem:
            hint = f"name the function {file.stem} or the file {name}.py"
            raise SynthDefError(f"{file.name} defines the synthdef {name}", hint=hint)
        doc = namespace.get("__doc__")
        return build_recipe(recipes[0], doc.strip() if isinstance(doc, str) else "", str(file))
    except SyntaxError as error:
        if error.filename != str(file):
            raise _located(error, source, file, line) from error
        where = _where(source, file, error.lineno or 1, error.offset or 1)
        raise SynthDefError(f"This is not Python: {error.msg}", where=where) from error
    except Exception as error:
        raise _located(error, source, file, line) from error


def _located(error: Exception, source: str, file: Path, line: int) -> SynthDefError:
    """The error as one that names the deepest line of the file itself, or `line` where it has none."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    where = error.where if isinstance(error, UsageError) else None
    if where is None and frames and frames[-1].lineno:
        where = _where(source, file, frames[-1].lineno, (frames[-1].colno or 0) + 1)
    if isinstance(error, UsageError):
        return SynthDefError(error.message, where=where or _where(source, file, line, 1), hint=error.hint)
    if isinstance(error, RecursionError):
        message = f"{file.name} calls itself without end"
    elif isinstance(error, MemoryError):
        message = f"{file.name} needs too much memory"
    else:
        words = " ".join(str(error).split()) or "no message"
        message = f"{file.name} does not build: {type(error).__name__}: {words[:300]}"
    return SynthDefError(message, where=where or _where(source, file, line, 1))


def _where(source: str, file: Path, line: int, column: int) -> Where:
    lines = source.splitlines() or [""]
    text = lines[min(max(line, 1), len(lines)) - 1]
    return Where(str(file), line, min(max(column, 1), len(text) + 1), text)


def build_recipe(recipe: Recipe, doc: str, file: str = "") -> Built:
    """Compiles a recipe: both variants of a voice, the one of an effect.

    Raises:
        SynthDefError: when what the function returned cannot be played.
    """
    wall, channels = _graph(recipe, exact=False)
    random = checks.is_random(wall)
    graphs = [wall]
    if recipe.kind != "effect" and not checks.reads_live_buses(wall):
        graphs.append(_graph(recipe, exact=True)[0])
    if random:
        first = len(recipe.controls) + INTERNAL.index("random_id")
        graphs = [scgf.seeded(graph, first, first + 1) for graph in graphs]
    digest = hashlib.sha256(scgf.write([scgf.renamed(graph, recipe.name) for graph in graphs])).hexdigest()[:12]
    wires = [f"{recipe.name}.{digest}.{suffix}" for suffix in "wx"[: len(graphs)]]
    definition = Definition(
        name=recipe.name,
        hash=digest,
        wall=wires[0],
        exact=wires[1] if len(wires) > 1 else None,
        kind=recipe.kind,
        controls=recipe.controls,
        channels=channels,
        random=random,
        doc=doc,
        file=file,
        aliases=recipe.aliases,
        tail_s=recipe.tail_s,
        units=len(graphs[0].units),
    )
    named = [scgf.renamed(graph, wire) for graph, wire in zip(graphs, wires, strict=True)]
    return Built(definition, scgf.write(named))


def _graph(recipe: Recipe, *, exact: bool) -> tuple[scgf.Graph, int]:
    """One variant, its controls in the promised order, and the number of channels that the function returned."""
    defaults = {control.name: control.default for control in recipe.controls}
    defaults |= dict.fromkeys(INTERNAL, 0.0) | {"gate": 1.0}
    # Supriya sorts controls by name: numbered names keep our order, and get their own names back below.
    numbered = {f"c{index:04d}": name for index, name in enumerate(defaults)}
    builder = SynthDefBuilder(**{number: defaults[name] for number, name in numbered.items()})
    with builder:
        controls = {name: builder[number] for number, name in numbered.items()}
        if recipe.kind == "effect":
            channels = _effect(recipe, controls)
        else:
            channels = _voice(recipe, controls, exact=exact)
    graph = scgf.read(builder.build(name=recipe.name).compile())[0]
    _refuse_own_freeing(recipe, graph)
    graph = scgf.with_parameters(graph, numbered)
    if tuple(name for name, _ in graph.parameters) != tuple(defaults) or len(graph.defaults) != len(defaults):
        raise SynthDefError(f"{recipe.name}: its controls do not keep their order", hint="report this with the file")
    return graph, channels


def _voice(recipe: Recipe, controls: dict[str, Any], *, exact: bool) -> int:
    with collecting_ends() as ends:
        returned = recipe.function(**{name: controls[name] for name in recipe.parameters})
        signal = _channels(recipe, returned)
        if not ends:
            envelope = held(controls["sustain"], 0.002, 0.02)
            signal = [channel * envelope for channel in signal]
    if len(signal) == 1 and recipe.owns("pan"):
        raise SynthDefError(
            f"{recipe.name} takes pan but returns one channel",
            hint="return two channels (u.Pan2.ar(...)), or leave pan to the framework",
        )

    end: Any = u.Done.kr(source=ends[0])
    for other in ends[1:]:
        end = end * u.Done.kr(source=other)
    longest: Any = controls["sustain"].clip(0.0, _LONGEST_SUSTAIN_S) + recipe.tail_s
    if exact:
        block = (u.SampleRate.ir() * u.ControlDur.ir()).round(1.0)
        now = u.Latch.kr(source=u.In.kr(bus=BLOCK_COUNTER_BUS), trigger=u.Impulse.kr(frequency=0))
        blocks = controls["at_block"] - now
        # The counter goes around after 2**24 blocks (6.2 h at 48 kHz): an event just behind that lies ahead, too.
        blocks = blocks + (blocks < -_COUNTER_SPAN / 2) * _COUNTER_SPAN
        # A quarter of a sample keeps DelayN's rounding down on the right side.
        delay_s = ((blocks * block + controls["at_offset"] + 0.25) / u.SampleRate.ir()).clip(0.0, 1.0)
        maximum_s = u.ControlDur.ir() + EXACT_DELAY_S
        signal = [u.DelayN.ar(source=channel, maximum_delay_time=maximum_s, delay_time=delay_s) for channel in signal]
        rest_s = delay_s + u.ControlDur.ir() * 2
        end = u.TDelay.kr(source=end, duration=rest_s)
        longest = longest + rest_s
    u.FreeSelf.kr(trigger=end)
    gain: Any = u.EnvGen.kr(
        envelope=u.Envelope([1.0, 1.0, 0.0], [longest, _FADE_S], [0.0, 0.0]),
        gate=controls["gate"],  # below -1 it ends the voice early, with a ramp: how the engine steals
        done_action=DoneAction.FREE_SYNTH,
    )
    if not recipe.owns("amp"):
        gain = gain * controls["amp"]
    if recipe.owns("pan"):
        stereo: Any = [channel * gain for channel in signal]
    elif len(signal) == 1:
        stereo = u.Pan2.ar(source=signal[0], position=controls["pan"], level=gain)
    else:
        stereo = u.Balance2.ar(left=signal[0], right=signal[1], position=controls["pan"], level=gain)
    if exact:
        u.Out.ar(bus=controls["out"], source=list(stereo))
    else:
        u.OffsetOut.ar(bus=controls["out"], source=list(stereo))
    return len(signal)


def _effect(recipe: Recipe, controls: dict[str, Any]) -> int:
    dry = u.In.ar(bus=controls["out"], channel_count=2)
    returned = recipe.function(dry, **{name: controls[name] for name in recipe.parameters})
    wet = _channels(recipe, returned)
    fade: Any = u.EnvGen.kr(
        envelope=u.Envelope([0.0, 1.0, 0.0], [_FADE_S, _FADE_S], [0.0, 0.0], release_node=1),
        gate=controls["gate"],
        done_action=DoneAction.FREE_SYNTH,
    )
    share = fade if recipe.owns("mix") else fade * controls["mix"]
    pairs = zip(dry, wet * 2 if len(wet) == 1 else wet, strict=True)
    u.ReplaceOut.ar(bus=controls["out"], source=[before + (after - before) * share for before, after in pairs])
    return len(wet)


def _channels(recipe: Recipe, returned: object) -> list[Any]:
    """What a function returned as one or two audio-rate outputs."""
    flat = list(_flattened(returned))
    if returned is None:
        raise SynthDefError(f"{recipe.name} returns nothing", hint="return a signal")
    for channel in flat:
        if not isinstance(channel, OutputProxy):
            kind = type(channel).__name__
            raise SynthDefError(f"{recipe.name} returns {kind}, not a signal", hint="return what a UGen's .ar() gave")
        if channel.calculation_rate.token != "ar":
            raise SynthDefError(
                f"{recipe.name} returns a signal of rate {channel.calculation_rate.token}",
                hint="return an audio-rate signal (.ar)",
            )
    if len(flat) not in (1, 2):
        raise SynthDefError(
            f"{recipe.name} returns {len(flat)} channels", hint="return one or two; .mix() or .sum() folds many"
        )
    return flat


def _flattened(value: object) -> Sequence[object]:
    if isinstance(value, OutputProxy):
        return [value]
    if isinstance(value, UGen | UGenVector | list | tuple):
        return [leaf for item in value for leaf in _flattened(item)]
    if isinstance(value, UGenOperable):
        return [value]
    return [value]


def _refuse_own_freeing(recipe: Recipe, graph: scgf.Graph) -> None:
    """Refuses a voice that frees itself beside the framework: it would cut the exact variant's tail."""
    own = 1 if recipe.kind == "effect" else 2  # the framework's: the gate, or the end and the longest time
    if len(checks.freeing_units(graph)) > own:
        raise SynthDefError(
            f"{recipe.name} frees or pauses itself",
            hint="leave done_action and FreeSelf out; mark the end with until(...), percussive(...) or held(...)",
        )
