"""A picture of a score: a piano roll of each part above the same seconds. Imports matplotlib when it draws."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Final

from marmalade_sc.errors import ScoreError
from marmalade_sc.scores import Score, sound_of, track_names

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from marmalade_sc.scores import ScorePart, Sounding

__all__ = ["draw_score"]

_BACKGROUND, _PANEL, _TEXT, _GRID = "#14151a", "#1b1d24", "#d8dae2", "#2c2f3a"
_COLOURS: Final = ("#f0a04b", "#56b4e9", "#7fd1ae", "#e57ba3", "#e8d44d", "#9f8fef", "#d96c4f", "#8fbf5f")
_KINDS: Final = (".png", ".svg", ".pdf")
_MOST_PARTS: Final = 24
_HEIGHT_INCHES, _WIDTH_INCHES = 1.7, 14.0


def draw_score(path: Path, score: Score, title: str) -> None:
    """Draw a score. Bars are as long as notes sound, and the stronger the louder they are; lines are markers.

    Raises:
        ScoreError: the ending is none that can be drawn, nothing sounds, or the picture cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    if path.suffix.lower() not in _KINDS:
        raise ScoreError(f"{path} cannot be drawn: {path.suffix!r} is no picture", hint=f"Write {', '.join(_KINDS)}.")
    by_part: dict[int, list[Sounding]] = {}
    for note in score.notes:
        by_part.setdefault(note.part, []).append(note)
    parts = [part for part in score.parts if part.number in by_part][:_MOST_PARTS]
    if not parts:
        raise ScoreError("there is nothing to draw: no note sounds", hint="Write piano: c d e.")
    names = track_names(score)
    size = (_WIDTH_INCHES, 1.2 + _HEIGHT_INCHES * len(parts))
    figure = Figure(figsize=size, dpi=100, facecolor=_BACKGROUND, layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(len(parts), 1, sharex=True, squeeze=False)[:, 0]
    for place, (part, axes) in enumerate(zip(parts, panels, strict=True)):
        _draw_part(axes, part, by_part[part.number], _COLOURS[place % len(_COLOURS)])
        _mark(axes, score, is_top=place == 0)
        axes.set_ylabel(names[part.number], color=_TEXT)
        _dress(axes)
    panels[-1].set_xlim(0, max(score.length_ms / 1000, 0.001))
    panels[-1].set_xlabel("seconds", color=_TEXT)
    left_out = len(by_part) - len(parts)
    figure.suptitle(f"{title}, and {left_out} parts more" if left_out else title, color=_TEXT, fontsize=12)
    aside = path.with_name(f".{path.name}.part")
    try:
        figure.savefig(aside, format=path.suffix[1:].lower(), facecolor=_BACKGROUND)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise ScoreError(f"{path} cannot be drawn: {error.strerror}", hint="Choose another place.") from error


def _draw_part(axes: "Axes", part: "ScorePart", notes: "list[Sounding]", colour: str) -> None:
    if part.instrument.is_percussion:
        drums = sorted({sound_of(part.instrument, note.midi).synth for note in notes})
        rows = [float(drums.index(sound_of(part.instrument, note.midi).synth)) for note in notes]
        axes.set_yticks(range(len(drums)), drums)
        axes.set_ylim(-0.7, len(drums) - 0.3)
    else:
        rows = [note.midi for note in notes]
        low, high = math.floor(min(rows)), math.ceil(max(rows))
        octaves = range(12 * math.ceil((low - 3) / 12), high + 4, 12)
        axes.set_yticks(list(octaves), [f"c{note // 12 - 1}" for note in octaves])
        axes.set_ylim(low - 3, high + 3)
    for note, row in zip(notes, rows, strict=True):
        begin, lasting = note.offset_ms / 1000, note.audible_ms / 1000
        axes.barh(row, lasting, left=begin, height=0.8, color=colour, alpha=0.25 + 0.75 * note.volume, linewidth=0)


def _mark(axes: "Axes", score: Score, is_top: bool) -> None:
    for name, at_ms in score.markers.items():
        axes.axvline(at_ms / 1000, color=_TEXT, linewidth=0.8, linestyle=":")
        if is_top:
            place = (at_ms / 1000, 1.0)
            axes.annotate(
                f"%{name}", place, xycoords=("data", "axes fraction"), color=_TEXT, fontsize=8, va="bottom", ha="center"
            )


def _dress(axes: "Axes") -> None:
    axes.set_facecolor(_PANEL)
    axes.tick_params(colors=_TEXT, labelsize=8)
    axes.grid(color=_GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    for spine in axes.spines.values():
        spine.set_color(_GRID)
