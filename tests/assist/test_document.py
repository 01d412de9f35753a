"""Documentation at the cursor and by name."""

import pytest

from marmalade_sc.assist import Words, document, page_of, question, signature_at


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ('d1 >> s("bd").ev|ery(4, fast(2))', "every"),
        ('d1 >> s("bd").every(4, fa|st(2))', "fast"),
        ('d1 >> s("bd").every(4, |', "every"),
        ("hu|sh()", "hush"),
        ("d1.fa|de(-20)", "d1.fade"),
        ("clock.bp|m = 120", "clock.bpm"),
        ('b1 >> ba|ss("0 3")', "bass"),
        ('b1 >> bass("0 3", cut|off=900)', "bass.cutoff"),
        ('b1 >> bass("0 3", sca|le="minor")', "scale"),
        ('b1 >> bass("0 3", scale="mi|nor")', "minor"),
        ('d1 >> s("b|d*2 sn")', "bd"),
        ('d1 >> s("bd*|2 sn")', "*"),
        ('d1 >> s("bd |~ sn")', "~"),
        ('d1 >> s("<|bd sn>")', "bd"),
        ('d1 >> s("tabla:|3")', "tabla"),
        ('note("c\'ma|j7")', "maj7"),
        ('chord("A|m7")', "m7"),
        ('config("tempo.|bpm")', "tempo.bpm"),
        ("d1.fx = lp|f(900)", "lpf"),
        ("sh|ift(beat)", "shift"),
        ("d|1 >> x", "d1"),
        ("d1.fad|", "d1.fade"),
        ("sometim|", "sometimes"),
    ],
)
def test_what_stands_at_the_cursor_is_explained(code: str, title: str, words: Words) -> None:
    position = code.index("|")
    page = document(code.replace("|", "", 1), position, words)
    assert page is not None
    assert page.title == title


def test_nothing_is_known_of_nothing(words: Words) -> None:
    assert document("", 0, words) is None
    assert document("# every", 4, words) is None
    assert document("unknown", 3, words) is None


@pytest.mark.parametrize(
    "name",
    [
        *("every", "range", "bass", "bass.cutoff", "bd", "d1.fade", "fade", "clock.bpm", "bpm", "jam.record", "minor"),
        *("maj7", "tempo.bpm", "*", "<>", "( )", "notation", "pitfalls", "scales", "chords", "shell", "settings"),
        *("commands", "marmalade render", "controls", "sounds", "undo", "scene", "tutorial", "help", "beat", "tabla"),
    ],
)
def test_everything_has_a_page(name: str, words: Words) -> None:
    page = page_of(name, words)
    assert page is not None
    assert page.doc
    assert repr(page) == page.text()


def test_a_voice_shows_its_controls(words: Words) -> None:
    page = page_of("bass", words)
    assert page is not None
    assert "cutoff" in page.doc and "700 Hz, 40 to 18000" in page.doc


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("every?", "every"),
        ("d1?", "d1"),
        ("d1 ?", "d1"),
        ("clock.bpm?", "clock.bpm"),
        ('d1 >> s("bd").every?', "every"),
        ("*?", "*"),
        ('d1 >> s("bd?', None),
        ('d1 >> s("bd?")', None),
        ("every", None),
        ("a\nb?", None),
        ("# really?", None),
        ("?", None),
        ("x = 3 ??", None),
    ],
)
def test_a_question_mark_at_the_end_asks(code: str, name: str | None) -> None:
    assert question(code) == name


@pytest.mark.parametrize(
    ("code", "argument"),
    [
        ('s("bd").every(4, |', "change"),
        ('s("bd").every(|', "cycles"),
        ('s("bd").euclid(3, 8, |', "rotation=0"),
        ("hush(d1, d2, |", "fade=0.02"),
        ('bass("0", cutoff=|', "cutoff"),
        ("clock.ramp(140, |", "bars=4"),
        ('stack(s("bd").fast(|', "factor"),
        ("lpf(900, |", "mix"),
    ],
)
def test_the_argument_of_the_cursor_is_named(code: str, argument: str, words: Words) -> None:
    found = signature_at(code.replace("|", ""), code.index("|"), words)
    assert found is not None
    assert found.text[found.start : found.end] == argument
    assert found.doc


def test_outside_of_calls_there_is_no_signature(words: Words) -> None:
    assert signature_at("d1", 2, words) is None
    assert signature_at('s("bd")', 7, words) is None
