"""Functions of patterns: expected events written by hand."""

from fractions import Fraction

import pytest

from marmalade_sc.patterns import Pattern, notation
from marmalade_sc.patterns.language import namespace

# code: onsets of cycles 0 and 1 as value:begin-end
EVENTS = {
    'p("a b").fast(2)': "a:0-1/4 b:1/4-1/2 a:1/2-3/4 b:3/4-1 a:1-5/4 b:5/4-3/2 a:3/2-7/4 b:7/4-2",
    'p("a b").fast("<1 2>")': "a:0-1/2 b:1/2-1 a:1-5/4 b:5/4-3/2 a:3/2-7/4 b:7/4-2",
    'p("a b").slow(2)': "a:0-1 b:1-2",
    'p("a b").fast(0)': "",
    'p("a b").fast(-1)': "b:0-1/2 a:1/2-1 b:1-3/2 a:3/2-2",
    'p("<a b>").early(1/4)': "b:3/4-7/4 a:7/4-11/4",
    'p("<a b>").late(1/4)': "a:1/4-5/4 b:5/4-9/4",
    'p("a b").early("<0 .5>")': "a:0-1/2 b:1/2-1 b:1-3/2 a:3/2-2",
    'p("a b c@2").rev()': "c:0-1/2 b:1/2-3/4 a:3/4-1 c:1-3/2 b:3/2-7/4 a:7/4-2",
    'p("a b").palindrome()': "a:0-1/2 b:1/2-1 b:1-3/2 a:3/2-2",
    'p("a b").iter(2)': "a:0-1/2 b:1/2-1 b:1-3/2 a:3/2-2",
    'p("a b [c d]").rot(1)': "b:0-1/3 c:1/3-2/3 d:2/3-5/6 a:5/6-1 b:1-4/3 c:4/3-5/3 d:5/3-11/6 a:11/6-2",
    'p("a b c").rot(-1)': "c:0-1/3 a:1/3-2/3 b:2/3-1 c:1-4/3 a:4/3-5/3 b:5/3-2",
    'p("a b").ply(2)': "a:0-1/4 a:1/4-1/2 b:1/2-3/4 b:3/4-1 a:1-5/4 a:5/4-3/2 b:3/2-7/4 b:7/4-2",
    'p("a").ply("1 2")': "a:0-1 a:1/2-1 a:1-2 a:3/2-2",
    'p("a b").every(2, rev)': "b:0-1/2 a:1/2-1 a:1-3/2 b:3/2-2",
    'p("a b").every("2", rev)': "b:0-1/2 a:1/2-1 a:1-3/2 b:3/2-2",
    'p("a b").every(100, rev)': "b:0-1/2 a:1/2-1 a:1-3/2 b:3/2-2",
    'p("a").off(1/4, fast(2))': "a:0-1 a:1/8-5/8 a:5/8-9/8 a:1-2 a:9/8-13/8 a:13/8-17/8",
    'p("a b").superimpose(rev)': "a:0-1/2 b:0-1/2 a:1/2-1 b:1/2-1 a:1-3/2 b:1-3/2 a:3/2-2 b:3/2-2",
    'p("a").euclid(3, 8)': "a:0-1/8 a:3/8-1/2 a:3/4-7/8 a:1-9/8 a:11/8-3/2 a:7/4-15/8",
    'p("a").euclid("<1 2>", 4, 1)': "a:3/4-1 a:5/4-3/2 a:7/4-2",
    'p("a b").struct("t f t t")': "a:0-1/4 b:1/2-3/4 b:3/4-1 a:1-5/4 b:3/2-7/4 b:7/4-2",
    'p("a b").struct("x(3,8)")': "a:0-1/8 a:3/8-1/2 b:3/4-7/8 a:1-9/8 a:11/8-3/2 b:7/4-15/8",
    'p("a b c d").mask("1 0")': "a:0-1/4 b:1/4-1/2 a:1-5/4 b:5/4-3/2",
    'p("a*4").mask("<1 0>")': "a:0-1/4 a:1/4-1/2 a:1/2-3/4 a:3/4-1",
    'p("a b").segment(3)': "a:0-1/3 a:1/3-2/3 b:2/3-1 a:1-4/3 a:4/3-5/3 b:5/3-2",
    "saw.range(10, 20).segment(2)": "10:0-1/2 15:1/2-1 10:1-3/2 15:3/2-2",
    "saw(2).segment(2)": "0:0-1/2 0.25:1/2-1 0.5:1-3/2 0.75:3/2-2",
    'saw.range("<0 1>", 2).segment(1)': "0:0-1 1:1-2",
    'p("a*8").swing(1/2).mask("1 0 0 0")': "a:0-1/8 a:3/16-5/16 a:1-9/8 a:19/16-21/16",
    'p("a*4").swing(1/3, 2).mask("1 0")': "a:0-1/4 a:1/3-7/12 a:1-5/4 a:4/3-19/12",
    'cat("a", "b c")': "a:0-1 b:1-3/2 c:3/2-2",
    'fastcat("a", "b c")': "a:0-1/2 b:1/2-3/4 c:3/4-1 a:1-3/2 b:3/2-7/4 c:7/4-2",
    'stack("a", "b c")': "a:0-1 b:0-1/2 c:1/2-1 a:1-2 b:1-3/2 c:3/2-2",
    "silence()": "",
    'q("0 1 2") + 10': "10:0-1/3 11:1/3-2/3 12:2/3-1 10:1-4/3 11:4/3-5/3 12:5/3-2",
    '10 - q("<1 2>")': "9:0-1 8:1-2",
    'q("1 2") * "3 <1 5>"': "3:0-1/2 2:1/2-1 3:1-3/2 10:3/2-2",
    'q("0 4").scale("minor")': "0:0-1/2 7:1/2-1 0:1-3/2 7:3/2-2",
    'q("0 2").scale("<major a4:minor>")': "0:0-1/2 4:1/2-1 -3:1-3/2 0:3/2-2",
    'q("[0,4,7]").arp("up")': "0:0-1/3 4:1/3-2/3 7:2/3-1 0:1-4/3 4:4/3-5/3 7:5/3-2",
    'q("[0,4,7]").arp("downup")': "7:0-1/4 4:1/4-1/2 0:1/2-3/4 4:3/4-1 7:1-5/4 4:5/4-3/2 0:3/2-7/4 4:7/4-2",
    'p("a b").sometimes(1, rev)': "b:0-1/2 a:1/2-1 b:1-3/2 a:3/2-2",
    'p("a b").sometimes(0, rev)': "a:0-1/2 b:1/2-1 a:1-3/2 b:3/2-2",
    'p("a b").never(rev)': "a:0-1/2 b:1/2-1 a:1-3/2 b:3/2-2",
    'p("a b").always(rev)': "b:0-1/2 a:1/2-1 b:1-3/2 a:3/2-2",
    'p("a").degrade(1)': "",
    'p("a").degrade("<0 1>")': "a:0-1",
}


