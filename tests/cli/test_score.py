"""`marmalade score`: what it prints and how it ends."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from marmalade_sc.cli.main import run
from marmalade_sc.cli.score import score


def invoke(*arguments: str, text: str | None = None) -> tuple[int, str]:
    result = CliRunner().invoke(score, arguments, input=text)
    return result.exit_code, result.stdout


def test_events_as_json_are_one_object() -> None:
    status, out = invoke("events", "-", "--json", text="flute: %a c (quant 100) d2")
    assert status == 0
    assert json.loads(out) == {
        "parts": {"part001": "midi-flute"},
        "notes": [
            ["part001", 0.0, 500.0, 450.0, 60, 0.5421, 100 / 127, 0.5, 0],
            ["part001", 500.0, 1000.0, 1000.0, 62, 0.5421, 100 / 127, 0.5, 0],
        ],
        "markers": {"a": 0.0},
    }


def test_a_mistake_as_json_has_its_place() -> None:
    status, out = invoke("events", "-", "--json", text="piano:\n  o4c")
    found = json.loads(out)
    assert (status, found["line"], found["column"]) == (2, 2, 5)
    assert found["error"]


def test_many_scores_are_answered_line_by_line() -> None:
    """One that is wrong, or no JSON at all, does not end the others."""
    lines = ['{"id": "a", "source": "piano: c"}', '{"source": "piano: o4c"}', "nonsense", "[1]", '{"source": "r"}']
    status, out = invoke("events", "--many", text="\n".join(lines))
    answers = [json.loads(line) for line in out.splitlines()]
    assert status == 0
    assert [sorted(answer) for answer in answers] == [
        ["id", "markers", "notes", "parts"],
        ["column", "error", "hint", "line"],
        ["error"],
        ["error", "hint"],
        ["markers", "notes", "parts"],
    ]


def test_a_list_of_notes_is_read_by_people() -> None:
    status, out = invoke("events", "-", text="piano: c+")
    assert status == 0
    assert out.split() == ["0.000", "450.000", "ms", "c+4", "0.54", "part001", "midi-acoustic-grand-piano"]


def test_check_names_each_file(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.alda", tmp_path / "bad.alda"
    good.write_text("piano: c d e f")
    bad.write_text("piano: [c")
    status, out = invoke("check", str(good), str(bad))
    assert status == 2
    assert out == f"{good}: 4 notes in 1 parts, 0:02.000\n"


def test_check_knows_the_synthdefs_of_the_player_when_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = tmp_path / "song.alda"
    song.write_text("pluck: o4 c d violin: o1 c")
    assert run(["score", "check", str(song)]) == 2
    assert "no instrument is named pluck" in capsys.readouterr().err
    assert run(["score", "check", str(song), "--playable", "--dir", str(tmp_path / "player")]) == 0
    said = capsys.readouterr()
    assert "3 notes in 2 parts" in said.out
    assert "violin: 1 notes lie outside" in said.err


def test_info_tells_parts_and_ranges() -> None:
    status, out = invoke("info", "-", "--json", text='violin "v": o3 c > g %end piano: r')
    found = json.loads(out)
    assert status == 0
    assert (found["notes"], found["length_ms"], found["markers"]) == (2, 1000, {"end": 1000})
    first, second = found["parts"]
    assert (first["aliases"], first["lowest"], first["highest"]) == (["v", "v.violin"], "c3", "g4")
    assert (second["notes"], second["lowest"]) == (0, None)
    assert "c3 to g4" in invoke("info", "-", text="violin: o3 c > g")[1]


def test_parse_prints_the_tree() -> None:
    status, out = invoke("parse", "-", text="piano:\n  [c4~ >]*2")
    part, repeat = json.loads(out)
    assert status == 0
    assert (part["type"], part["names"]) == ("PartDeclaration", ["piano"])
    assert (repeat["times"], repeat["event"]["line"], repeat["event"]["column"]) == (2, 2, 3)
    assert repeat["event"]["events"][0]["slurred"] is True


def test_a_file_that_cannot_be_read_is_a_mistake(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    latin = tmp_path / "latin.alda"
    latin.write_bytes(b"# \xe4\npiano: c")
    assert run(["score", "info", str(latin)]) == 2
    assert run(["score", "info", str(tmp_path / "none.alda")]) == 2
    assert run(["score", "events"]) == 2
    assert "not UTF-8" in capsys.readouterr().err


def test_export_writes_a_midi_file(tmp_path: Path) -> None:
    file = tmp_path / "song.mid"
    status, _ = invoke("export", "-", "-o", str(file), "--from", "half", text="piano: c d %half e f")
    assert status == 0
    assert file.read_bytes().startswith(b"MThd")
    assert run(["score", "export", str(tmp_path / "none.alda"), "-o", str(file)]) == 2
    assert run(["score", "export", str(file), "-o", str(tmp_path / "nowhere" / "a.mid")]) == 2


def test_extended_plays_what_was_meant() -> None:
    text = "violin/cello: [c'1 d]*1"
    assert len(invoke("events", "-", text=text)[1].splitlines()) == 6
    assert len(invoke("events", "-", "--extended", text=text)[1].splitlines()) == 4


def test_export_writes_json_too(tmp_path: Path) -> None:
    file = tmp_path / "song.json"
    assert invoke("export", "-", "-o", str(file), text="flute: c")[0] == 0
    assert json.loads(file.read_text()) == json.loads(invoke("events", "-", "--json", text="flute: c")[1])
    assert [each.name for each in tmp_path.iterdir()] == ["song.json"]


def test_import_writes_a_midi_file_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What another program wrote is a score that can be read, edited and played."""
    file, again = tmp_path / "song.mid", tmp_path / "song.alda"
    assert invoke("export", "-", "-o", str(file), text="violin: o4 c4 d8 e f2")[0] == 0
    status, out = invoke("import", str(file))
    assert status == 0
    assert "o4 c4 d8 e f2" in out
    assert invoke("import", str(file), "-o", str(again), "--grid", "16")[0] == 0
    assert invoke("check", str(again))[0] == 0
    assert run(["score", "import", str(again)]) == 2
    assert "no MIDI file" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_info_draws_each_part(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"song.{ending}"
    text = "violin: o4 c d %here e midi-percussion: o2 c d piano: (vol 20) c/e/g"
    assert invoke("info", "-", "--plot", str(file), text=text)[0] == 0
    assert file.read_bytes().startswith(b"\x89PNG" if ending == "png" else b"<?xml")
    assert [each.name for each in tmp_path.iterdir()] == [file.name]


def test_what_cannot_be_drawn_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = tmp_path / "song.alda"
    song.write_text("piano: r")
    assert run(["score", "info", str(song), "--plot", str(tmp_path / "a.png")]) == 2
    assert run(["score", "info", str(song), "--plot", str(tmp_path / "a.txt")]) == 2
    song.write_text("piano: c")
    assert run(["score", "info", str(song), "--plot", str(tmp_path / "no" / "a.png")]) == 2
    assert "cannot be drawn" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["song.alda"]


def test_a_score_is_engraved(tmp_path: Path) -> None:
    """By a library that engraves: noteheads, stems and a clef, on one page."""
    for name in ("song.svg", "song.musicxml"):
        text = "violin: o4 {c d e}4 f8 g %here c2 percussion: o2 c4 d"
        assert invoke("export", "-", "-o", str(tmp_path / name), text=text)[0] == 0
    engraved = (tmp_path / "song.svg").read_text()
    assert engraved.count('class="note"') >= 6
    assert 'class="tuplet"' in engraved and "here" in engraved
    assert b"<score-partwise" in (tmp_path / "song.musicxml").read_bytes()
