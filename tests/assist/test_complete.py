"""Completion: what is offered where; `|` is the cursor, `¦` a plain bar."""

import ast

import pytest

from marmalade_sc.assist import Completion, Words, complete
from marmalade_sc.sdk.instruments import Orchestra
from tests.assist.words import BANKS, NAMES, ROWS


def offered(code: str, words: Words) -> list[Completion]:
    position = code.index("|")
    return complete(code.replace("|", "", 1).replace("¦", "|"), position, words)[1]


def texts(code: str, words: Words) -> list[str]:
    return [each.text for each in offered(code, words)]


def applied(code: str, words: Words, number: int = 0) -> str:
    """The code after the completion was taken."""
    position = code.index("|")
    code = code.replace("|", "", 1).replace("¦", "|")
    start, found = complete(code, position, words)
    return code[:start] + found[number].text + code[position:]


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ("hu|", ["hush"]),
        ("ta|", ["tabla"]),
        ('tabla("0").re|', ["rev"]),
        ("tabla(bu|", ["buf="]),
        ("ev|", ["every"]),
        ("be|", ["beat"]),
        ("d|", ["d1"]),
        ("cl|", ["clock"]),
        ("d1.fa|", ["fade", "xfade"]),
        ("d1.at('4 bars').|", []),
        ("new9.mu|", ["mute", "unmute"]),
        ("clock.b|", ["bpm", "bar", "beats_per_bar"]),
        ("jam.st|", ["start", "stop_recording"]),
        ("scene.|", ["save", "next", "previous", "list"]),
        ("tutorial.n|", ["next"]),
        ('s("bd").ev|', ["every"]),
        ('s("bd")\nd1.|', ["at", "xfade"]),
        ("beat.re|", ["rev"]),
        ("sine(4).ra|", ["range"]),
        ('stack(s("bd"), s("hh")).sl|', ["slow"]),
        ('voice("bass")("0 3").arp|', ["arp"]),
        ('bass("0").fast(2).vo|', ["voicing"]),
        ('"text".|', []),
        ("3.|", []),
        ("# d|", []),
        ('bass("0", cu|', ["cutoff="]),
        ('bass("0", sca|', ["scale="]),
        ('bass("0").set(cut|', ["cutoff="]),
        ('s("kick*2").set(tu|', ["tune="]),
        ("lpf(|", ["cutoff=", "mix="]),
        ("hush(fa|", ["fade="]),
        ("clock.ramp(140, ba|", ["bars="]),
        ("mute(|", ["b1", "d1"]),
        ("d1.send(|", ["b1=", "d1="]),
        ("shift(beat, b|", ["by="]),
        ('s("bd").every(4, |', ["fast", "slow"]),
        ("d1.fx = |", ["lpf", "reverb"]),
        ("d1.fx = lpf(900) ¦ re|", ["reverb"]),
        ("d1 >> |", ["beat", "shift"]),
        ("d1 >> ba|", ["bass"]),
        ("bass.cut|", ["cutoff = "]),
        ("ba|", ["back"]),
        ('bass("0", cutoff=|', ["700", "sine(4).range(40, 18000)"]),
        ('bass("0", scale=mi|', ['"minor"']),
    ],
)
def test_in_code(code: str, begins: list[str], words: Words) -> None:
    found = texts(code, words)
    assert set(begins) <= set(found[: len(begins) + 1])
    assert begins or not found


@pytest.mark.parametrize(
    ("code", "begins"),
    [
        ('d1 >> s("|', ["bd", "kick", "sn"]),
        ('d1 >> s("bd ~ s|', ["sn", "snare"]),
        ('d1 >> s("bd [ta|', ["tabla"]),
        ('d1 >> s("tabla:|', ["0", "1", "2"]),
        ('d1 >> s("tabla:1|', ["1", "10", "11"]),
        ('s("sn").set(s="k|', ["kick"]),
        ('x = "ta|', ["tabla"]),
        ("bass(\"c'maj|", ["maj"]),
        ("bass(\"c'maj7'|", ["i", "ii", "o"]),
        ('note("e|', ["e", "ef"]),
        ('bass("0", root="a|', ["a", "af"]),
        ('bass("0", scale="mi|', ["minor", "mixolydian"]),
        ('bass("0", scale="a4:dor|', ["dorian"]),
        ('n("0 2").scale("<minor dor|', ["dorian"]),
        ('chord("Am7 D|', ["D", "Dmajor"]),
        ('chord("<Bbmaj|', ["Bbmaj"]),
        ('n("0 2").arp("d|', ["down", "downup"]),
        ('d1.at("2|', ["2 bars", "2 beats"]),
        ('scene("|', ["verse", "chorus"]),
        ('scene.save("v|', ["verse"]),
        ('scene("verse", at="4|', ["4 bars"]),
        ('load("f|', ["friday"]),
        ('save("f|', ["friday"]),
        ('jam.start("re|', ["rehearsal"]),
        ('jam.record("|', ["take.wav", "older/"]),
        ('jam.record("older/t|', ["older/tone.wav", "older/toys.wav"]),
        ('config("tempo.b|', ["tempo.bpm", "tempo.beats_per_bar"]),
        ('config("audio.driver", "|', ["auto", "jack"]),
        ('voice("ba|', ["bass"]),
        ('help("pitf|', ["pitfalls"]),
        ('print("b|', []),
        ('d1.gain("b|', []),
        ('fast("<2 |', []),
    ],
)
def test_in_texts(code: str, begins: list[str], words: Words) -> None:
    found = [each.text for each in offered(code, words) if each.kind != "operator" or "'" in code]
    assert found[: len(begins)] == begins or set(found[: len(begins)]) == set(begins)
    assert begins or not found