def names() -> dict[str, object]:
    return {**namespace(), "p": notation, "q": lambda text: notation(text, "number")}


def shown(pattern: Pattern) -> list[str]:
    found = [(e.whole.begin, e.whole.end, _plain(e.value)) for e in pattern.onsets(0, 2) if e.whole]
    return [f"{value}:{begin}-{end}" for begin, end, value in sorted(found)]


def _plain(value: object) -> str:
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def wanted(text: str) -> list[str]:
    found = []
    for each in text.split():
        value, times = each.rsplit(":", 1)
        begin, end = times.split("-")
        found.append((Fraction(begin), Fraction(end), value))
    return [f"{value}:{begin}-{end}" for begin, end, value in sorted(found)]


@pytest.mark.parametrize(("code", "events"), EVENTS.items())
def test_events_of_two_cycles(code: str, events: str) -> None:
    assert shown(eval(code, names())) == wanted(events)


@pytest.mark.parametrize("code", EVENTS)
def test_periods_survive_functions(code: str) -> None:
    """What repeats must be known to repeat: the scheduler's budget for 1,600 patterns stands on it."""
    pattern = eval(code, names())
    if not any(word in code for word in ("sometimes(1", "degrade(", "100")):
        assert pattern.period is not None


def test_sometimes_changes_the_share_it_says() -> None:
    pattern = notation("a*8").sometimes(0.3, lambda p: p.fmap(lambda _: "b"))
    values = [e.value for e in pattern.onsets(0, 500)]
    assert len(values) == 4000
    assert abs(values.count("b") / 4000 - 0.3) < 0.04


@pytest.mark.parametrize(("name", "share"), [("often", 0.75), ("rarely", 0.25)])
def test_often_and_rarely(name: str, share: float) -> None:
    pattern = getattr(notation("a*8"), name)(lambda p: p.fmap(lambda _: "b"))
    assert abs(sum(e.value == "b" for e in pattern.onsets(0, 500)) / 4000 - share) < 0.04


def test_signals_have_their_shape() -> None:
    def sampled(name: str) -> list[float]:
        return [round(e.value, 6) for e in namespace()[name].segment(8).onsets(0, 1)]

    assert sampled("saw") == [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875]
    assert sampled("tri") == [0, 0.25, 0.5, 0.75, 1, 0.75, 0.5, 0.25]
    assert sampled("square") == [0, 0, 0, 0, 1, 1, 1, 1]
    assert sampled("sine")[:5] == [0.5, 0.853553, 1, 0.853553, 0.5]


def test_a_signal_is_continuous_and_sampled_at_the_beginning() -> None:
    event = namespace()["saw"].query(Fraction(1, 4), Fraction(1, 2))[0]
    assert event.whole is None
    assert event.value == 0.25
    assert namespace()["sine"](4).period == 4
    assert namespace()["rand"].period is None


def test_a_change_during_a_note_is_no_second_attack() -> None:
    events = (notation("0", "number") + "0 12").query(0, 1)
    assert [(e.value, e.has_onset) for e in events] == [(0.0, True)]
