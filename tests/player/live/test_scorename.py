"""Scores in the shell as they sound: from their beginning where they land, edited while they loop, line by line."""

from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.live.handles import TrackHandle
from marmalade_sc.live.setcode import set_code
from marmalade_sc.player.live.scorename import score_name
from tests.live_package.stage import Stage

F = Fraction


def stage(bpm: str = "120") -> Stage:
    made = Stage(bpm)
    names = score_name(made.session, lambda: made.scheduler.timeline.beats_per_cycle(made.scheduler.cursor))
    made.session.extend(names, str)
    return made


def bars(made: Stage, name: str) -> list[Fraction]:
    return [cycle for cycle, called in made.heard() if called == name]


def seconds(made: Stage, name: str) -> list[float]:
    return [at for at, called in made.times() if called == name]


def test_a_score_begins_at_its_beginning_at_the_next_bar() -> None:
    """Whoever plays a song at bar 37 wants its first note, not its thirty-eighth bar."""
    made = stage()
    made.run_to(5.3)
    made.evaluate('d1 >> score("bd: c2. c4 c1 | r1 r1")')
    made.run_to(11.9)
    assert bars(made, "bd") == [6, F(27, 4), 7, 10, F(43, 4), 11]


def test_a_score_may_begin_within_a_bar() -> None:
    made = stage()
    made.run_to(5.3)
    made.evaluate('d1.at("1 beat") >> score("bd: c4 c2 c4")')
    made.run_to(7.4)
    assert bars(made, "bd") == [F(11, 2), F(23, 4), F(25, 4), F(13, 2), F(27, 4), F(29, 4)]


def test_an_edit_goes_on_where_the_score_is() -> None:
    """Four bars, one changed while the second plays: what comes is the third of the new version."""
    made = stage()
    made.run_to(1.2)
    made.evaluate('d1 >> score("bd: c1 | c2 c | c4 c c c | r1")')
    made.run_to(3.5)
    made.evaluate('d1 >> score("bd: c1 | c2 c | c2 r | c1")')
    made.run_to(6.9)
    assert bars(made, "bd") == [2, 3, F(7, 2), 4, 5, 6]


def test_another_piece_begins_anew_and_so_does_the_same_when_asked() -> None:
    made = stage()
    made.evaluate('d1 >> score("bd: c1 | r | r | r")')
    made.run_to(1.5)
    made.evaluate('d1 >> score("sn: c1 | r | r | r")')
    made.run_to(3.5)
    made.evaluate('d1 >> score("sn: c1 | r | r | r", restart=True)')
    made.run_to(4.5)
    assert made.heard() == [(0, "bd"), (2, "sn"), (4, "sn")]


def test_a_change_lands_at_the_end_of_the_score() -> None:
    made = stage()
    made.run_to(0.5)
    made.evaluate('d1 >> score("bd: c1 | c | c")')
    made.run_to(1.5)
    made.evaluate('d1.at("end") >> score("sn: c1")')
    made.run_to(6)
    assert made.heard() == [(1, "bd"), (2, "bd"), (3, "bd"), (4, "sn"), (5, "sn")]


def test_a_change_lands_at_a_marker_and_goes_on_there() -> None:
    made = stage()
    made.evaluate('d1 >> score("bd: c1 | r1 r %chorus c2 c")')
    made.run_to(1.1)
    made.evaluate('d1.at("%chorus") >> score("bd: c1 | r1 r r r %chorus c4 c c c")')
    made.run_to(4.9)
    assert bars(made, "bd") == [0, 3, F(13, 4), F(7, 2), F(15, 4), 4]


def test_where_no_such_marker_plays_the_next_bar_is_taken() -> None:
    made = stage()
    made.evaluate('d1 >> s("sn")')
    made.run_to(1.1)
    made.evaluate('d1.at("%chorus") >> score("bd: c1")')
    made.run_to(2.9)
    assert made.heard() == [(0, "sn"), (1, "sn"), (2, "bd")]


