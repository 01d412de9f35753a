"""A track as a program of its own: it plays the same notes elsewhere, and what cannot travel is refused by name."""

from pathlib import Path

import pytest

from marmalade_sc.errors import UsageError
from marmalade_sc.live.sharing import Shared, share, shared
from marmalade_sc.live.units import Unit
from marmalade_sc.patterns.language import namespace
from marmalade_sc.sdk.offline import Part, Scene, perform
from tests.live_package.stage import Stage, orchestra

CATALOGUE = Path(__file__).parent.parent / "generators" / "orchestra.json"


def packed(stage: Stage, track: str, name: str = "acid") -> Shared:
    version = stage.scheduler.book.now.get(track)
    source = version.lane.source if version is not None and version.lane is not None else None
    return shared(
        source if isinstance(source, Unit) else None,
        track,
        name,
        frozenset(orchestra().names()),
        frozenset(namespace()),
    )


def played(*blocks: str) -> Stage:
    stage = Stage()
    for block in blocks:
        stage.evaluate(block)
    return stage


def test_a_line_travels_with_its_sound_and_words() -> None:
    stage = played('b1 >> bass("0 3 <5 7>", scale="minor").every(2, fast(2)).set(amp=.5)')
    made = packed(stage, "b1")
    assert made.program.startswith("#!/usr/bin/env python3\n")
    assert "from marmalade_sc.sdk.language import fast, voice\n" in made.program
    assert 'bass = voice("bass")\n' in made.program and "jam.acid >> (bass(" in made.program
    assert {"bass", "minor"} <= made.words


def test_helpers_and_variables_travel_and_what_is_not_needed_stays() -> None:
    stage = played(
        "import random\nsteps = [0, 3, 5]\nunused = 7",
        "def shape(values, n=2):\n    return ' '.join(str(v + n) for v in values)",
        'b1 >> bass(shape(steps)).fast(2)\nd1 >> s("bd*4")',
    )
    program = packed(stage, "b1").program
    assert "steps = [0, 3, 5]" in program and "def shape(values, n=2):" in program
    assert "unused" not in program and "random" not in program and "bd*4" not in program


def test_the_program_plays_the_notes_of_the_track(tmp_path: Path) -> None:
    stage = played("notes = '0 3 [5 7] ~'", 'b1 >> bass(notes, scale="minor").every(2, fast(2))')
    stage.run_to(5)
    here = [cycle for cycle, _ in stage.heard() if cycle < 4]
    folder = tmp_path / "acid"
    folder.mkdir()
    (folder / "play").write_text(packed(stage, "b1").program)
    (folder / "play").chmod(0o755)
    done = perform([Part(folder)], Scene(CATALOGUE, 4))
    assert not done.complaints
    there = [line.split() for line in done.lines()]
    assert {words[2] for words in there} == {"bass"}
    assert [float(words[0]) for words in there] == [float(cycle) for cycle in here] and len(here) > 12


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (('def go():\n    b1 >> bass("0")\ngo()',), "line of its own"),
        (("bpm = clock.bpm", 'b1 >> bass("0").fast(bpm / 60)'), "'clock'"),
        (('d1 >> s("bd")', "other = [d1]", 'b1 >> bass("0").fast(len(other))'), "tracks"),
        (("import numpy", 'b1 >> bass("0").fast(int(numpy.int64(2)))'), "'numpy'"),
        (("jam = 3", 'b1 >> bass("0").fast(jam)'), "'jam'"),
        (
            (
                "with open('/dev/null') as fh:\n    said = fh.name",
                'b1 >> bass("0").every(2, lambda p: p.fast(len(said)))',
            ),
            "'open'",
        ),
        (('b1 >> bass("0").fast(__import__("math").floor(2.5))',), "'__import__'"),
        (("import pathlib", 'b1 >> bass("0").fast(len(pathlib.Path("/").parts))'), "'pathlib'"),
    ],
)
def test_what_cannot_travel_is_refused_by_name(blocks: tuple[str, ...], words: str) -> None:
    stage = played(*blocks)
    with pytest.raises(UsageError) as raised:
        packed(stage, "b1")
    assert words in str(raised.value) and raised.value.hint


def test_a_track_that_plays_nothing_is_told() -> None:
    answer = share(None, "b1", "acid", orchestra())
    assert "plays nothing" in str(answer["error"])


def test_a_score_travels_as_text_and_begins_where_the_generator_does(tmp_path: Path) -> None:
    """Its file stays here: elsewhere there is none of that name."""
    program = shared(
        Unit(1, 'd1 >> score("song.alda", "verse").every(2, fast(2))', makes=frozenset({"d1"})),
        "d1",
        "song",
        frozenset(orchestra().names()),
        frozenset(namespace()),
        lambda name: {"song.alda": "bass: o3 c1 %verse d4 e f g"}[name],
    ).program
    assert "from marmalade_sc.scores.language import score\n" in program
    assert "'song.alda'" in program and "score('song.alda'" not in program
    folder = tmp_path / "song"
    folder.mkdir()
    (folder / "play").write_text(program)
    (folder / "play").chmod(0o755)
    done = perform([Part(folder)], Scene(CATALOGUE, 4))
    assert not done.complaints
    onsets = [float(line.split()[0]) for line in done.lines()]
    slow, fast = [n / 4 for n in range(4)], [n / 8 for n in range(8)]
    assert onsets == [*fast, *(1 + at for at in slow), *(2 + at for at in fast), *(3 + at for at in slow)]
