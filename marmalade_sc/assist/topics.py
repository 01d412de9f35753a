"""Pages that belong to no name in code: the notation, its operators, pitfalls, ways around the shell."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from marmalade_sc.assist.page import Page

__all__ = ["COMMANDS", "GRIDS", "OPERATORS", "PYTHON", "RELATED", "TOPICS", "Operator"]

Operator = tuple[str, str, str, str]

OPERATORS: Final[tuple[Operator, ...]] = (
    # name, what completion writes behind a step ("" where it stands alone), what it means, an example
    ("~", "", "A rest. `-` is one, too, between words.", 's("bd ~ sn ~")'),
    ("[ ]", "", "A step made of steps; they share its time. [] is silence.", 's("[bd sn] hh")'),
    ("< >", "", "One step per bar, in turn.", 's("bd <sn cp>")'),
    (",", "", "At the same time, in any bracket.", 's("bd*2, hh*8")'),
    ("{ }", "", "Sequences of different length at one rate; {a b c}%4 is four steps per bar.", 's("{bd sn hh}%4")'),
    ("*", "*2", "Faster: bd*2 is two in the time of one. Also *1.5, *<2 3>, *3%2.", 's("bd*2 hh*4")'),
    ("/", "/2", "Slower: bd/2 comes in every second bar.", 's("bd cp/2")'),
    ("( )", "(3,8)", "Hits spread evenly: (3,8) is 3 over 8 steps, (3,8,2) turned left by 2.", 's("bd(3,8)")'),
    ("?", "?", "Dropped by chance, one time in two; ?0.3 three times in ten.", 's("hh*8?0.3")'),
    ("!", "!2", "Repeated as steps of their own: bd!3 is bd bd bd.", 's("bd!3 sn")'),
    ("@", "@2", "Longer: bd@3 takes three steps. Underscores do the same: bd _ _.", 's("bd@3 sn")'),
    ("_", "", "Makes the step before it one step longer.", 's("bd _ _ sn")'),
    (":", ":1", "Which sound of the bank: bd:3 is the fourth, counted round.", 's("bd:3 bd:<0 1>")'),
    ("|", "", "One of several in each bar, by chance.", 's("[bd | sn cp]")'),
    ("..", "", "In numbers and notes: counts from one to the other.", 'n("0 .. 7").scale("minor").set(s="pluck")'),
    (".", "", "With spaces around it, feet: a b . c d is [a b] [c d].", 's("bd sn . hh hh hh")'),
    ("'", "", "In notes: a chord, c'maj7; then i inverts, o opens, d1 drops, a number says how many notes.",
     "note(\"c'maj7 e'min7'i\").set(s=\"pluck\")"),
    ("%", "", "With braces: how many steps per bar. In a number: a fraction, 1%3.", 's("{bd sn hh}%4")'),
    ("^", "", "^name is the value of a control.", ""),
)  # fmt: skip

GRIDS: Final = ("1 bar", "2 bars", "4 bars", "8 bars", "16 bars", "1 beat", "2 beats", "now")

COMMANDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "shell": "Play: start or join the player and open the prompt. The default.",
        "play": "Play a set without a terminal.",
        "send": "Evaluate a block in the player that runs, for editors.",
        "lights": "Tell an editor which characters sound, when they are heard.",
        "render": "Render a set to a file, faster than it sounds.",
        "replay": "Play or render what a jam played.",
        "events": "Print the events of a pattern.",
        "job": "Render in the background, on any number of workers: submit, follow, fetch, cancel.",
        "score": "Read, check, list, render, export, import and play scores in the Alda language.",
        "synthdef": "Build, check and list synthdefs.",
        "jam": "Start, stop, list, switch, archive and delete jams.",
        "generator": "Pack, check, list, run and stop generators.",
        "state": "Show tags, their history, and who made what sounds.",
        "schedule": "Show, set and edit the jam's schedule.",
        "original": "Speak with players of the original Marmalade.",
        "peers": "Other players: who is there, whom you trust, what you play together.",
        "invite": "Print a text with which others join your jam.",
        "join": "Join the jam of an invite.",
        "key": "Show, make or change the key that says who you are.",
        "player": "Run, start, stop the player, or say how it is.",
        "config": "Show and change settings.",
        "doctor": "Say what was found, what is missing and how to get it.",
    }
)
"""Commands of the shell around us (`marmalade COMMAND`); a test holds them against the command line's own table."""

PYTHON: Final = (
    *("for", "in", "if", "else", "elif", "while", "def", "return", "lambda", "import", "from", "and", "or", "not"),
    *("True", "False", "None", "print", "range", "enumerate", "zip", "list", "dict", "len", "round", "sorted", "sum"),
    *("min", "max", "abs", "int", "float", "str"),
)
"""Words of Python that are worth completing while music is typed."""

