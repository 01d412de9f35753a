"""Evaluation: names, tracks, errors with their place; a block counts whole or not at all."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from marmalade_sc.errors import (
    ControlError,
    EvaluationError,
    MarmaladeError,
    NotationError,
    UnknownNameError,
    UsageError,
)
from marmalade_sc.live.operations import Grid, Hush, Nudge, Ramp, Replace, SetMix, Tempo, Transport
from marmalade_sc.live.session import Session
from marmalade_sc.scores.language import score
from tests.live_package.stage import Stage, orchestra


@pytest.fixture
def session() -> Session:
    return Stage().session


def fails(session: Session, code: str) -> Any:
    with pytest.raises(UsageError) as raised:
        session.evaluate(code)
    return raised.value


def carets(error: UsageError) -> str:
    """The text under the caret."""
    where = error.where
    assert where is not None
    return where.text[where.column - 1 : where.column - 1 + where.length]


# Values and names


def test_the_last_expression_is_the_value(session: Session) -> None:
    assert session.evaluate("x = 3\nx * 2").value == "6"
    assert session.evaluate("x + 1").value == "4"
    assert session.evaluate("x = 5").value == ""
    assert session.evaluate("None").value == ""
    assert session.evaluate("").value == ""


def test_a_long_value_is_cut(session: Session) -> None:
    assert len(session.evaluate("'x' * 10**6").value) < 10_100


def test_a_function_without_its_brackets_says_that_it_was_not_called(session: Session) -> None:
    """`hush` alone does nothing; an address in memory says nothing to a musician."""
    assert session.evaluate("hush").value == "hush is a function: hush() calls it"
    assert session.evaluate("def mine(): pass\nmine").value == "mine is a function: mine() calls it"


def test_the_place_of_a_mistake_is_in_what_was_sent(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPython looks for the line in a file of that name; an editor sends what has not been saved yet."""
    (tmp_path / "set.py").write_text("x\ny\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as caught:
        session.evaluate('# c\nd1 >> s("bd*2"\n', "set.py")
    where = caught.value.where
    assert where is not None and (where.source, where.line, where.column) == ("set.py", 2, 8)


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("bass.cutoff *= 2", "bass has no 'cutoff'", "bass(..., cutoff=...)"),
        ("if 1:\n    bass.amp = .3  # low", "bass.amp cannot be set", "Write bass.amp = .3 in a line alone."),
        ('p = s("bd")\np.amp = .3', "p.amp cannot be set", "Write p.set(amp=.3)."),
        ("bass.cutof = 1200", "bass has no control 'cutof'", "It has: "),
        ('d1 >> s("bd")\njam.share(d1, tags=1)', "share takes no 'tags'", "It is written jam.share(track, name=''"),
        ('d1 >> jam["a/b"].degrade(.2)', "it has no 'degrade'", ".transpose(5)"),
        ('d1 >> s("bd") & s("hh")', "d1 >> a & b reads as (d1 >> a) & b", "stack(a, b)"),
        ('d1 >> s("bd").rev', "A track cannot play a function", ".rev()"),
        ('d1 >> hat("1*8")', "'hat' is not defined", "hh"),
        ("bass.cutoff", "bass has no 'cutoff'", "bass(..., cutoff=...)"),
        ("d1 >> bass(0, 3, 5)", "An instrument takes one melody, not 3", 'bass("0 3 5")'),
        ("d1 >> s()", "s needs pattern", "It is written s("),
        ('d1 >> s("bd")\nd1.fade(bars=8)', "fade needs db", "d1.fade(db, seconds=None, bars=None)"),
        ('d1 >> s("bd")\nd1.mute(1)', "mute takes fewer arguments", "It is written d1.mute()."),
        ('d1 >> s("bd")\nd1.every(4, rev)', "A track has no 'every'", 'd1 >> s("bd sn").every(...)'),
        ("d1 >> s(bass)", "s: bass is an instrument", '"bass"'),
        ("clock.tempo = 4", "clock.tempo cannot be set", "clock.bpm"),
        ("undo(1)", "1 is not a track", "Name tracks that play"),
        ('record("take.wav")', "'record' is not defined", "F12"),
        ("Clock.bpm = 120", "'Clock' is not defined", "clock.bpm = 120"),
    ],
)
def test_what_python_would_say_is_said_in_the_words_of_the_language(
    session: Session, code: str, message: str, hint: str
) -> None:
    """`TypeError: super(type, obj): obj must be an instance or subtype of type` tells nobody anything on stage."""
    error = fails(session, code)
    assert message in error.message and hint in error.hint
    assert error.where is not None and "TypeError" not in str(error)