def test_from_marker_to_time() -> None:
    made = stage()
    made.evaluate('d1 >> score("bd: c1 %verse c4 c c c c1", "verse", "0:03.9")')
    made.run_to(1.99)
    assert bars(made, "bd") == [F(n, 4) for n in range(8)]


def test_a_score_plays_once() -> None:
    made = stage()
    made.run_to(2.5)
    made.evaluate('d1 >> score("bd: c1 c", loop=False)')
    made.run_to(9)
    assert bars(made, "bd") == [3, 4]


def test_patterns_made_of_a_score_begin_where_it_does() -> None:
    made = stage()
    made.run_to(3.5)
    made.evaluate('d1 >> score("bd: c1 c2 c").fast(2)')
    made.run_to(5)
    assert bars(made, "bd") == [4, F(9, 2), F(19, 4)]


def test_a_score_may_keep_its_own_tempo_whatever_the_jam_does() -> None:
    """0.6 s a beat, through a jam that goes from 120 to 240 bpm meanwhile."""
    made = stage()
    made.run_to(0.4)
    made.evaluate('d1 >> score("(tempo! 100) bd: c c c c (tempo! 50) c c", tempo="own")')
    made.run_to(1.2)
    made.evaluate("clock.bpm = 240")
    made.run(9)
    expected = [2 + at for at in (0, 0.6, 1.2, 1.8, 2.4, 3.6, 4.8, 5.4, 6.0, 6.6, 7.2, 8.4)]
    assert seconds(made, "bd")[:12] == pytest.approx(expected[:12], abs=2e-4)


def test_a_score_of_its_own_tempo_is_edited_where_it_is() -> None:
    made = stage()
    made.evaluate('d1 >> score("(tempo! 90) bd: c c c c c c c c", tempo="own")')
    made.run_to(0.9)
    made.evaluate('d1 >> score("(tempo! 90) bd: c c c r c c c c", tempo="own")')
    made.run_to(2.6)
    beats = [n * 2 / 3 for n in range(8) if n != 3]
    assert seconds(made, "bd") == pytest.approx(beats, abs=2e-4)


def test_its_notes_keep_their_length_in_seconds() -> None:
    made = stage()
    evaluated, _ = made.evaluate('d1 >> score("(tempo! 60) bass: (quant 50) c", tempo="own")')
    lane = evaluated.operations[0].lane  # type: ignore[union-attr]
    (note,) = lane.cycle(0, 2.0, made.session.orchestra)[:1]
    instrument = note.instrument
    assert instrument.pack.unpack(note.values)[instrument.index["sustain"]] == pytest.approx(0.5)


def test_undo_of_an_edit_goes_on_as_if_it_had_played_on() -> None:
    made = stage()
    made.run_to(0.5)
    made.evaluate('d1 >> score("bd: c1 | c2 c | r1 | r1")')
    made.run_to(1.5)
    made.evaluate('d1 >> s("sn")')
    made.run_to(4.5)
    made.evaluate("undo(d1)")
    made.run_to(7)
    assert bars(made, "bd") == [1, 5, 6, F(13, 2)]


def test_parts_play_on_tracks_of_their_own_and_together() -> None:
    made = stage()
    made.run_to(0.5)
    made.evaluate('song = score("bd: c1 r1 sn \\"s1\\": r1 c1")\nsong.play()')
    made.run_to(3.5)
    assert {"bd_part", "s1"} <= set(made.scheduler.tracks)
    assert made.heard() == [(1, "bd"), (2, "sn"), (3, "bd")]
    assert isinstance(made.session.names["s1"], TrackHandle)
    made.evaluate("s1.mute()")
    assert made.scheduler.tracks["s1"].mix == {"mute": True}
    made.evaluate("song.stop()")
    made.run_to(6)
    assert len(made.heard()) == 3


