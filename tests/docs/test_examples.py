"""Every example of the documentation is evaluated, played by the dispatcher, and its events are kept as text."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from marmalade_sc.clock.clocks import VirtualClock
from marmalade_sc.clock.timeline import Timeline
from marmalade_sc.clock.timetag import UNITS_PER_SECOND
from marmalade_sc.engine.dispatcher import Dispatcher
from marmalade_sc.engine.mixer import Mixer
from marmalade_sc.engine.voices import EXACT, VoiceTable
from marmalade_sc.errors import UsageError
from marmalade_sc.live.operations import Replace
from marmalade_sc.live.scheduler import Scheduler, Timing
from marmalade_sc.live.session import Evaluation, Session
from marmalade_sc.patterns.controls import voice
from marmalade_sc.patterns.language import namespace
from marmalade_sc.sdk.instruments import Orchestra
from tests.docs.fences import DOCS, ROOT, Fence, fences

GOLDEN = Path(__file__).parent / "golden" / "examples.txt"
START = 16 * UNITS_PER_SECOND

Everything = tuple[Orchestra, Sequence[Mapping[str, object]]]

README, PLAYING = ROOT / "README.md", DOCS / "playing.md"
BLOCKS = [*fences(README, "python"), *fences(PLAYING, "python")]
SETS = sorted((DOCS / "examples").glob("*.py"))


class Stage:
    """A session with its scheduler and dispatcher on a virtual clock: all of a player but its processes."""

    def __init__(self, everything: Everything) -> None:
        orchestra, rows = everything
        timing = Timing()
        self.clock = VirtualClock(START - timing.lookahead - timing.frame)
        self.scheduler = Scheduler(orchestra, Timeline.steady(120, START), timing)
        self.session = Session(
            namespace(),
            voice,
            orchestra,
            lambda: self.scheduler.timeline,
            self.clock.now,
            book=self.scheduler.book,
        )
        voices = VoiceTable(EXACT)
        voices.add(rows)
        self.dispatcher = Dispatcher(voices, Mixer())

    def evaluate(self, code: str) -> Evaluation:
        """Evaluate a block and carry it out."""
        done = self.session.evaluate(code, "block 1")
        self.scheduler.carry_out(done.operations, self.clock.now())
        return done

    def play(self, cycles: int) -> None:
        """Go on for so many cycles of 2 s."""
        for _ in range(cycles * 80):
            for frame in self.scheduler.frames(self.clock.now()):
                self.dispatcher.accept(frame, "docs", self.clock.now())
            self.dispatcher.due(self.clock.now())
            self.clock.advance(self.scheduler.timing.frame)


def _events(done: Evaluation) -> Iterator[str]:
    """Two cycles of what each pattern plays."""
    for operation in done.operations:
        if isinstance(operation, Replace):
            yield f"{operation.track} >>"
            for event in operation.lane.pattern.onsets(Fraction(0), Fraction(2), operation.lane.seed):
                assert event.whole is not None
                assert isinstance(event.value, dict)
                controls = " ".join(f"{key}={_short(value)}" for key, value in sorted(event.value.items()))
                yield f"  {event.whole.begin} {event.whole.end} {controls}"
        else:
            yield re.sub(r"\(.*", "", repr(operation))
    yield from (f"order {order}" for order in done.orders)


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _starter() -> Fence:
    path = ROOT / "marmalade_sc" / "share" / "sets" / "starter.py"
    return Fence(path, 1, "python", path.read_text(encoding="utf-8"))


def _set(path: Path) -> Fence:
    return Fence(path, 1, "python", path.read_text(encoding="utf-8"))


def _text_of(stage: Stage, fence: Fence) -> str:
    lines = "\n".join(_events(stage.evaluate(fence.text)))
    first = fence.text.strip().splitlines()[0]
    return f"# {fence.page.name}: {first}\n{lines}\n"


def _prepared(fence: Fence, everything: Everything) -> Stage:
    """The README's lesson goes on from the starter set; the other blocks stand by themselves."""
    stage = Stage(everything)
    if fence.page == README:
        stage.evaluate(_starter().text)
    return stage


@pytest.mark.parametrize("fence", [*BLOCKS, *map(_set, SETS), _starter()], ids=lambda fence: fence.name)
def test_an_example_plays_without_a_complaint(
    fence: Fence, everything: Everything, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line from the first lesson that fails is where a newcomer stops reading."""
    stage = _prepared(fence, everything)
    complaints: list[str] = []
    stage.scheduler.faults.say = complaints.append
    done = stage.evaluate(fence.text)
    stage.play(4)
    capsys.readouterr()
    assert complaints == []
    assert dict(stage.dispatcher.counts.reasons) == {}
    assert stage.dispatcher.counts.late_dropped == 0
    assert done.operations or done.orders


def test_the_events_of_all_examples_are_as_they_were(
    everything: Everything, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the lesson promises to sound like may only change on purpose: `WRITE_GOLDEN=1` writes the file anew."""
    examples = [*BLOCKS, *map(_set, SETS), _starter()]
    text = "\n".join(_text_of(_prepared(fence, everything), fence) for fence in examples)
    capsys.readouterr()
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def _exchanges() -> list[tuple[str, str]]:
    found = []
    for fence in fences(PLAYING, "session"):
        for part in fence.text.split("♪ ")[1:]:
            typed, _, said = part.partition("\n")
            found.append((typed, said.rstrip("\n")))
    return found


@pytest.mark.parametrize(("typed", "said"), _exchanges(), ids=lambda text: text.splitlines()[0][:40])
def test_a_mistake_is_told_as_documented(typed: str, said: str, everything: Everything) -> None:
    stage = Stage(everything)
    with pytest.raises(UsageError) as caught:
        stage.evaluate(typed)
    assert str(caught.value) == said


def test_the_old_pattern_plays_on_behind_a_mistake(everything: Everything) -> None:
    """Nothing of a block takes effect when a part of it fails."""
    stage = Stage(everything)
    stage.evaluate('d1 >> s("bd*4")')
    stage.play(1)
    before = stage.dispatcher.counts.sent
    with pytest.raises(UsageError):
        stage.evaluate('d1 >> s("hh*8")\nd2 >> s("nothing_of_that_name")')
    stage.play(2)
    assert stage.dispatcher.counts.sent - before == 8