@pytest.mark.parametrize(
    ("code", "message", "hint"),
    [
        ("clock.bmp", "clock has no 'bmp'", "Did you mean clock.bpm?"),
        ("jam.swich('a')", "jam has no 'swich'", "Did you mean jam.switch?"),
        ("scene.sav('a')", "scene has no 'sav'", "Did you mean scene.save?"),
    ],
)
def test_what_clock_jam_and_scene_do_not_have_is_said_in_the_users_words(
    session: Session, code: str, message: str, hint: str
) -> None:
    error = fails(session, code)
    assert isinstance(error, UnknownNameError)
    assert error.message == message
    assert error.hint == hint
    assert carets(error) == message.split("'")[1]


def test_an_instrument_gets_defaults_for_what_is_written_from_then_on(session: Session) -> None:
    def played(code: str) -> list[object]:
        (operation,) = session.evaluate(code).operations
        assert isinstance(operation, Replace)
        return [event.value for event in operation.lane.pattern.query(0, 1)]

    session.evaluate('bass.pan = -.5; bass.amp = "<.2 .4>"')
    assert played('b1 >> bass("0")') == [{"s": "bass", "degree": 0, "pan": -0.5, "amp": 0.2}]
    assert played('b1 >> bass("0", amp=1)') == [{"s": "bass", "degree": 0, "pan": -0.5, "amp": 1}]
    assert played('b1 >> s("bass")') == [{"s": "bass"}]
    assert not any(row["name"] == "bass" for row in session.bound())  # completion goes on knowing its controls
    session.use(orchestra("bbbbbbbbbbbb"))  # a synthdef was saved
    session.evaluate("bass.amp = None")
    assert played("b1 >> bass()") == [{"s": "bass", "pan": -0.5}]


def test_only_what_is_muted_is_unmuted() -> None:
    """`unsolo()` said of each track that it was no longer solo."""
    stage = Stage()
    stage.evaluate('d1 >> s("bd")\nd2 >> s("sn")\nd3 >> s("hh")\nmute(d2)')
    assert stage.session.evaluate("unmute()").operations == (SetMix("d2", {"mute": False}),)
    assert stage.session.evaluate("unsolo()").operations == ()
    assert [each.track for each in stage.session.evaluate("solo(d3)\nunsolo()").operations] == ["d3", "d3"]  # type: ignore[union-attr]


@pytest.mark.parametrize("sign", ["<<", ">", ">=", "<"])
def test_another_sign_than_two_arrows_is_told(session: Session, sign: str) -> None:
    assert fails(session, f'd1 >> s("sn")\nd1 {sign} s("bd")').hint.startswith("Write d1 >> s(...)")


def test_other_attributes_fail_as_python_says(session: Session) -> None:
    assert "AttributeError" in fails(session, "'x'.nope").message


def test_a_name_that_is_unknown_tells_the_nearest(session: Session) -> None:
    error = fails(session, 'd1 >> s("bd")\nd1 >> bas("0 3")')
    assert isinstance(error, UnknownNameError)
    assert "'bass'" in error.hint
    assert error.where is not None
    assert error.where.line == 2


