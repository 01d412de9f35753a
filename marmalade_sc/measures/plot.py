"""A picture of a sound: waveform, spectrogram and piano roll, as a dark PNG. Imports matplotlib when it draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy

from marmalade_sc.errors import RenderError
from marmalade_sc.measures.audio import Samples, Source, open_source
from marmalade_sc.measures.levels import FLOOR_DB

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["PlotEvent", "plot"]

_BACKGROUND, _PANEL, _TEXT, _GRID = "#14151a", "#1b1d24", "#d8dae2", "#2c2f3a"
#: Told apart on the dark ground, also by those who see red and green alike (after Okabe and Ito).
_COLOURS = ("#f0a04b", "#56b4e9", "#7fd1ae", "#e57ba3", "#e8d44d", "#9f8fef", "#d96c4f", "#8fbf5f")
_SIZE_INCHES, _DPI = (14.0, 9.0), 100
#: Columns of the waveform and of the spectrogram: about one for each dot of the picture.
_COLUMNS = 1250
_WINDOW = 2048
_LOWEST_HZ, _SPECTRUM_ROWS = 30.0, 320
_QUIETEST_DB, _LOUDEST_DB = -100.0, -15.0


@dataclass(frozen=True, slots=True)
class PlotEvent:
    """One note of the piano roll: from `start_s` for `duration_s`, on a line of `track`.

    `pitch` is a MIDI note number; None stands for a sound without pitch, drawn on a line of its own by `label`.
    """

    start_s: float
    duration_s: float
    track: str
    label: str
    pitch: float | None = None


def plot(
    path_out: Path, audio: Path | Samples, rate: int | None, events: Sequence[PlotEvent], *, title: str = ""
) -> None:
    """Draws a sound (a file, or an array with its rate) and the events that made it into a PNG of 1400 x 900.

    Memory is bounded: of long sounds, each column shows what it can of its share.

    Raises:
        SampleError: when the sound cannot be read.
        RenderError: when the picture cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # 0.4 s, and no window system
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE_INCHES, dpi=_DPI, facecolor=_BACKGROUND, layout="constrained")
    FigureCanvasAgg(figure)
    wave, spectrum, roll = figure.subplots(3, 1, sharex=True, height_ratios=(2, 4, 3))
    with open_source(audio, rate) as source:
        duration_s = max(source.frames / source.rate, 1e-3)
        _draw_wave(wave, source)
        _draw_spectrum(figure, spectrum, source)
    _draw_roll(roll, events)
    for axes in (wave, spectrum, roll):
        _dress(axes)
    roll.set_xlim(0, duration_s)
    roll.set_xlabel("seconds", color=_TEXT)
    if title:
        figure.suptitle(title, color=_TEXT, fontsize=12)
    try:
        figure.savefig(path_out, format="png", facecolor=_BACKGROUND)
    except OSError as error:
        raise RenderError(
            f"the picture {path_out} cannot be written: {error.strerror}", hint="choose another"
        ) from error


def _draw_wave(axes: Axes, source: Source) -> None:
    columns = max(1, min(_COLUMNS, source.frames))
    edges = numpy.linspace(0, source.frames, columns + 1).astype(int)
    shown = min(source.channels, 2)
    low, high = numpy.zeros((columns, shown)), numpy.zeros((columns, shown))
    root = numpy.zeros((columns, shown))
    for column in range(columns):
        frames = _finite(source.read(int(edges[column]), int(edges[column + 1] - edges[column])))[:, :shown]
        if len(frames):
            low[column], high[column] = frames.min(axis=0), frames.max(axis=0)
            root[column] = numpy.sqrt(numpy.square(frames).mean(axis=0))
    seconds = (edges[:-1] + edges[1:]) / 2 / source.rate
    for channel in range(shown):
        # Two channels share the height, left above right; one has it alone.
        centre, half = (0.0, 1.0) if shown == 1 else (0.5 - channel, 0.5)
        colour = _COLOURS[channel]
        peak = numpy.clip(numpy.stack([low[:, channel], high[:, channel]]), -1, 1) * half + centre
        axes.fill_between(seconds, peak[0], peak[1], color=colour, alpha=0.55, linewidth=0.4)
        inner = numpy.clip(root[:, channel], 0, 1) * half
        axes.fill_between(seconds, centre - inner, centre + inner, color=colour, linewidth=0)
        over = numpy.maximum(high[:, channel], -low[:, channel]) >= 1.0
        if over.any():
            axes.plot(seconds[over], numpy.full(int(over.sum()), centre + half * 0.97), "v", color="#ff5555", ms=4)
    axes.set_ylim(-1, 1)
    axes.set_yticks([0.0] if shown == 1 else [0.5, -0.5], ["mono"] if shown == 1 else ["left", "right"])
    axes.set_ylabel("waveform", color=_TEXT)


