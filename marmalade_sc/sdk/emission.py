"""From notes and the stretches of music in which they fall to sections of frames. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.sdk.frames import LARGEST_DATA, Bundles, Section, join_bundles, section_size
from marmalade_sc.sdk.osc import bundle

__all__ = ["Stretch", "note_sections", "small_enough", "stretches_of"]

_LARGEST_SECTION: Final = LARGEST_DATA // 2


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one cycle, exactly and about; `times` remembers timetags, for tracks share their instants."""

    number: int
    cycle_s: float
    low: Fraction
    high: Fraction
    about: tuple[float, float, float, float]
    times: dict[tuple[int, int, int], int]


def stretches_of(begin: Fraction, end: Fraction, timeline: Timeline) -> list[Stretch]:
    """[begin, end) cycle by cycle."""
    stretches = []
    for number in range(begin.numerator // begin.denominator, -(-end.numerator // end.denominator)):
        low, high = max(begin - number, Fraction(0)), min(end - number, Fraction(1))
        cycle_s = timeline.cycle_s(Fraction(number))
        about = (float(low) - 1e-9, float(low) + 1e-9, float(high) - 1e-9, float(high) + 1e-9)
        stretches.append(Stretch(number, cycle_s, low, high, about, {}))
    return stretches


def note_sections(track: str, epoch: int, instants: Iterable[tuple[int, list[bytes]]]) -> Iterator[Bundles]:
    """The notes of a track, one bundle per instant, as sections that are small enough."""
    part: list[bytes] = []
    size = first = 0
    for when, messages in instants:
        for data in _bundles(when, messages):
            if part and size + len(data) > _LARGEST_SECTION:
                yield Bundles(track, epoch, first, join_bundles(part))
                part, size = [], 0
            if not part:
                first = when
            part.append(data)
            size += len(data) + 4
    if part:
        yield Bundles(track, epoch, first, join_bundles(part))


def small_enough(sections: Iterable[Section]) -> Iterator[list[Section]]:
    """Sections in order, as parts of which each fits a frame."""
    part: list[Section] = []
    size = 0
    for section in sections:
        length = section_size(section)
        if part and size + length > LARGEST_DATA:
            yield part
            part, size = [], 0
        part.append(section)
        size += length
    if part:
        yield part


def _bundles(when: int, messages: list[bytes]) -> Iterator[bytes]:
    """The messages of one instant as bundles that fit a section; a dispatcher makes one moment of them again."""
    part: list[bytes] = []
    size = 0
    for content in messages:
        if part and size + len(content) > _LARGEST_SECTION:
            yield bundle(when, part)
            part, size = [], 0
        part.append(content)
        size += len(content) + 4
    yield bundle(when, part)