@pytest.mark.parametrize("code", ["mute(d1)", "d1.gain(-3)", "d1", "d1 = d2", "d1 << 3", "solo(d9)"])
def test_only_the_left_of_the_arrow_makes_a_track(session: Session, code: str) -> None:
    error = fails(session, code)
    assert isinstance(error, UnknownNameError)
    assert "left of >>" in error.hint or "Did you mean" in error.hint


@pytest.mark.parametrize("name", ["d1", "bass2", "x9999", "drums12"])
def test_a_track_comes_into_being_on_the_left_of_the_arrow(session: Session, name: str) -> None:
    (operation,) = session.evaluate(f'{name} >> s("bd")').operations
    assert isinstance(operation, Replace)
    assert operation.track == name
    assert session.evaluate(f"{name}.mute()").operations == (SetMix(name, {"mute": True}),)


@pytest.mark.parametrize("name", ["d", "D1", "d_1", "d12345", "drumsandbasses1"])
def test_other_names_make_no_track(session: Session, name: str) -> None:
    assert isinstance(fails(session, f'{name} >> s("bd")'), UnknownNameError)


def test_a_name_that_the_user_took_is_the_user_s(session: Session) -> None:
    session.evaluate("bass = 3\nhush = 4\nd1 = 64")
    session.use(orchestra("b" * 12))
    assert session.evaluate("bass + hush").value == "7"
    assert session.evaluate("d1 >> 2").value == "16"


def test_a_new_synthdef_is_there_at_once_and_one_that_went_is_the_user_s_to_lose(session: Session) -> None:
    from marmalade_sc.sdk.instruments import Orchestra
    from marmalade_sc.testing.catalogue import catalogue_row

    session.use(Orchestra.from_rows([catalogue_row("fresh")]))
    (operation,) = session.evaluate('d1 >> fresh("0 3")').operations
    assert isinstance(operation, Replace)


def test_an_aborted_block_changes_nothing(session: Session) -> None:
    fails(session, 'd1 >> s("bd")\nclock.bpm = 90\n1/0')
    assert session.evaluate("1").operations == ()


def test_all_operations_come_in_order(session: Session) -> None:
    code = """
d1 >> s("bd")
d1.gain(-6); d1.pan(0.5); d1.fade(-20, 8); d1.send(r1=-12); d1.fx = lpf(900) | reverb(.3)
d1.mute(); d1.unmute(); d1.solo(); d1.unsolo(); d1.stop(2)
clock.bpm = 132; clock.ramp(140, bars=16); clock.nudge(0.02); clock.pause(); clock.play()
mute(d1); unmute(); solo(d1); unsolo(); hush(d1); hush(); panic()
"""
    done = session.evaluate(code)
    kinds = [type(each).__name__ for each in done.operations]
    assert kinds == [
        *("Replace", *["SetMix"] * 5, *["SetMix"] * 4, "Hush"),
        *("Tempo", "Ramp", "Nudge", "Transport", "Transport"),
        *(*["SetMix"] * 4, "Hush", "Hush", "Hush"),
    ]
    assert done.orders == ({"do": "stop", "name": "", "quiet": True}, {"do": "panic"})
    assert done.operations[10] == Hush("d1", 2.0)
    assert isinstance(done.operations[11], Tempo)
    assert isinstance(done.operations[12], Ramp)
    assert done.operations[13:15] == (Nudge(0.02), Transport(False))


# Errors in their place


@pytest.mark.parametrize(
    ("code", "mark"),
    [
        ('d1 >> s("bd [sn hh")', "["),
        ('d1 >> s("bd ]")', "]"),
        ('x = 1\nd1 >> stack(s("bd"), s("sn*q"))', "q"),
        ("d1 >> s('é bd [sn')", "["),
        ('d1 >> s("""bd\nsn [hh""")', "["),
        ('def f():\n    return s("bd(3")\nd1 >> f()', "("),
    ],
)
def test_a_mistake_in_a_notation_is_shown_in_the_block(session: Session, code: str, mark: str) -> None:
    error = fails(session, code)
    assert isinstance(error, NotationError)
    assert error.where is not None
    assert error.where.text in code.splitlines()
    assert code.splitlines()[error.where.line - 1] == error.where.text
    assert carets(error).startswith(mark), error