def test_a_part_can_be_given_a_track() -> None:
    made = stage()
    made.evaluate('song = score("bd: c1 sn: c2 c")\nd1 >> song.part("sn")')
    made.run_to(0.9)
    assert made.heard() == [(0, "sn"), (F(1, 2), "sn")]
    with pytest.raises(UsageError, match="no part is named"):
        made.evaluate('song.part("snn")')


def test_instruments_can_be_exchanged() -> None:
    made = stage()
    made.evaluate('d1 >> score("violin: c1", instruments={"violin": "bass"})')
    made.run_to(0.9)
    assert made.heard() == [(0, "bass")]


def test_a_file_is_a_score_too(tmp_path: Path) -> None:
    file = tmp_path / "sång.alda"
    file.write_text("bd: c1", encoding="utf-8")
    made = stage()
    made.evaluate(f"d1 >> score({str(file)!r})")
    made.run_to(0.5)
    assert bars(made, "bd") == [0]
    with pytest.raises(UsageError, match="cannot be read"):
        made.evaluate('d1 >> score("none.alda")')


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ('score("bd: [c")', "never closed"),
        ('score("bd: c", tempo="slow")', "tempo cannot be"),
        ('score("bd: c", "nowhere")', "no time and no marker"),
        ("score(4)", "no score"),
        ('score("bd: c", instruments={"nothing": "bass"})', "no instrument is named"),
        ('score("bd: (swing 66) c")', "nothing is named swing"),
        ('d1.at("%") >> score("bd: c")', "not a grid"),
        ('alda("bd: [c")', "never closed"),
        ("alda(4)", "no line"),
    ],
)
def test_mistakes_are_told(code: str, message: str) -> None:
    made = stage()
    with pytest.raises(UsageError, match=message):
        made.evaluate(code)


def test_lines_append_and_sound_at_the_next_beat() -> None:
    """As in Alda's own prompt: the second line knows the part, its octave and length, and sounds when it is typed."""
    made = stage()
    made.run_to(1.02)
    made.evaluate('alda("bd: o5 c8 d")')
    made.run_to(2.3)
    made.evaluate('alda("e f")')
    made.run_to(4)
    # 0.3 s later at the earliest: 1.17 and 2.45 bars, hence the beats at 1.25 and 2.5
    assert bars(made, "bd") == [F(5, 4), F(11, 8), F(5, 2), F(21, 8)]
    assert repr(made.session.names["alda"]) == "bd: o5 c8 d\ne f"


def test_a_line_sounds_beside_those_before_it_and_moves_none() -> None:
    made = stage()
    made.evaluate('alda("bd: c1 c c")')
    made.run_to(0.5)
    made.evaluate('alda("sn: c4 c")')
    made.run_to(1.2)
    made.evaluate('alda("bd: c2 c")')
    made.run_to(3.9)
    assert sorted(bars(made, "bd")) == [0, 1, F(3, 2), 2, 2]
    assert bars(made, "sn") == [F(3, 4), 1]


def test_a_line_that_is_wrong_changes_nothing() -> None:
    made = stage()
    made.evaluate('alda("riff = c8 d\\nbd: riff")')
    with pytest.raises(UsageError):
        made.evaluate('alda("bd: riff nothing")')
    made.evaluate('alda("riff")')
    assert repr(made.session.names["alda"]) == "riff = c8 d\nbd: riff\nriff"


def test_lines_can_be_saved_and_begun_anew(tmp_path: Path) -> None:
    made = stage()
    made.evaluate('alda("bd: c")')
    made.evaluate(f"alda.save({str(tmp_path / 'song.alda')!r})")
    assert (tmp_path / "song.alda").read_text() == "bd: c"
    made.evaluate("alda.new()")
    assert made.session.evaluate("alda").value.startswith("<no lines yet")


