"""The picture is drawn for every kind of sound; what it looks like was looked at."""

import subprocess
import sys
from pathlib import Path

import numpy
import pytest
from matplotlib.image import imread

from marmalade_sc.errors import RenderError
from marmalade_sc.measures.plot import PlotEvent, plot

EVENTS = [
    PlotEvent(0.0, 0.1, "d1", "kick"),
    PlotEvent(0.5, 0.1, "d1", "hihat"),
    PlotEvent(0.25, 0.5, "b1", "bass", 45),
]


def sound(seconds: float = 1.0, channels: int = 2) -> numpy.ndarray:
    return numpy.random.default_rng(1).uniform(-0.5, 0.5, (round(48000 * seconds), channels))


@pytest.mark.parametrize(
    ("samples", "events"),
    [
        (sound(), EVENTS),
        (sound(channels=1), EVENTS[:1]),
        (sound(channels=4), EVENTS[2:]),
        (sound() * 4, []),
        (numpy.zeros((48000, 2)), EVENTS),
        (numpy.zeros((3, 2)), []),
        (numpy.zeros((0, 2)), []),
        (numpy.full((4800, 1), numpy.nan), []),
    ],
    ids=["stereo", "mono", "four channels", "clipped", "silent", "three frames", "nothing", "not a number"],
)
def test_a_picture_is_drawn_of_any_sound(tmp_path: Path, samples: numpy.ndarray, events: list[PlotEvent]) -> None:
    plot(tmp_path / "out.png", samples, 48000, events, title="a title")
    picture = imread(tmp_path / "out.png")
    assert picture.shape[:2] == (900, 1400)
    assert picture[0, 0, :3].max() < 0.15, "dark"
    assert picture[:, :, :3].max() > 0.7, "and something on it"


def test_the_same_sound_is_the_same_picture(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        plot(tmp_path / name, sound(), 48000, EVENTS)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_path_that_cannot_be_written_is_a_render_error(tmp_path: Path) -> None:
    with pytest.raises(RenderError, match="cannot be written"):
        plot(tmp_path / "missing" / "out.png", sound(), 48000, [])


def test_matplotlib_is_imported_only_to_draw() -> None:
    code = "import sys, marmalade_sc.measures.plot; print([m for m in ('matplotlib', 'scipy') if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