def test_a_mistake_of_python_has_line_column_and_caret(session: Session) -> None:
    error = fails(session, "x = 1\ny = = 2")
    assert isinstance(error, EvaluationError)
    assert "not Python" in error.message
    assert error.where is not None
    assert (error.where.line, carets(error)) == (2, "=")
    assert "^" in str(error)


@pytest.mark.parametrize("code", ["(", "'", "def f(:", "\tx\n  y", "x = \x00", "f'{'", "é = 1 +", "\\", "d1 >>"])
def test_any_broken_text_is_a_usage_error(session: Session, code: str) -> None:
    assert isinstance(fails(session, code), UsageError)


def test_an_exception_names_its_line_and_the_user_s_own_frames(session: Session) -> None:
    error = fails(session, "def f(x):\n    return 1 / x\n\nf(0)")
    assert isinstance(error, EvaluationError)
    assert error.message == "ZeroDivisionError: division by zero"
    assert error.where is not None
    assert error.where.line == 2
    assert "return 1 / x" in error.traceback
    assert "marmalade_sc" not in error.traceback


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ('d1 >> s("bd") | s("sn")', "d1 >> a | b reads as"),
        ('d1 >> "bd sn"', 'Write s("bd sn")'),
        ("d1 >> silence", "Write silence(...)"),
        ('d1 >> (s("bd"), s("sn"))', "stack(a, b)"),
        ("d1 >> 3", "Give it a pattern"),
        ('d1 >> s("nope")', "'nope'"),
        ('d1 >> s("kik")', "'kick'"),
        ('d1 >> bass("0", frek=3)', "'freq'"),
        ('d1 >> s("bd")\nd1.gane(3)', "d1.gain"),
        ('d1 >> s("bd")\nd1.gain(300)', "-96 to 24"),
        ('d1 >> s("bd")\nd1.gain = 3', "cannot be set"),
        ('d1 >> s("bd")\nd1.fx = 3', "is not an effect"),
        ('d1 >> s("bd")\nd1.fx = lpf(900) | 3', "Chain effects"),
        ('d1.at("4 bras") >> s("bd")', "is not a grid"),
        ("clock.bpm = 0", "0.1 to 10,000"),
        ("clock.bpn = 120", "clock.bpm"),
        ("clock.ramp(120, bars=0)", "above 0"),
        ("clock.nudge(3)", "-0.5 to 0.5"),
        ("clock.beats_per_bar = 0", "beats"),
        ("mute(3)", "is not a track"),
        ("exit()", "exit() does not end"),
        ("import sys; sys.exit(3)", "exit() does not end"),
        ("raise KeyboardInterrupt", "interrupted"),
    ],
)
def test_mistakes_tell_what_to_do(session: Session, code: str, said: str) -> None:
    assert said in str(fails(session, code))


def test_a_wrong_control_is_told_before_it_is_heard(session: Session) -> None:
    """The mistake belongs where it was typed, not in the fourth bar."""
    assert isinstance(fails(session, 'd1 >> bass("<0 1 2 3>", cutof=3)'), ControlError)


@pytest.mark.parametrize(
    ("code", "mark", "said"),
    [
        ('d1 >> bass("0", amp=5)', "amp", "from 0 to 4"),
        ('d1 >> bass("0 1", pan="<0 -1 1.5>")', "pan", "from -1 to 1"),
        ('d1 >> bass("0").set(freq=5)', "freq", "from 20 to"),
        ("clock.bpm = -4", "-4", "0.1 to 10,000"),
        ("clock.bpm = 1e9", "1e9", "0.1 to 10,000"),
        ('d1 >> s("bd sn").every(0, rev)', "0", "from 1 to"),
        ('d1 >> s("hh*8", amp=.1)', "amp", "s(...).set(amp=...)"),
        ('d1 >> bass("0 3 0").every(0, rev)', "0", "from 1 to"),
    ],
)
def test_a_value_out_of_its_range_is_told_where_it_stands(session: Session, code: str, mark: str, said: str) -> None:
    """Clipped in silence it would be looked for all evening."""
    error = fails(session, code)
    assert carets(error) == mark
    assert said in str(error)


