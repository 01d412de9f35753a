"""Pictures of what sounds, as lines of styled text: steps, piano roll, scope, spectrum. Pure."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import groupby
from typing import TYPE_CHECKING, Final

from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.shell.board import Board, Scope
from marmalade_sc.shell.status import Styled, meter

if TYPE_CHECKING:
    import numpy
    import numpy.typing

__all__ = ["COLOURS", "Lines", "piano_roll", "scope_view", "spectrum_view", "step_view"]

Lines = list[Styled]

COLOURS: Final = 8
"""Tracks take turns with so many classes: roll.0 to roll.7."""
_NO_CELLS: Final[frozenset[int]] = frozenset()
_ROLL: Final = 8 * UNITS_PER_SECOND
"""Time on the piano roll; a note that is longer is seen as long as it began so long before it."""
_NAMES: Final = ("c", "c#", "d", "d#", "e", "f", "f#", "g", "g#", "a", "a#", "b")
_DOTS: Final = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Braille dots by column and row of a character."""
_STROKES: Final = [[[sum(dots[low : high + 1]) for high in range(4)] for low in range(4)] for dots in _DOTS]
"""Dots from one row of a character to another."""
_BRAILLE: Final = [chr(0x2800 + each) for each in range(256)]
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
    grid = "".join("·" if cell % max(1, cells // 4) else "┊" for cell in range(cells))
    this, last = _onsets(board, bar, cells)
    if len(tracks) > height:  # then those that sound come first: forty that were tried out must not hide one that plays
        tracks = sorted(tracks, key=lambda name: name not in this and name not in last)
    lines: Lines = []
    for name in tracks[: max(0, height)]:
        level = board.levels.get(name)
        line: Styled = [("class:track", f" {name[:name_width]:<{name_width}} ")]
        line.append(meter(max(level)) if level is not None else ("class:rest", " "))
        line.append(("class:plain", " "))
        now_on, before = this.get(name, _NO_CELLS), last.get(name, _NO_CELLS)
        done = 0
        for cell in sorted({here, *now_on, *(each for each in before if each > here)}):
            is_on = cell != here or cell in now_on
            style = "now" if cell == here else "on" if cell < here else "off"
            line.append(("class:step.grid", grid[done:cell]))
            line.append((f"class:step.{style}", "■" if is_on else grid[cell]))
            done = cell + 1
        line.append(("class:step.grid", grid[done:]))
        lines.append(_merged([part for part in line if part[1]]))
    if len(tracks) > height > 0:
        lines[-1] = [("class:rest", f" and {len(tracks) - height + 1} more"[:width])]
    return _filled(lines, width, height)


def _onsets(board: Board, bar: int, cells: int) -> tuple[dict[str, set[int]], dict[str, set[int]]]:
    """By track, the cells in which notes begin: of a bar, and of the one before it."""
    assert board.timeline is not None
    before, begin, end = (board.timeline.timetag(Fraction(each)) for each in (bar - 1, bar, bar + 1))
    this, last = max(1, end - begin), max(1, begin - before)
    now_on: dict[str, set[int]] = {}
    before_on: dict[str, set[int]] = {}
    for step in board.lately(before):
        due = step.due
        if begin <= due < end:
            now_on.setdefault(step.track, set()).add((due - begin) * cells // this)
        elif before <= due < begin:
            before_on.setdefault(step.track, set()).add((due - before) * cells // last)
    return now_on, before_on


def piano_roll(board: Board, now: int, width: int, height: int) -> Lines:
    """The last eight seconds: pitches up, time to the right, a row for each track without pitch below.

    It moves by whole columns, and a note's columns are always the same: nothing trembles, and nothing is drawn between.
    """
    room = width - 6
    if room < 8 or height < 1:
        return _filled([], width, height)
    heard = now - board.latency
    newest = heard * room // _ROLL
    since = (newest - room + 1) * _ROLL // room
    earliest = since - _ROLL
    pitched: list[tuple[float, str, int, int]] = []
    others: list[tuple[str, int, int]] = []
    for step in board.lately(earliest):
        due = step.due
        end = due + step.length
        if due > heard or (end <= since and due < since):
            continue
        last = heard if end > heard else end
        midi = step.midi
        if midi is None:
            others.append((step.track, due, last))
        else:
            pitched.append((midi, step.track, due, last))
    colour = {name: f"class:roll.{place % COLOURS}" for place, name in enumerate(board.track_names())}
    drums = sorted({track for track, _, _ in others})[: max(0, height // 2)]
    rows = max(0, height - len(drums))
    low, span = _range([note for note, _, _, _ in pitched], rows)
    notes = [(rows + drums.index(track), track, due, end) for track, due, end in others if track in drums]
    if rows:
        notes += [
            (rows - 1 - min(rows - 1, max(0, int((round(midi) - low) * rows / span))), track, due, end)
            for midi, track, due, end in pitched
        ]
    signs = [[" "] * room for _ in range(height)]
    styles = [["class:roll.grid"] * room for _ in range(height)]
    first = newest - room + 1
    for row, track, due, last in reversed(notes):  # the newest note of a place is seen
        column = due * room // _ROLL - first
        end = max(last * room // _ROLL - first, column + 1)
        begin = max(0, column)
        if end > begin:
            count = min(end, room) - begin
            signs[row][begin : begin + count] = "━" * count
            styles[row][begin : begin + count] = [colour.get(track, "class:roll.0")] * count
            if column >= 0:
                signs[row][column] = "▌"
    names = [_pitch_name(low, span, rows, row) for row in range(rows)] + [f"{name[:5]:<5}" for name in drums]
    return [
        [("class:rest", f"{name:<5}│"), *_in_runs("".join(sign), _runs(style))]
        for name, style, sign in zip(names, styles, signs, strict=True)
    ]


def _runs(styles: Sequence[str]) -> list[tuple[str, int, int]]:
    """Neighbours of one style: (style, begin, end)."""
    found, begin, end = [], 0, len(styles)
    while begin < end:
        style, after = styles[begin], begin + 1
        while after < end and styles[after] == style:
            after += 1
        found.append((style, begin, after))
        begin = after
    return found


def _in_runs(text: str, runs: Sequence[tuple[str, int, int]]) -> Styled:
    """A line as few parts: the terminal's bytes are what a refresh costs."""
    return [(style, text[begin:end]) for style, begin, end in runs]


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
    columns, rows, count = width * 2, height * 4, len(samples)
    places = [min(count - 1, column * count // columns) for column in range(columns)] if count else []
    heights = [min(rows - 1, max(0, round((1 - samples[at]) / 2 * (rows - 1)))) for at in places]
    dots = [[0] * width for _ in range(height)]
    before = heights[0] if heights else 0
    for column, row in enumerate(heights):
        low, high = (row, before) if row < before else (before, row)
        bits, at = _STROKES[column % 2], column // 2
        for line in range(low // 4, high // 4 + 1):
            dots[line][at] |= bits[max(0, low - line * 4)][min(3, high - line * 4)]
        before = row
    return [[("class:scope", "".join([_BRAILLE[each] for each in line]))] for line in dots]


def spectrum_view(board: Board, now: int, width: int, height: int) -> Lines:
    """Level over pitch: 30 Hz to 16 kHz, each column the same share of an octave; from -84 dBFS at the bottom."""
    count = min(len(board.scope.left), len(board.scope.right))
    if count < 64 or width < 8 or height < 2:
        return _filled([[("class:rest", " nothing to see yet"[:width])]], width, height)
    levels = _spectrum_db(board.scope, count, width)
    rows = height - 1
    runs = _runs([meter(level + 6)[0] for level in levels])
    eighths = [round((level + _SPECTRUM_DB) / _SPECTRUM_DB * rows * 8) for level in levels]
    lines: Lines = []
    for base in range((rows - 1) * 8, -1, -8):
        signs = ["█" if (part := each - base) >= 8 else _BLOCKS[part] if part > 0 else " " for each in eighths]
        lines.append(_in_runs("".join(signs), runs))
    return [*lines, [("class:rest", _frequency_axis(width))]]


def _spectrum_db(scope: Scope, count: int, columns: int) -> list[float]:
    import numpy  # 0.1 s to import: only who looks at a spectrum pays

    window, edges = _bands(count, scope.rate, columns)
    samples = numpy.add(scope.left[:count], scope.right[:count]) / 2
    bins = numpy.abs(numpy.fft.rfft(samples * window))
    loudest = [float(bins[first:last].max()) for first, last in edges]
    return [20 * math.log10(max(each, 1e-6)) for each in loudest]


@lru_cache(4)
def _bands(
    count: int, rate: float, columns: int
) -> tuple["numpy.typing.NDArray[numpy.float64]", list[tuple[int, int]]]:
    """A window for so many samples that leaves a sine's peak as it is, and the bins of each column."""
    import numpy

    window = numpy.hanning(count)
    bins = count // 2 + 1
    edges = []
    for column in range(columns):
        low, high = (_frequency(column + each, columns) * count / rate for each in (0, 1))
        first = min(bins - 1, round(low))
        edges.append((first, min(bins, max(first + 1, round(high)))))
    return window * (2 / window.sum()), edges


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
