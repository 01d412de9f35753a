"""What moves on the screen is looked at once, and drawn only when it is different."""

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.desk import Desk

S = UNITS_PER_SECOND


def desk() -> Desk:
    one = Desk()
    one.board.hear({"jam": "home", "timeline": Timeline.steady(60, 0).counted().to_json(), "engine": {"cpu": 1.0}})
    return one


def test_nothing_is_drawn_while_nothing_moves() -> None:
    one = desk()
    assert one.refresh(S // 2, 0.0, 80, (80, 5)) == {"bar"}
    assert not one.refresh(S // 2 + S // 10, 0.1, 80, (80, 5))
    assert one.refresh(S + S // 10, 1.1, 80, (80, 5)), "the next beat"


def test_a_load_waits_for_the_next_look_at_the_bar_and_an_evaluation_does_not() -> None:
    """Levels and loads come eight times a second: each by itself would be a drawing."""
    one = desk()
    one.refresh(S // 2, 0.0, 80, (80, 5))
    one.board.hear({"engine": {"cpu": 2.0}})
    assert not one.refresh(S // 2 + S // 10, 0.1, 80, (80, 5))
    one.board.evaluating = 1
    assert one.refresh(S // 2 + S // 5, 0.2, 80, (80, 5)) == {"bar"}
    one.board.hear({"engine": {"cpu": 3.0}})
    assert one.refresh(S // 2 + S // 2, 0.45, 80, (80, 5)) == {"bar"}


def test_the_code_that_sounds_is_lit_where_its_lines_are_now() -> None:
    one = desk()
    one.follows = True
    one.marks.text(['    d1 >> s("bd")'])
    one.marks.evaluated("a", ['    d1 >> s("bd")'], 0, margin=4)
    assert one.hears == {"steps"}
    one.lights.hear([[S, "d1", S, 60, [["a", 1, 10, 2]]]], one.marks.sources)
    one.marks.text(["", '    d1 >> s("bd")'])
    one.refresh(S + 1, 0.0, 80, (80, 5))
    assert one.look.lit == {1: ((13, 2),)}
    assert one.marks.text([""]) is None
    assert one.hears == frozenset()


def test_a_block_flashes_for_a_moment() -> None:
    one = desk()
    one.flash(2, 4, 10.0)
    assert one.look.flash == (2, 4), "with the key, not with the next look"
    one.refresh(0, 10.1, 80, (80, 5))
    assert one.look.flash == (2, 4)
    assert one.refresh(0, 10.5, 80, (80, 5)) and one.look.flash is None


def test_a_view_is_a_panel_then_the_screen_then_nothing() -> None:
    one = desk()
    for expected in ("scope", "scope!", ""):
        one.turn("scope")
        panel = one.panel
        assert (f"{panel.kind}{'!' if panel.is_whole else ''}" if panel else "") == expected
    one.turn("scope")
    assert one.hears == {"scope"}
    one.turn("steps")
    assert one.panel is not None and (one.panel.kind, one.panel.is_whole) == ("steps", False)
    one.refresh(0, 0.0, 80, (40, 3))
    assert len(one.look.view) == 3


def test_a_text_opens_scrolls_and_closes() -> None:
    one = desk()
    one.open_text("page", "every", ["a", "b", "c"], ["x"])
    assert one.panel is not None
    assert one.panel.scrolled(5).offset == 2
    assert one.panel.scrolled(-5).offset == 0
    one.open_text("page", "off", ["a"])
    assert one.panel.title == "off"
    one.open_text("page", "off", ["a"])
    assert one.panel is None


def test_what_code_prints_comes_in_whole_lines_and_is_kept_in_the_log() -> None:
    one = desk()
    one.print_piece("hal", 0.0)
    one.print_piece("lo\n\x1b[31mred\n", 0.0)
    assert one.take(0.0) == [[("class:plain", "hallo")], [("class:plain", "red")]]
    assert len(one.log) == 2


def test_it_rests_until_a_light_or_the_pulse_changes() -> None:
    """A step is lit when it is heard, not with the next look at everything."""
    one = desk()
    one.follows = True
    one.board.latency = S // 10
    one.marks.text(["d1"])
    one.marks.evaluated("a", ["d1"], 0)
    one.lights.hear([[S + S // 20, "d1", S // 2, 60, [["a", 1, 1, 2]]]], one.marks.sources)
    one.refresh(S, 0.0, 80, (80, 5))
    assert abs(one.rests(S) - 0.1) < 1e-6, "the beat, as it is heard"
    one.refresh(S + S // 10, 0.1, 80, (80, 5))
    assert abs(one.rests(S + S // 10) - 0.05) < 1e-6, "the step"
    one.follows = False
    assert abs(one.rests(S + S // 10) - 0.25) < 1e-6, "the pulse goes out"
    assert Desk().rests(0) == float("inf")