def test_a_set_with_parts_on_tracks_of_their_own_is_saved_as_code_that_plays_it() -> None:
    made = stage()
    made.evaluate('song = score("bd: c1 r sn \\"s1\\": r1 c")')
    made.evaluate("song.play()\ns1.gain(-3)")
    made.run_to(1.5)
    code = set_code(made.scheduler.book, made.session.binders, made.scheduler.timeline)
    again = stage()
    again.evaluate(code)
    again.run_to(3.5)
    assert again.heard() == [(0, "bd"), (1, "sn"), (2, "bd"), (3, "sn")]
    assert again.scheduler.tracks["s1"].mix["gain_db"] == -3


def test_lines_that_were_heard_before_a_crash_are_known_and_not_heard_again() -> None:
    made = stage()
    made.session.is_restoring = True
    made.evaluate('alda("bd: o5 c8 d")')
    made.session.is_restoring = False
    made.run_to(1)
    assert made.heard() == []
    made.evaluate('alda("e")')
    made.run_to(2)
    assert bars(made, "bd") == [F(5, 4)]


def test_a_score_of_its_own_tempo_stands_still_with_the_jam() -> None:
    """Paused for three seconds: each note sounds once, later by as much."""
    made = stage()
    made.evaluate('d1 >> score("(tempo! 100) bd: [c]*16", tempo="own")')
    made.run(2.5)
    made.evaluate("clock.pause()")
    made.run(3)
    made.evaluate("clock.play()")
    made.run(6)
    found = seconds(made, "bd")
    gaps = [round(later - before, 3) for before, later in zip(found, found[1:], strict=False)]
    long = [gap for gap in gaps if gap != 0.6]
    assert len(long) == 1
    assert 3.3 < long[0] < 3.9
    assert len(found) > 10


def test_a_change_waits_for_a_place_in_a_score_of_its_own_tempo() -> None:
    """Eight beats of 0.6 s from 2 s on: the marker lies at 4.4 s, the end at 6.8 s."""
    made = stage()
    made.run_to(0.4)
    made.evaluate('d1 >> score("(tempo! 100) bd: c c c c %here c c c c", tempo="own")')
    made.run_to(1.5)
    made.evaluate('d1.at("%here") >> score("(tempo! 100) bd: c c c c c c %here c2 c2", tempo="own")')
    made.run_to(2.8)
    made.evaluate('d1.at("end") >> score("(tempo! 100) sn: c1", tempo="own")')
    made.run_to(4.9)
    assert seconds(made, "bd") == pytest.approx([2 + 0.6 * n for n in range(4)] + [4.4, 5.6], abs=2e-4)
    assert seconds(made, "sn") == pytest.approx([6.8, 9.2], abs=2e-4)


def test_a_score_in_a_stack_begins_where_it_lands() -> None:
    made = stage()
    made.run_to(4.5)
    made.evaluate('d1 >> stack(score("bd: c2. c4 | r1"), s("sn*2"))')
    made.run_to(6.9)
    assert bars(made, "bd") == [5, F(23, 4)]
    assert bars(made, "sn") == [5, F(11, 2), 6, F(13, 2)]
    with pytest.raises(UsageError, match="own tempo"):
        made.evaluate('d2 >> stack(score("bd: c", tempo="own"), s("sn"))')


def test_a_score_comes_in_under_a_crossfade_from_its_beginning() -> None:
    made = stage()
    made.run_to(0.5)
    made.evaluate('d1 >> s("sn*4")')
    made.run_to(2.5)
    made.evaluate('d1.xfade(2) >> score("bd: c2 c | r1 | c1 | r1")')
    made.run_to(6.9)
    assert bars(made, "bd") == [3, F(7, 2), 5]
    assert max(cycle for cycle, name in made.heard() if name == "sn") < 5


def test_a_scene_brings_a_score_back_where_it_would_be() -> None:
    made = stage()
    made.evaluate('d1 >> score("bd: c1 | r | r | r")\nscene.save("song")')
    made.run_to(1.5)
    made.evaluate('d1 >> s("sn")')
    made.run_to(2.5)
    made.evaluate('scene("song")')
    made.run_to(6)
    assert bars(made, "bd") == [0, 4]
