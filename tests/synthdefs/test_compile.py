"""A file becomes two variants with the promised controls; mistakes name their file and line."""

import subprocess
import sys
from pathlib import Path

import pytest
from supriya.ugens.core import decompile_synthdefs

from marmalade_sc.errors import SynthDefError
from marmalade_sc.synthdefs import scgf
from marmalade_sc.synthdefs.compile import Built, build_source

HEAD = (
    """
from supriya.ugens import *
""".replace("import *", "import In, Line, Pan2, SinOsc, WhiteNoise")
    + ("from marmalade_sc.synthdefs import control, held, percussive, synthdef, until\n")
)


def build(body: str, name: str = "voice") -> Built:
    return build_source(HEAD + body, Path(f"{name}.py"))


def units(built: Built, variant: int = 0) -> list[str]:
    return [unit.name for unit in scgf.read(built.data)[variant].units]


def test_controls_keep_their_declared_order_and_the_framework_s_come_last() -> None:
    """The dispatcher sends values by index: one that moves plays the pitch as the level."""
    built = build(
        """
@synthdef(zeta=control(1.0), freq=control(440.0, "Hz", 20, 20000), pan=control(0.5, "", -1, 1), alpha=control(0.25))
def voice(alpha, zeta, freq):
    return SinOsc.ar(frequency=freq * zeta) * alpha
"""
    )
    names = ["zeta", "freq", "pan", "alpha", "amp", "sustain", "out", "at_block", "at_offset"]
    names += ["random_id", "random_seed", "gate"]
    for graph, synthdef in zip(scgf.read(built.data), decompile_synthdefs(built.data), strict=True):
        assert [name for name, _ in graph.parameters] == names
        assert [index for _, index in graph.parameters] == list(range(len(names)))
        assert graph.defaults[:5] == (1.0, 440.0, 0.5, 0.25, 0.5)
        assert {name: index for name, (_, index) in synthdef.parameters.items()} == dict(
            zip(names, range(12), strict=True)
        )
    assert [built.definition.index(name) for name in names] == list(range(12))
    assert built.definition.defaults() == (1.0, 440.0, 0.5, 0.25, 0.5, 0.25)


def test_each_version_has_its_own_wire_names() -> None:
    one = build("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=440)\n")
    two = build("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=441)\n")
    assert one.definition.hash != two.definition.hash
    assert one.definition.wall == f"voice.{one.definition.hash}.w"
    assert one.definition.exact == f"voice.{one.definition.hash}.x"
    assert [graph.name for graph in scgf.read(one.data)] == [one.definition.wall, one.definition.exact]