def _draw_spectrum(figure: Any, axes: Axes, source: Source) -> None:
    columns = max(1, min(_COLUMNS, source.frames // (_WINDOW // 8) + 1))
    starts = numpy.linspace(0, max(0, source.frames - 1), columns).astype(int) - _WINDOW // 2
    window = numpy.hanning(_WINDOW)
    rows = numpy.geomspace(_LOWEST_HZ, source.rate / 2, _SPECTRUM_ROWS)
    bins = numpy.fft.rfftfreq(_WINDOW, 1 / source.rate)
    picture = numpy.full((_SPECTRUM_ROWS, columns), FLOOR_DB)
    for column, start in enumerate(starts):
        frames = _finite(source.read(int(start), _WINDOW)).mean(axis=1)
        padded = numpy.zeros(_WINDOW)
        offset = max(0, -int(start))
        padded[offset : offset + len(frames)] = frames[: _WINDOW - offset]
        size = numpy.abs(numpy.fft.rfft(padded * window)) / (window.sum() / 2)
        picture[:, column] = 20 * numpy.log10(numpy.interp(rows, bins, size) + 1e-10)
    duration_s = max(source.frames / source.rate, 1e-3)
    mesh = axes.pcolormesh(
        numpy.linspace(0, duration_s, columns),
        rows,
        picture,
        cmap="inferno",
        vmin=_QUIETEST_DB,
        vmax=_LOUDEST_DB,
        shading="nearest",
        rasterized=True,
    )
    axes.set_yscale("log")
    axes.set_ylim(_LOWEST_HZ, source.rate / 2)
    ticks = [hertz for hertz in (50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000) if hertz < source.rate / 2]
    axes.set_yticks(ticks, [f"{hertz // 1000}k" if hertz >= 1000 else str(hertz) for hertz in ticks])
    axes.minorticks_off()
    axes.set_ylabel("Hz", color=_TEXT)
    bar = figure.colorbar(mesh, ax=axes, pad=0.008, aspect=30, fraction=0.03)
    bar.set_label("dBFS", color=_TEXT)
    bar.ax.tick_params(colors=_TEXT, labelsize=8)
    bar.outline.set_edgecolor(_GRID)


def _draw_roll(axes: Axes, events: Sequence[PlotEvent]) -> None:
    """Pitches as they stand, sounds without pitch on lines of their own below; one colour for each track."""
    axes.set_ylabel("notes", color=_TEXT)
    if not events:
        axes.text(0.5, 0.5, "no events", transform=axes.transAxes, color=_TEXT, alpha=0.6, ha="center", va="center")
        axes.set_yticks([])
        return
    tracks = list(dict.fromkeys(event.track for event in events))
    unpitched = sorted({event.label for event in events if event.pitch is None}, reverse=True)
    pitches = [event.pitch for event in events if event.pitch is not None]
    lowest = min(pitches) if pitches else 0.0
    # Sixteen lines or fewer fit with their names; the more pitches there are, the wider they stand.
    step = max(2.0, (max(pitches, default=0.0) - lowest) / max(4, 15 - len(unpitched)))
    lines = {label: lowest - step * (len(unpitched) - index) for index, label in enumerate(unpitched)}
    for index, track in enumerate(tracks):
        mine = [event for event in events if event.track == track]
        at = [lines[event.label] if event.pitch is None else event.pitch for event in mine]
        height = [step * 0.7 if event.pitch is None else 0.9 for event in mine]
        axes.barh(
            at,
            [event.duration_s for event in mine],
            left=[event.start_s for event in mine],
            height=height,
            color=_COLOURS[index % len(_COLOURS)],
            alpha=0.85,
            edgecolor=_BACKGROUND,
            linewidth=0.4,
            label=track,
        )
    octaves = sorted({12 * (int(pitch) // 12) for pitch in pitches} | {12 * (int(p) // 12) + 12 for p in pitches})
    names = {**{float(octave): f"C{octave // 12 - 1}" for octave in octaves}, **{v: k for k, v in lines.items()}}
    bottom = min([*lines.values(), *pitches]) - step
    top = max([*lines.values(), *pitches]) + 1.5
    names = {p: n for p, n in names.items() if p <= top and (p >= lowest or n in lines)}  # no octave among the lines
    axes.set_ylim(bottom, top)
    axes.set_yticks(list(names), list(names.values()))
    axes.legend(
        loc="upper left", bbox_to_anchor=(1.003, 1.0), frameon=False, labelcolor=_TEXT, fontsize=9, borderaxespad=0
    )


def _dress(axes: Axes) -> None:
    axes.set_facecolor(_PANEL)
    axes.tick_params(colors=_TEXT, labelsize=9)
    axes.grid(True, color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(_GRID)


def _finite(frames: Samples) -> Samples:
    return numpy.nan_to_num(frames, nan=0.0, posinf=0.0, neginf=0.0)