RELATED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "random": ("chance", "dice", "probability"),
        "loud": ("level", "gain", "amp", "db"),
        "volume": ("level", "gain", "amp", "db"),
        "quiet": ("level", "gain", "silence", "hush"),
        "tempo": ("bpm",),
        "speed": ("faster", "bpm", "speed"),
        "reverse": ("backwards",),
        "repeat": ("repeated", "times"),
        "transition": ("fade", "xfade", "grid"),
        "mistake": ("error", "undo", "pitfalls"),
        "filter": ("lpf", "hpf", "bpf", "cutoff"),
        "lowpass": ("lpf",),
        "low": ("lpf",),
        "highpass": ("hpf",),
        "high": ("hpf",),
        "bandpass": ("bpf",),
        "pass": ("lpf", "hpf", "bpf"),
        "distortion": ("drive", "crush"),
        "overdrive": ("drive",),
        "bitcrusher": ("crush",),
        "space": ("reverb", "delay"),
        "echo": ("delay",),
        "stereo": ("pan", "left", "right"),
        "harmony": ("chord", "scale"),
        "stop": ("silence", "hush", "stop"),
    }
)
"""What people say for what our pages call otherwise."""

_PITFALLS = """Things that have caught others, and what to write instead.

`|` and `&` behind `>>`: d1 >> a | b is read by Python as (d1 >> a) | b. Write d1 >> stack(a, b), or put a comma inside
one text: s("bd*2, hh*8"). `+` is safe: d1 >> a + b is d1 >> (a + b).

A comma behind `>>`: d1 >> a, b is a row of two things, and only a plays. Write stack(a, b).

A text is no pattern: d1 >> "bd sn" does not say what it is. Write s("bd sn") or note("c e").

Names with a digit are tracks: d1, bass2 on the left of >> are made by themselves. Use names without a digit for your
own things (beat, melody), so that no track is in their way. A name of yours hides an instrument of the same name; `del
bass` brings it back at the next save of a synthdef.

`=` is not `>>`: d1 = s("bd") gives a name to a pattern and plays nothing.

A change lands at the next bar, not at once: d1.at("now") >> ... is at once.

Every text is read completely when you press Enter. A mistake in it shows its place, and nothing of the block happens;
what played plays on. A pattern that fails only while it plays is told once, and its last good version plays on.

A function without its parentheses is a function: every(4, rev) is right, for rev is what is to be done; s("bd").rev
without () is no pattern.

1/8 in Python is a number like any other, and means an eighth of a bar where bars are meant; inside a text write 1%8.

An instrument's first argument is the melody: bass("0 3") gives the times. cutoff="400 900" only changes values where
notes begin.

Numbers are degrees of a scale in an instrument, semitones in note(): bass("0 2") and note("0 2") differ. c5 is
middle C, an octave above the scientific name.

An endless loop is no harm: Ctrl-C ends the evaluation, the music goes on meanwhile."""

_NOTATION = """A text that says what happens in a bar. Steps stand side by side and share the bar equally.

{operators}

Modifiers may stand in any order and apply from left to right. The function that takes the text decides what its steps
are: s("...") reads words, note("...") notes, an instrument degrees and notes, fast("...") numbers."""


def notation_page() -> Page:
    """All of the notation on one page."""
    rows = "\n".join(f"  {name:<5} {doc}" for name, _, doc, _ in OPERATORS)
    return Page("notation", "", _NOTATION.format(operators=rows), ('s("bd(3,8) <sn cp>*2, hh*8?0.2")',))


TOPICS: Final[tuple[Page, ...]] = (
    Page("pitfalls", "", _PITFALLS, ('d1 >> stack(s("bd*2"), s("hh*8"))',)),
    Page(
        "tracks",
        "",
        "A track is any name of up to 12 small letters and 1 to 4 digits: d1, bass2, x10. The first >> makes it. The "
        "right\nside is a pattern; it plays for ever, from the next bar on, until another one takes its place. "
        'd1.mute(),\nd1.gain(-6), d1.fx = ... change its channel at once; d1.stop() ends it. help("fade") and the '
        "like have more.",
        ('d1 >> s("bd ~ sn ~, hh*8")', "d1.gain(-3)", "d1.stop()"),
    ),
    Page(
        "errors",
        "",
        "A mistake is told with its place and what to do; nothing of the block takes effect, and what played plays "
        "on.\nundo() takes back a change that was no mistake but not good either. hush() or F9 silences, panic() or "
        'F10 frees\neverything at once. help("pitfalls") has what catches most people.',
    ),
    Page(
        "chance",
        "",
        "Everything that is random here comes from a seed, the place in the text and the time: the same set plays the "
        "same\nagain, live and rendered. In a text: `?` drops steps, `|` chooses. Functions: degrade, sometimes, "
        "often,\nrarely. Signals: rand and perlin.",
        ('s("hh*8?0.3")', 's("hh*8").sometimes(.25, ply(2))', 's("hh*8").set(amp=rand.range(.1, .5))'),
    ),
    Page(
        "effects",
        "",
        "d1.fx = ... puts effects into a track's channel, a chain with | between them, up to 8. Values go to an "
        "effect's\ncontrols in their order, or by name; mix goes from 0 (dry) to 1 (wet). None takes them out.",
        ("d1.fx = drive(.3) | lpf(900)", "d1.fx = reverb(.6, mix=.4)", "d1.fx = None"),
    ),
)
