"""Differences are told where a render is not what it was, and only there."""

import json
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import soundfile

from marmalade_sc.errors import UsageError
from marmalade_sc.measures.compare import TOLERANCES, Difference, compare, table
from marmalade_sc.measures.expect import Report, load_expectation, parse_expectation
from marmalade_sc.measures.measure import Measures, measure
from marmalade_sc.measures.reference import compare_audio

RATE = 48000
NOISE = numpy.random.default_rng(1).uniform(-0.5, 0.5, (RATE, 2))


@pytest.fixture(scope="module")
def measured() -> Measures:
    return replace(measure(NOISE, RATE), onsets=(100, 24000, 36000))


def expect(**measures: object) -> str:
    return json.dumps({"measures": measures})


def test_a_sound_is_as_itself(measured: Measures) -> None:
    assert compare(measured, measured) == []
    report = Report(measured, {"drums": measured})
    assert Report.from_json(report.to_json()) == report
    assert parse_expectation(report.to_json()).differences(report) == [], "what --measures wrote, --expect accepts"


def test_each_measure_has_a_tolerance_and_a_difference(measured: Measures) -> None:
    for name, allowed in TOLERANCES.items():
        value = getattr(measured, name)
        if isinstance(value, tuple):
            changed = (value[0] + allowed * 2 + 1, *value[1:])
        else:
            changed = (value or 0.0) + allowed * 2 + 1
        assert [d.measure.split("[")[0] for d in compare(replace(measured, **{name: changed}), measured)][0] == name
        if not isinstance(value, tuple) and allowed:
            assert compare(replace(measured, **{name: value + allowed * 0.9}), measured) == []


def test_bounds_are_met_or_told(measured: Measures) -> None:
    report = Report(measured, {})
    assert parse_expectation(expect(peak_dbfs={"max": -1.0}, lufs={"min": -40, "max": 0})).differences(report) == []
    assert parse_expectation(expect(rms_db={"min": -20.0}, dc={"max": 0.1})).differences(report) == []
    found = parse_expectation(expect(peak_dbfs={"max": -10.0}, rms_db={"max": -30})).differences(report)
    assert [(d.measure, d.expected) for d in found] == [("peak_dbfs", "..-10"), ("rms_db", "..-30")]
    silent = Report(replace(measured, lufs=None), {})
    assert parse_expectation(expect(lufs={"min": -40})).differences(silent)[0].measured == "none"


def test_missing_and_extra_onsets_are_told_one_by_one(measured: Measures) -> None:
    found = compare(measured, {"onsets": (100.0, 12000.0, 24000.0)})
    assert [(d.expected, d.measured) for d in found] == [("12000", "missing"), ("none", "36000")]
    assert compare(measured, {"onsets": (103.0, 23998.0, 36000.0)}, {"onsets": 3}) == []


def test_many_differences_of_a_list_are_summed_up(measured: Measures) -> None:
    quieter = replace(measured, rms_db=tuple(v - 6 for v in measured.rms_db[:9]))
    found = compare(quieter, {"rms_db": measured.rms_db})
    assert found[0] == Difference("mix", "rms_db (values)", "10", "9", "±0.5")
    assert len(found) == 7 and found[-1].measured == "4 more"


def test_stems_are_compared_by_name(measured: Measures) -> None:
    text = json.dumps({"stems": {"drums": {"peak_dbfs": -30}, "bass": {}}, "tolerances": {"peak_dbfs": 1}})
    found = parse_expectation(text).differences(Report(measured, {"drums": measured}))
    assert [(d.where, d.measure, d.allowed) for d in found] == [("drums", "peak_dbfs", "±1"), ("bass", "stem", "")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "cannot be read"),
        ("[]", "not a JSON object"),
        ('{"mesures": {}}', "no 'mesures'"),
        (expect(peak_dbf=1), "did you mean peak_dbfs"),
        (expect(peak_dbfs="loud"), "cannot be 'loud'"),
        (expect(peak_dbfs=[1]), "one number"),
        (expect(rms_db=-20), "is a list"),
        (expect(peak_dbfs={"most": 1}), "bounds are"),
        (expect(peak_dbfs=None), "cannot be None"),
        ('{"tolerances": {"lufs": "some"}}', "tolerance of lufs"),
        ('{"stems": {"drums": 3}}', "stem drums"),
    ],
)
def test_expectations_that_cannot_be_read_say_why(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_expectation(text)
    assert words in str(caught.value)


def test_a_missing_file_of_expectations_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none.json"):
        load_expectation(tmp_path / "none.json")


def test_a_table_is_aligned_text() -> None:
    text = table([Difference("mix", "lufs", "-16", "-12.5", "±0.1"), Difference("drums", "clipped", "0", "17", "±0")])
    lines = text.splitlines()
    assert lines[0].split() == ["where", "measure", "expected", "measured", "allowed"]
    assert lines[2].split() == ["mix", "lufs", "-16", "-12.5", "±0.1"] and len(lines) == 4
    assert lines[2].index("lufs") == lines[3].index("clipped")
    assert table([]) == ""


def test_a_reference_file_is_compared_sample_by_sample(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", NOISE, RATE, subtype="FLOAT")
    other = NOISE.copy()
    other[30000:30010, 1] += 0.01
    soundfile.write(tmp_path / "b.wav", other, RATE, subtype="FLOAT")
    assert compare_audio(tmp_path / "a.wav", tmp_path / "a.wav", 0.0) == []
    assert compare_audio(tmp_path / "a.wav", NOISE, rate=RATE) == []
    (found,) = compare_audio(tmp_path / "b.wav", tmp_path / "a.wav")
    assert found.measure == "samples" and "10 frames from 30000 (0.625 s)" in found.measured
    assert "-40.0 dBFS" in found.measured
    assert compare_audio(tmp_path / "b.wav", tmp_path / "a.wav", 0.011) == []


def test_references_of_other_length_rate_or_channels_differ() -> None:
    assert [d.measure for d in compare_audio(NOISE[:-1], NOISE, rate=RATE)] == ["frames"]
    assert [d.measure for d in compare_audio(NOISE[:, :1], NOISE, rate=RATE)] == ["channels"]


def test_what_is_not_a_number_differs_from_all_but_its_like() -> None:
    odd = NOISE.copy()
    odd[5, 0] = numpy.nan
    assert compare_audio(odd, odd, rate=RATE) == []
    assert len(compare_audio(odd, NOISE, rate=RATE)) == 1