def test_what_a_pitch_or_a_length_comes_to_is_clipped_and_no_mistake(session: Session) -> None:
    session.evaluate('d1 >> bass("0 24", root="a9", dur=100)')


def test_a_block_beyond_the_limit_is_refused(session: Session) -> None:
    assert "longer than" in str(fails(session, "#" * (1 << 20) + "#"))


def test_every_error_is_one_of_ours(session: Session) -> None:
    for code in ("raise BaseException('x')", "assert False", "raise ExceptionGroup('g', [ValueError(1)])", "[].x"):
        assert isinstance(fails(session, code), MarmaladeError)


def test_recursion_without_end_is_an_error_and_no_crash(session: Session) -> None:
    assert "RecursionError" in str(fails(session, "def f(): return f()\nf()"))
    assert session.evaluate("1 + 1").value == "2"


def test_chance_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    def notes(seed: int) -> object:
        stage = Stage(seed=seed)
        stage.evaluate('d1 >> s("hh*16?")\nd2 >> s("[bd|sn]*8")')
        stage.run_to(4)
        return stage.heard()

    assert notes(1) == notes(1)
    assert notes(1) != notes(2)


@pytest.mark.parametrize(
    "code",
    [
        "d1.group(d1)",
        "d1.send(d1=-3)",
        "g1.group(d1); d1.group(g1)",
        "g1.send(r1=0); r1.group(d1); d1.group(g1)",
    ],
)
def test_sends_and_groups_in_a_circle_are_a_mistake_that_is_told(code: str) -> None:
    """The engine refuses them, too, but nobody at the prompt would hear of it."""
    stage = Stage()
    stage.evaluate("d1 >> silence(); g1 >> silence(); r1 >> silence()")
    with pytest.raises(UsageError, match="circle"):
        stage.evaluate(code)
    stage.evaluate("d1.group(g1); d1.group(None); g1.group(d1)")


def test_the_caret_stands_under_the_word_that_is_meant(session: Session) -> None:
    for code, word in (
        ('d1 >> s("bd*2, kik sn")', "kik"),
        ('d1 >> s("""bd*2\n  kik""")', "kik"),
        ('d1 >> stack(s("bd"), s("sn kik"))', "kik"),
    ):
        with pytest.raises(UsageError) as caught:
            session.evaluate(code)
        assert carets(caught.value) == word


@pytest.mark.parametrize(
    ("code", "said"),
    [("d1.gain = -3", "Write d1.gain(...)."), ("d1.gian = 1", "d1.gain?"), ("d1.zzz = 1", "A track has: at,")],
)
def test_what_a_track_cannot_be_given_says_what_to_write(session: Session, code: str, said: str) -> None:
    """`d1.gain = -3` was answered by "Did you mean d1.gain?"."""
    session.evaluate('d1 >> s("bd")')
    assert said in str(fails(session, code))


def test_what_played_before_a_crash_goes_on_in_its_bar(session: Session) -> None:
    """Who waits for the next bar is silent for a bar more; a piece begins with one, and a grid that is said is kept."""
    session.extend({"score": score}, str)
    code = 'd1 >> s("bd")\nd2.at(4) >> s("hh")\nd3 >> score("c d e f")'
    usual = [each.grid for each in session.evaluate(code).operations if isinstance(each, Replace)]
    again = [each.grid for each in session.evaluate(code, "restore").operations if isinstance(each, Replace)]
    assert usual == [Grid(), Grid(Fraction(4)), Grid()]
    assert again == [Grid(Fraction(1, 16)), Grid(Fraction(4)), Grid()]
    assert session.evaluate('d1 >> s("bd")').operations[0].grid == Grid()  # type: ignore[union-attr]
