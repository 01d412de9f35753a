"""One set, live and rendered: the same notes with the same controls at the same timetags. 0 differences."""

from fractions import Fraction

import pytest

from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.eventlog import read_event_log
from marmalade_sc.engine.limits import Limits
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.voices import WALL, VoiceTable
from marmalade_sc.player.rendering.offline import orchestra_for
from marmalade_sc.player.rendering.render import START, SetPlayer
from marmalade_sc.sdk.frames import Bundles
from marmalade_sc.sdk.osc import read_bundle, read_message
from marmalade_sc.settings.load import load
from tests.live.players import LivePlayer
from tests.player.deadline import eventually

pytestmark = pytest.mark.live

SET = """
z1 >> s("bd*4, ~ sn").sometimes(lambda p: p.fast(2))
z2 >> s("hh*16?").fast("<1 2>")
z3 >> bass("<0 3 5 [7 8]>*4", dur=.5).off(1/8, lambda p: p.rev())
z4 >> s("[bd|sn|hh](5,8,<0 3>)").swing(1/3)
"""
NAMES = ("z1", "z2", "z3", "z4")
Note = tuple[Fraction, str, str, tuple[float, ...]]


def note(timeline: Timeline, due: int, track: str, content: bytes) -> Note:
    """A note without what differs by design: its node. Its time is the exact one of its cycle, or this fails."""
    _, arguments = read_message(content)
    cycle = timeline.cycle(due).limit_denominator(10_000)
    assert timeline.timetag(cycle) == due
    values = arguments[5]
    assert isinstance(values, list)
    return cycle, track, str(arguments[0]), tuple(values)


def live_notes(player: LivePlayer, timeline: Timeline) -> list[Note]:
    found = []
    for section in read_event_log(player.places.jam("home").history):
        if isinstance(section, Bundles) and section.track in NAMES:
            for data in section.bundles():
                due, messages = read_bundle(data)
                found += [note(timeline, due, section.track, content) for content in messages]
    return sorted(found)


def rendered_notes(player: LivePlayer, cycles: int) -> list[Note]:
    orchestra, definitions = orchestra_for(player.places, load(player.places.config))
    source = SetPlayer(orchestra, SET, "set.py", bpm=240)
    voices = VoiceTable(WALL)
    voices.add(definitions.rows)
    logged: list[tuple[int, str, bytes]] = []
    dispatcher = Dispatcher(
        voices,
        Mixer(),
        Limits(pending=1 << 60, held=1 << 60),
        log=lambda due, track, content, sample: logged.append((due, track, content)),
    )
    timeline = Timeline.steady(240, START)
    for _ in source.run(dispatcher, timeline.timetag(Fraction(cycles))):
        pass
    return sorted(note(timeline, *each) for each in logged)


def test_what_is_heard_live_is_what_is_rendered(player: LivePlayer) -> None:
    (landing, *_) = player.evaluate(SET)["landings"]
    first = int(landing["cycle"])
    timeline = player.timeline()
    last = first + 6
    eventually(lambda: any(when >= timeline.timetag(Fraction(last)) for when in player.notes("z1")), 20.0)
    live = [each for each in live_notes(player, timeline) if first <= each[0] < last]
    rendered = [each for each in rendered_notes(player, last + 1) if first <= each[0] < last]
    assert len(live) > 100
    assert live == rendered