def test_the_same_text_compiles_to_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    """Renders are compared byte for byte, and players by hash."""
    body = "@synthdef()\ndef voice():\n    return (SinOsc.ar(frequency=[440, 441]).sum() * WhiteNoise.ar()).tanh()\n"
    code = (
        "import sys; from pathlib import Path; from marmalade_sc.synthdefs.compile import build_source\n"
        "print(build_source(sys.stdin.read(), Path('voice.py')).definition.hash)"
    )
    run = subprocess.run([sys.executable, "-c", code], input=HEAD + body, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == build(body).definition.hash


def test_chance_is_seeded_before_anything_draws() -> None:
    built = build("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=WhiteNoise.kr() * 9) * WhiteNoise.ar()\n")
    assert built.definition.random
    for variant in (0, 1):
        assert units(built, variant)[:3] == ["Control", "RandID", "RandSeed"]
        graph = scgf.read(built.data)[variant]
        assert graph.units[1].inputs[0] == (0, built.definition.index("random_id"))
        assert graph.units[2].inputs[1] == (0, built.definition.index("random_seed"))


@pytest.mark.parametrize("expression", ["SinOsc.ar(frequency=9).rand()", "SinOsc.ar(frequency=9).rand_range(2)"])
def test_random_operators_count_as_chance(expression: str) -> None:
    assert build(f"@synthdef()\ndef voice():\n    return {expression}\n").definition.random


def test_what_draws_nothing_is_not_seeded() -> None:
    """A seed sent for such a voice would take a generator from one that needs it."""
    built = build("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=440).distort()\n")
    assert not built.definition.random and "RandID" not in units(built)


def test_the_wall_variant_ends_in_offsetout_and_the_exact_one_is_delayed() -> None:
    built = build("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=440)\n")
    assert units(built, 0).count("OffsetOut") == 1 and "DelayN" not in units(built, 0)
    assert units(built, 1).count("DelayN") == 1, "one delay before panning: 16 KB less for each voice"
    assert "Out" in units(built, 1) and "TDelay" in units(built, 1)


def test_level_and_place_are_applied_once() -> None:
    """amp twice would make 0.5 sound as 0.25."""
    by_us = build("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=440)\n")
    by_author = build(
        "@synthdef()\ndef voice(amp, pan):\n    return Pan2.ar(source=SinOsc.ar(frequency=440) * amp, position=pan)\n"
    )
    for built, factor in ((by_us, 1), (by_author, 1)):
        graph = scgf.read(built.data)[0]
        readers = [u for u in graph.units if (0, built.definition.index("amp")) in u.inputs]
        assert len(readers) == factor
        assert units(built).count("Pan2") == 1
    assert by_us.definition.channels == 1 and by_author.definition.channels == 2


def test_a_function_without_an_envelope_is_held_for_its_sustain() -> None:
    built = build("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=440)\n")
    assert units(built).count("EnvGen") == 2, "one that shapes, one that guards"
    assert units(built).count("FreeSelf") == 1


def test_several_envelopes_end_the_voice_together() -> None:
    built = build(
        "@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=440) * percussive() * percussive(0.1, 2)\n"
    )
    assert units(built).count("Done") == 2


def test_a_line_can_end_a_voice() -> None:
    built = build(
        "@synthdef()\ndef voice(sustain):\n"
        "    return SinOsc.ar(frequency=440) * until(Line.ar(start=1, stop=0, duration=sustain))\n"
    )
    assert units(built).count("Done") == 1 and units(built).count("EnvGen") == 1


def test_a_voice_that_reads_a_bus_has_no_exact_variant() -> None:
    built = build("@synthdef()\ndef voice():\n    return In.ar(bus=4, channel_count=2)\n")
    assert built.definition.exact is None and len(scgf.read(built.data)) == 1


def test_an_effect_replaces_its_bus_and_has_a_mix_and_a_gate() -> None:
    built = build(
        '@synthdef(kind="effect", drive=control(1.0, "", 1, 9))\n'
        "def voice(signal, drive):\n    return (signal * drive).tanh()\n"
    )
    assert built.definition.exact is None and built.definition.kind == "effect"
    names = [name for name, _ in scgf.read(built.data)[0].parameters]
    assert names == ["drive", "mix", "out", "at_block", "at_offset", "random_id", "random_seed", "gate"]
    assert "ReplaceOut" in units(built)


@pytest.mark.parametrize(
    ("body", "line", "words"),
    [
        ("@synthdef()\ndef voice()\n    pass\n", 5, "not Python"),
        ("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=1 / 0)\n", 6, "ZeroDivisionError"),
        ("@synthdef()\ndef voice():\n    return SinOsc.ar(pitch=1)\n", 6, "TypeError"),
        ("@synthdef()\ndef voice():\n    pass\n", 4, "returns nothing"),
        ("@synthdef()\ndef voice():\n    return 'sound'\n", 4, "returns str"),
        ("@synthdef()\ndef voice():\n    return SinOsc.kr(frequency=1)\n", 4, "rate kr"),
        ("@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=[1, 2, 3])\n", 4, "3 channels"),
        ("@synthdef(freq=control(440.0, 'Hz', 20, 20000))\ndef voice(frec):\n    return 0\n", 4, "'frec'"),
        ("@synthdef(freq=control(440.0, 'Hz', 20, 20000))\ndef voice():\n    return 0\n", 4, "not taken"),
        ("@synthdef(freq=control(440.0, 'Hz', 20, 200))\ndef voice(freq):\n    return 0\n", 4, "outside its range"),
        ("@synthdef(freq=control(1.0, '', 2, 1))\ndef voice(freq):\n    return 0\n", 4, "above high"),
        ("@synthdef(freq=control(float('nan')))\ndef voice(freq):\n    return 0\n", 4, "finite"),
        ("@synthdef(freq=control('high'))\ndef voice(freq):\n    return 0\n", 4, "finite"),
        ("@synthdef(freq=440)\ndef voice(freq):\n    return 0\n", 4, "not a control"),
        ("@synthdef(out=control(1.0))\ndef voice(out):\n    return 0\n", 4, "belongs to the framework"),
        ("@synthdef(tail=-1)\ndef voice():\n    return 0\n", 4, "tail"),
        ("@synthdef(kind='sampler')\ndef voice():\n    return 0\n", 4, "first control of a sampler"),
        ("@synthdef(kind='effect')\ndef voice(freq):\n    return 0\n", 4, "first parameter of an effect"),
        ("@synthdef(kind='choir')\ndef voice():\n    return 0\n", 4, "kind"),
        ("@synthdef(aliases=('B D',))\ndef voice():\n    return 0\n", 4, "not allowed"),
        ("@synthdef()\ndef other():\n    return 0\n", 4, "defines the synthdef other"),
        ("x = 1\n", 1, "defines 0 synthdefs"),
        ("@synthdef()\ndef voice(pan):\n    return SinOsc.ar(frequency=1)\n", 4, "one channel"),
        ("def f(): return f()\nf()\n", 4, "without end"),
        ("held(1)\n", 4, "only inside"),
        (
            "@synthdef()\ndef voice():\n    return SinOsc.ar(frequency=9) * Line.kr(start=1, stop=0, done_action=2)\n",
            4,
            "frees or pauses itself",
        ),
    ],
)
def test_mistakes_name_their_file_and_line(body: str, line: int, words: str) -> None:
    with pytest.raises(SynthDefError) as caught:
        build(body)
    assert words in caught.value.message
    where = caught.value.where
    assert where is not None and where.source == "voice.py" and where.line == line
    assert where.text == (HEAD + body).splitlines()[line - 1]
