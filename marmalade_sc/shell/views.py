"""Pictures of what sounds, as lines of styled text: steps, piano roll, scope, spectrum. Pure."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board
from marmalade_sc.shell.status import Styled, meter

__all__ = ["COLOURS", "Lines", "piano_roll", "scope_view", "spectrum_view", "step_view"]

Lines = list[Styled]

COLOURS: Final = 8
"""Tracks take turns with so many classes: roll.0 to roll.7."""
_ROLL_S: Final = 8.0
_NAMES: Final = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")
_DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Braille dots by row and column of a character."""
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_LOWEST_HZ: Final = 30.0
_HIGHEST_HZ: Final = 16000.0
_SPECTRUM_DB: Final = 84.0


def step_view(board: Board, now: int, width: int, height: int) -> Lines:
    """Each track's bar as steps: lit where a note begins; behind the playhead this bar, before it the last one.

    Where not all have room, those that sound stand first.
    """
    tracks = board.track_names()
    if board.timeline is None or not tracks:
        return _filled([[("class:rest", " no track plays yet"[:width])]], width, height)
    heard = now - board.latency
    cycle = board.timeline.cycle(heard)
    bar = cycle.numerator // cycle.denominator
    name_width = min(max(map(len, tracks)), 12)
    room = width - name_width - 5
    cells = next((each for each in (64, 48, 32, 16, 8) if each <= room), 4)
    here = int((cycle - bar) * cells)
    this, last = _onsets(board, bar, cells), _onsets(board, bar - 1, cells)
    if len(tracks) > height:  # then those that sound come first: forty that were tried out must not hide one that plays
        tracks = sorted(tracks, key=lambda name: name not in this and name not in last)
    lines: Lines = []
    for name in tracks[: max(0, height)]:
        level = board.levels.get(name)
        line: Styled = [("class:track", f" {name[:name_width]:<{name_width}} ")]
        line.append(meter(max(level)) if level is not None else ("class:rest", " "))
        line.append(("class:plain", " "))
        now_on, before = this.get(name, frozenset()), last.get(name, frozenset())
        for cell in range(cells):
            is_on = cell in now_on or (cell > here and cell in before)
            sign = "■" if is_on else "·" if cell % max(1, cells // 4) else "┊"
            style = "now" if cell == here else "on" if is_on and cell <= here else "off" if is_on else "grid"
            line.append((f"class:step.{style}", sign))
        lines.append(_merged(line))
    if len(tracks) > height > 0:
        lines[-1] = [("class:rest", f" and {len(tracks) - height + 1} more"[:width])]
    return _filled(lines, width, height)


def _onsets(board: Board, bar: int, cells: int) -> dict[str, frozenset[int]]:
    assert board.timeline is not None
    begin, end = board.timeline.timetag(Fraction(bar)), board.timeline.timetag(Fraction(bar + 1))
    span = max(1, end - begin)
    found: dict[str, set[int]] = {}
    for step in board.lately(begin):
        if begin <= step.due < end:
            found.setdefault(step.track, set()).add((step.due - begin) * cells // span)
    return {name: frozenset(cells_on) for name, cells_on in found.items()}


def piano_roll(board: Board, now: int, width: int, height: int) -> Lines:
    """The last eight seconds: pitches up, time to the right, a row for each track without pitch below."""
    heard = now - board.latency
    since = heard - round(_ROLL_S * UNITS_PER_SECOND)
    steps = [step for step in board.lately(since - UNITS_PER_SECOND * 8) if step.due + step.length > since]
    steps = [step for step in steps if step.due <= heard]
    colour = {name: place % COLOURS for place, name in enumerate(board.track_names())}
    drums = sorted({step.track for step in steps if step.midi is None})[: max(0, height // 2)]
    rows = max(0, height - len(drums))
    room = width - 6
    if room < 8 or height < 1:
        return _filled([], width, height)
    low, span = _range([step.midi for step in steps if step.midi is not None], rows)
    grid: list[list[tuple[str, str]]] = [[("class:roll.grid", " ")] * room for _ in range(rows + len(drums))]
    for step in reversed(steps):
        row = rows + drums.index(step.track) if step.midi is None and step.track in drums else -1
        if step.midi is not None and rows:
            row = rows - 1 - min(rows - 1, max(0, int((round(step.midi) - low) * rows / span)))
        if row < 0:
            continue
        begin = int((step.due - since) * room / (heard - since))
        end = int((min(step.due + step.length, heard) - since) * room / (heard - since))
        style = f"class:roll.{colour.get(step.track, 0)}"
        for column in range(max(0, begin), min(room, max(end, begin + 1))):
            grid[row][column] = (style, "▌" if column == begin else "━")
    names = [_pitch_name(low, span, rows, row) for row in range(rows)] + [f"{name[:5]:<5}" for name in drums]
    return [
        _merged([("class:rest", f"{name:<5}│"), *cells]) for name, cells in zip(names, grid, strict=True)
    ] or _filled([], width, height)


def _range(notes: Sequence[float], rows: int) -> tuple[int, int]:
    """The lowest note and the number of semitones that are shown: never fewer than there are rows."""
    if not notes:
        return 60, max(1, rows)
    low, high = math.floor(min(notes)), math.ceil(max(notes))
    span = max(high - low + 1, rows, 1)
    return low - (span - (high - low + 1)) // 2, span


def _pitch_name(low: int, span: int, rows: int, row: int) -> str:
    first = low + math.ceil((rows - 1 - row) * span / rows)
    after = low + math.ceil((rows - row) * span / rows)
    c = next((note for note in range(first, after) if note % 12 == 0), None)
    return f"c{c // 12}" if c is not None else ""  # c5 is 60, as in the language


def scope_view(board: Board, now: int, width: int, height: int) -> Lines:
    """Left above right as waves; the left one begins where it rises through zero, so that it stands still."""
    left, right = board.scope.left, board.scope.right
    if not left or width < 4 or height < 2:
        return _filled([[("class:rest", " nothing to see yet"[:width])]], width, height)
    begin = next((i for i in range(1, len(left) // 2) if left[i - 1] < 0 <= left[i]), 0)
    count = len(left) - len(left) // 2
    top = height // 2
    return [
        *_wave(left[begin : begin + count], width, top),
        *_wave(right[begin : begin + count], width, height - top),
    ]


def _wave(samples: Sequence[float], width: int, height: int) -> Lines:
    dots = [[0] * width for _ in range(height)]
    columns, rows = width * 2, height * 4
    before: int | None = None
    for column in range(columns):
        sample = samples[min(len(samples) - 1, column * len(samples) // columns)] if samples else 0.0
        row = min(rows - 1, max(0, round((1 - sample) / 2 * (rows - 1))))
        low, high = (row, row) if before is None else (min(row, before), max(row, before))
        for each in range(low, high + 1):
            dots[each // 4][column // 2] |= _DOTS[each % 4][column % 2]
        before = row
    return [[("class:scope", "".join(chr(0x2800 + each) for each in line))] for line in dots]


def spectrum_view(board: Board, now: int, width: int, height: int) -> Lines:
    """Level over pitch: 30 Hz to 16 kHz, each column the same share of an octave; from -84 dBFS at the bottom."""
    samples = [(left + right) / 2 for left, right in zip(board.scope.left, board.scope.right, strict=False)]
    if len(samples) < 64 or width < 8 or height < 2:
        return _filled([[("class:rest", " nothing to see yet"[:width])]], width, height)
    levels = _spectrum_db(samples, board.scope.rate, width)
    rows = height - 1
    lines: Lines = []
    for row in range(rows):
        line: Styled = []
        for level in levels:
            filled = (level + _SPECTRUM_DB) / _SPECTRUM_DB * rows - (rows - 1 - row)
            style, _ = meter(level + 6)
            line.append((style, _BLOCKS[min(8, max(0, round(filled * 8)))]))
        lines.append(_merged(line))
    return [*lines, [("class:rest", _frequency_axis(width))]]


def _spectrum_db(samples: Sequence[float], rate: float, columns: int) -> list[float]:
    import numpy  # 0.1 s to import: only who looks at a spectrum pays

    window = numpy.hanning(len(samples))
    bins = numpy.abs(numpy.fft.rfft(numpy.asarray(samples) * window)) / (window.sum() / 2)
    found = []
    for column in range(columns):
        low, high = (_frequency(column + each, columns) * len(samples) / rate for each in (0, 1))
        first = min(len(bins) - 1, round(low))
        last = min(len(bins), max(first + 1, round(high)))
        found.append(20 * math.log10(max(float(bins[first:last].max()), 1e-6)))
    return found


def _frequency(column: float, columns: int) -> float:
    return float(_LOWEST_HZ * (_HIGHEST_HZ / _LOWEST_HZ) ** (column / columns))


def _frequency_axis(width: int) -> str:
    axis = [" "] * width
    for frequency, text in (
        (50, "50"),
        (100, "100"),
        (200, "200"),
        (500, "500"),
        (1000, "1k"),
        (2000, "2k"),
        (5000, "5k"),
        (10000, "10k"),
    ):
        place = int(math.log(frequency / _LOWEST_HZ) / math.log(_HIGHEST_HZ / _LOWEST_HZ) * width)
        if place + len(text) <= width and all(each == " " for each in axis[max(0, place - 1) : place + len(text)]):
            axis[place : place + len(text)] = text
    return "".join(axis)


def _merged(line: Styled) -> Styled:
    """Neighbours of one style as one part: the terminal's bytes are what a refresh costs."""
    return [(style, "".join(text for _, text in part)) for style, part in groupby(line, key=lambda each: each[0])]


def _filled(lines: Lines, width: int, height: int) -> Lines:
    return [*lines[: max(0, height)], *([[("class:plain", "")]] * max(0, height - len(lines)))]