def test_only_the_step_under_the_cursor_is_replaced(words: Words) -> None:
    assert applied('d1 >> s("bd*2 [sn tab|] hh").fast(2)', words) == 'd1 >> s("bd*2 [sn tabla] hh").fast(2)'
    assert applied('b1 >> bass("c e\'min| g")', words) == 'b1 >> bass("c e\'min g")'
    assert applied('b1 >> bass("0", scale="a4:dor|")', words) == 'b1 >> bass("0", scale="a4:dorian")'
    assert applied('stack(\n  s("bd"),\n  s("tab|")\n)', words) == 'stack(\n  s("bd"),\n  s("tabla")\n)'


def test_controls_have_unit_range_default_and_are_marked_when_given(words: Words) -> None:
    found = {each.text: each for each in offered('bass("0 3", |, cutoff=900)', words)}
    assert "700 Hz, 40 to 18000" in found["cutoff="].meta
    assert found["cutoff="].meta.startswith("given")
    assert "where it rests" in found["cutoff="].doc.lower()
    order = list(found)
    assert order.index("amp=") < order.index("cutoff=")


def test_a_word_of_the_notation_is_followed_by_marks_with_their_meaning(words: Words) -> None:
    found = {each.text: each for each in offered('s("bd|', words)}
    assert list(found)[0] == "bd"
    assert {"bd*2", "bd(3,8)", "bd?"} <= set(found)
    assert "Faster" in found["bd*2"].meta
    assert "*2" in texts('s("<bd sn>|', words)


def test_marks_stand_alone_where_no_step_is(words: Words) -> None:
    assert {"~", "[", "<"} <= set(texts('s("bd |', words))


def test_a_bracket_that_an_earlier_line_left_open_is_forgotten(words: Words) -> None:
    """One slip must not spoil the completion of everything below it."""
    assert texts('d1 >> s("bd"\nd2.so|', words)[:2] == ["solo", "unsolo"]
    assert texts('d1 >> s("bd\nclock.bp|', words)[:1] == ["bpm"]


def test_prefixes_come_before_letters_that_are_spread(words: Words) -> None:
    found = texts('n("0").scale("mm|', words)
    assert found
    found = texts("re|", words)
    begins = [text.startswith("re") for text in found]
    assert begins == sorted(begins, reverse=True)


def test_every_completion_has_its_documentation(words: Words) -> None:
    for code in ("|", 's("|', 'bass("0", |', "d1.|", 's("bd").|', 'bass(scale="|', 'config("|'):
        assert all(each.doc and each.kind for each in offered(code, words))


def test_behind_a_track_comes_what_can_sound() -> None:
    """A module that was imported, a time in seconds and the tracks themselves stood before all instruments."""
    rows = [
        {"name": name, "kind": kind, "signature": "", "doc": ""} for name, kind in (("time", "module"), ("t0", "value"))
    ]
    mine = Words.of(orchestra=Orchestra.from_rows(ROWS, BANKS), names={**NAMES, "names": [*NAMES["names"], *rows]})
    _, found = complete("d1 >> ", 6, mine)
    texts = [each.text for each in found]
    assert texts.index("beat") < texts.index("bass") < min(texts.index(each) for each in ("time", "t0", "d1"))


@pytest.mark.parametrize(
    "code", ["d1 >> |", "stack(|)", 'bass("0", |)', "lpf(|)", "mute(|)", 'bass("0", scale=|)', 'bass("0", cutoff=|)']
)
def test_every_completion_can_stand_there(code: str, words: Words) -> None:
    """What Tab writes must be Python."""
    for each in offered(code, words):
        if each.kind != "python":
            text = each.text + "1" if each.text.endswith("=") else each.text
            ast.parse(code.replace("|", text))
