"""Several scores as one."""

from marmalade_sc.scores import read_score, together, track_names


def test_scores_play_from_the_same_beginning_each_with_its_own_parts() -> None:
    first = read_score('violin "v": c4 d %a piano: c')
    second = read_score("(tempo! 60) piano: e f %a %b")
    both = together([first, second])
    assert list(track_names(both).values()) == ["v", "piano", "piano_2"]
    assert [(note.offset_ms, note.midi) for note in both.notes] == [(0, 60), (0, 60), (0, 64), (500, 62), (1000, 65)]
    assert dict(both.markers) == {"a": 1000, "b": 2000}
    assert both.end_ms == 2000


def test_one_is_itself() -> None:
    score = read_score("piano: c")
    assert together([score]) is score
