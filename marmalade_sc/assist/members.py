"""What tracks, clock, jam, scenes and the shell's own functions can do, as tables for completion and documentation.

A test holds them against what the live host binds, and evaluates every example.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["AT_THE_PROMPT", "FUNCTIONS", "HANDLES", "MEMBERS", "Row"]


@dataclass(frozen=True, slots=True)
class Row:
    """One name: how it is written, what it does, examples, and what a call of it gives."""

    signature: str
    doc: str
    examples: tuple[str, ...] = ()
    result: str = ""

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]


def _table(*rows: Row) -> tuple[Row, ...]:
    return rows


_TRACK = _table(
    Row(
        "at(grid)",
        'Where the next pattern lands: "4 bars", "2 beats", "now", or a number of bars. Without it: the next bar.',
        ('d1.at("4 bars") >> s("bd*8")', 'd1.at("now") >> s("hh*8")'),
        "placed",
    ),
    Row(
        "xfade(bars=4)",
        "Replaces the pattern gently: the old one goes while the new one comes, within `bars`.",
        ('d1.xfade(4) >> s("bd*8")', 'd1.at("4 bars").xfade(2) >> s("bd*8")'),
        "placed",
    ),
    Row(
        'undo(steps=1, at="1 bar")',
        "Takes back the latest change of this track, pattern and mix, from the next bar on, or at a stated grid.",
        ("d1.undo()",),
    ),
    Row('redo(steps=1, at="1 bar")', "Does again what was taken back.", ("d1.redo()",)),
    Row('back(steps=1, at="1 bar")', "The same as undo.", ("d1.back()",)),
    Row("mute()", "Goes on unheard.", ("d1.mute()",)),
    Row("unmute()", "Is heard again.", ("d1.unmute()",)),
    Row("solo()", "Hear only this track, and others that are soloed.", ("d1.solo()",)),
    Row("unsolo()", "Hear the others again.", ("d1.unsolo()",)),
    Row("gain(db)", "The level of the track in dB, -96 to 24; 0 leaves it as it is.", ("d1.gain(-6)",)),
    Row("pan(place)", "The place of the track, from -1 (left) to 1 (right).", ("d1.pan(-.5)",)),
    Row(
        "fade(db, seconds=4, bars=None)",
        "Brings the gain to `db` within so many seconds, or bars, at most 60 s.",
        ("d1.fade(-20, 8)", "d1.fade(0, bars=2)"),
    ),
    Row(
        "fx",
        "The inserted effects, a chain: set it, take it out with None. An effect's values go to its controls in their "
        "order, or by name.",
        ("d1.fx = lpf(900) | reverb(.3)", "d1.fx = None"),
        "effect",
    ),
    Row(
        "send(**levels)",
        "Sends a copy to other tracks' channels, levels in dB. The other track needs a pattern; silence() will do.",
        ("d1.send(r1=-12)",),
    ),
    Row(
        "group(track)",
        "Plays through another track's channel instead of straight to the master; None goes back.",
        ("d1.group(g1)", "d1.group(None)"),
    ),
    Row("stop(fade=0.02)", "Plays no more; the sound fades within `fade` seconds (to 10).", ("d1.stop(fade=4)",)),
    Row("hush(fade=0.02)", "The same as stop.", ("d1.hush()",)),
)

_CLOCK = _table(
    Row(
        "bpm",
        "Beats per minute. Set it: the new tempo begins at the next bar.",
        ("clock.bpm = 132", "print(clock.bpm)"),
    ),
    Row("bar", "The bar now, with its fraction. Bars count from 0.", ("print(clock.bar)",)),
    Row("beats_per_bar", "Beats in a bar, from the next bar on. Only to be set.", ("clock.beats_per_bar = 3",)),
    Row("ramp(bpm, bars=4)", "Goes to another tempo within `bars`, evenly.", ("clock.ramp(140, bars=16)",)),
    Row(
        "nudge(seconds)",
        "Plays all that follows later (or earlier, when negative), up to half a second, to meet others by ear.",
        ("clock.nudge(0.01)",),
    ),
    Row("pause()", "Lets musical time stand still; what sounds rings out.", ("clock.pause()",)),
    Row("play()", "Lets musical time go on from where it stood.", ("clock.play()",)),
)

_JAM = _table(
    Row(
        "start(name, bars=0)",
        "Plays the jam of that name; it is made where it is not there yet. What plays in this one ends; its generators "
        "are told, and have so many bars to finish.",
        ('jam.start("rehearsal")', 'jam.start("rehearsal", bars=4)'),
    ),
    Row("switch(name, bars=0)", "The same as start.", ('jam.switch("home")',)),
    Row(
        "record(path)",
        "Records what is heard, behind the master, to wav or flac, until jam.stop_recording(). Without a full path it "
        "goes to recordings/ in the player directory.",
        ('jam.record("take.flac")',),
    ),
    Row("stop_recording()", "Ends the recording.", ("jam.stop_recording()",)),
    Row(
        "pause()",
        "Lets time stand still at all players from a bar on; clock.pause() is for you alone.",
        ("jam.pause()",),
    ),
    Row("resume()", "Lets time go on at all players.", ("jam.resume()",)),
    Row(
        'play(name, track="", bars=None, seconds=None, **controls)',
        "Runs a generator in a strip of its own, or in that of a track, for so long or until it is stopped. "
        'g1 >> jam["drums"](density=.8) gives one to a track.',
        ('jam.play("drums", bars=16, density=.8)', 'g1 >> jam["drums"](density=.8)'),
    ),
    Row(
        'stop(name="", bars=0)',
        "Tells generators to end, within so many bars: those of a name, of a track, or all.",
        ('jam.stop("drums", bars=2)',),
    ),
    Row(
        'share(track, name="")',
        "Packs what a track plays as a generator of yours, with its helpers and synthdefs, signed, and lets the other "
        "players of the jam play it. Here it plays on as it is.",
        ('jam.share(b1, name="acid")',),
    ),
    Row(
        "unshare(name, bars=0)",
        "Ends at all players what you have shared under that name, within so many bars; your own track plays on.",
        ('jam.unshare("acid")', 'jam.unshare("acid", bars=2)'),
    ),
    Row(
        "mix(track, gain=None, pan=None)",
        "Sets how loud (-24 to +6 dB) and where a shared track is, at all players; without a name shows what is set.",
        ('jam.mix("acid", gain=-6, pan=0.3)', "jam.mix()"),
    ),
    Row(
        'trust(player="", level="sandbox")',
        "Says how far a player is trusted: block, ask, sandbox or full; without a name shows who waits for that.",
        ('jam.trust("zoe")', 'jam.trust("zoe", "block")', "jam.trust()"),
    ),
    Row(
        "asset(name, path)",
        "Gives a sound file a name at all players; an empty path takes it back.",
        ('jam.asset("vox", "takes/vox.wav")', 'jam.asset("vox", "")'),
    ),
    Row("assets()", "The sounds that all players have by name.", ("jam.assets()",)),
    Row("tags()", "All tags that generators have set: values, and who set them.", ("jam.tags()",)),
    Row(
        "history(name, most=20)",
        "What a tag was over time, the newest last. state:... names any series of the state.",
        ('jam.history("Context")', 'jam.history("state:players")'),
    ),
    Row(
        'denials(name="")',
        "What was refused to generators: to all, or to one by its name, instance or player.",
        ("jam.denials()", 'jam.denials("drums")'),
    ),
    Row("credits()", "Who made what is to be heard now.", ("jam.credits()",)),
    Row(
        "schedule(text=None, edit=False)",
        "Shows the schedule and where we are in it. With lines sets another one from the next bar on, or with "
        "edit=True changes those contexts, and nobody is moved.",
        ("jam.schedule()", 'jam.schedule("verse 8 -> drop", edit=True)'),
    ),
)

_SCENE = _table(
    Row("save(name)", "Keeps what all tracks play now, with their mix, under a name.", ('scene.save("verse")',)),
    Row('next(at="1 bar")', "Plays the scene behind the latest; after the last comes the first.", ("scene.next()",)),
    Row('previous(at="1 bar")', "Plays the scene before the latest.", ("scene.previous()",)),
    Row("delete(name)", "Forgets a scene.", ('scene.delete("verse")',)),
    Row("list()", "The names of all scenes, in order.", ("scene.list()",)),
)

_TUTORIAL = _table(
    Row("next()", "Shows the next lesson.", ("tutorial.next()",)),
    Row("previous()", "Shows the lesson before.", ("tutorial.previous()",)),
    Row(
        "run(number, lesson=None)",
        "Evaluates an example of the lesson where you are, by its number; or of another lesson.",
        ("tutorial.run(1, 1)",),
    ),
)

MEMBERS: Mapping[str, tuple[Row, ...]] = MappingProxyType(
    {"track": _TRACK, "clock": _CLOCK, "jam": _JAM, "scene": _SCENE, "tutorial": _TUTORIAL}
)
"""By kind of owner, what may follow a dot."""

HANDLES = _table(
    Row(
        "clock",
        "The jam's clock: tempo, meter, where we are. clock.bpm, clock.ramp, clock.pause ...",
        ("clock.bpm = 126", "clock.ramp(140, bars=16)"),
    ),
    Row(
        "jam",
        "The session that is played: change it, record it. jam.start, jam.record ...",
        ('jam.record("take.wav")',),
    ),
)
"""What stands for something without being called."""

FUNCTIONS = _table(
    Row(
        "hush(*tracks, fade=0.02)",
        "Silences the given tracks, or all, within `fade` seconds (to 10), echoes with them. Key: F9.",
        ("hush()", "hush(d1, fade=2)"),
    ),
    Row("panic()", "Forgets all that was planned and frees everything that sounds, at once. Key: F10.", ("panic()",)),
    Row("mute(*tracks)", "Mutes tracks: they go on unheard.", ("mute(d1, d2)",)),
    Row("unmute(*tracks)", "Lets tracks be heard again; all, when none is given.", ("unmute()",)),
    Row("solo(*tracks)", "Hear only these tracks.", ("solo(d1)",)),
    Row("unsolo(*tracks)", "Ends the solo of tracks, or of all.", ("unsolo()",)),
    Row("tracks()", "The names of all tracks.", ("tracks()",)),
    Row("synths()", "The names of everything that s() may say.", ("synths()",)),
    Row(
        'undo(*tracks, steps=1, at="1 bar")',
        "Takes back the latest change of tracks, or the latest of all: pattern and mix are as before from the next bar "
        "on.",
        ("undo(d1)", "undo()"),
    ),
    Row('redo(*tracks, steps=1, at="1 bar")', "Does again what undo took back.", ("redo(d1)",)),
    Row('back(steps=1, at="1 bar")', "Takes back so many changes, whichever tracks they were of.", ("back(2)",)),
    Row('only(*tracks, at="1 bar")', "Stops all other tracks at the next bar.", ("only(d1)",)),
    Row(
        'scene(name, at="1 bar")',
        "Plays a scene that was saved, all its tracks with their mix, at the next bar or a stated grid; others stop.",
        ('scene("verse")', 'scene("verse", at="4 bars")'),
    ),
    Row(
        "save(name, replace=False)",
        "Writes what plays to sets/<name>.py, to be loaded, played or rendered; `replace` writes over a file of yours.",
        ('save("friday")',),
    ),
    Row(
        "load(name)",
        "Evaluates sets/<name>.py: what it saved plays from the next bar on, and nothing else.",
        ('load("friday")',),
    ),
    Row(
        "players()",
        "Shows who is in the jam: how you trust each, how far its clock is off, what it plays.",
        ("players()",),
    ),
    Row(
        'chat(text="")',
        "Says something to all players of the jam; without a text, shows what was said lately.",
        ('chat("from the top")', "chat()"),
    ),
    Row(
        'vote(question="", choice=None)',
        "Votes with all players: what more than half of those want who are there is done. Alone it shows what goes on.",
        ('vote("tempo", 132)', 'vote("transport", "pause")', 'vote("encore", "yes")', "vote()"),
    ),
    Row(
        'score(text, begin=None, end=None, tempo="jam", loop=True, extended=False)',
        "A score in the Alda language, or a file of one, as a pattern that begins where it lands. song.play() gives "
        'each part a track of its own; d1.at("end") and d1.at("%marker") wait for a place in what plays.',
        ('d1 >> score("bass: o2 c8 d e f")', 'd1.at("end") >> score("bass: o2 c8 d e f", tempo="own")'),
    ),
    Row(
        'alda(text="")',
        "A score line by line: each goes on where the one before ended, and sounds at the next beat. alda.text, "
        "alda.save(file), alda.new().",
        ('alda("bass: o2 c d e")', 'alda("f g a")'),
    ),
    Row("restore()", "Brings back what played when the last session ended or crashed.", ("restore()",)),
    Row(
        "config(key=None, value=None, unset=False)",
        "Shows all settings, or one; with a value, writes it after a check; with unset=True, its default again.",
        ("config()", 'config("tempo.bpm")', 'config("tempo.bpm", 130)', 'config("tempo.bpm", unset=True)'),
    ),
    Row(
        "help(name=None)",
        "Documentation of a name, of a thing, or of a topic. At a line's end a question mark does the same: every?",
        ("help()", 'help("every")', "help(bass)", 'help("pitfalls")'),
    ),
    Row("search(text)", "All pages of the documentation that have these words.", ('search("random")',)),
    Row(
        "tutorial(number=None)",
        "Shows the lesson where you are, or another one. tutorial.next() goes on.",
        ("tutorial()", "tutorial(3)"),
    ),
)
"""Functions that are no part of the pattern language."""

AT_THE_PROMPT = _table(
    Row(
        "watch(path=None)",
        "Evaluates a file whenever another editor saves it: all of it at first, then what has changed. Without a path "
        "it stops. At the prompt only.",
        ('watch("set.py")', "watch()"),
    ),
    Row(
        "history(text=None)",
        "What was typed before, the newest that has the text, with time and jam. At the prompt only.",
        ('history("bass")',),
    ),
)
"""Words that the shell itself understands, when they are all that is typed."""
