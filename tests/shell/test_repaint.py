"""A window that is drawn again by itself looks as it would in a drawing of everything."""

import asyncio
import io
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.output.vt100 import Vt100_Output

from marmalade_sc.settings.keymap import read_keys
from marmalade_sc.settings.keys import ACTIONS
from marmalade_sc.shell.buffers import code_buffer, prompt_buffer
from marmalade_sc.shell.desk import Desk, Look, Panel
from marmalade_sc.shell.fullscreen import FullFace
from marmalade_sc.shell.history import JamHistory
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.plain import PlainFace
from marmalade_sc.shell.suggest import Suggestions
from marmalade_sc.shell.themes import style_of

COLUMNS, ROWS = 50, 16
CODE = 'd1 >> s("bd sn")\n# 世界 and a line that is so long that it goes on below it\n\nb1 >> bass("0 <3 5>")'
DRAWS = frozenset({"bar", "code", "view"})
Face = FullFace | PlainFace


class _Paper(io.StringIO):
    """What is written goes to an emulator of a terminal."""

    def __init__(self) -> None:
        super().__init__()
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self.screen)

    def write(self, text: str) -> int:
        self._stream.feed(text)
        return len(text)

    def fileno(self) -> int:
        raise io.UnsupportedOperation

    def seen(self) -> object:
        """All cells, with their colours, and where the cursor stands."""
        screen = self.screen
        cells = [[screen.buffer[row][column] for column in range(COLUMNS)] for row in range(ROWS)]
        return cells, (screen.cursor.y, screen.cursor.x)


def shown(tmp_path: Any, name: str, work: Callable[[Face, Desk, _Paper], Awaitable[None]]) -> None:
    """Do something with a face that runs."""
    options = ShellOptions(
        control=tmp_path / "none",
        catalogue=tmp_path / "none",
        banks=tmp_path / "none",
        history=None,
        history_limit=10,
        scratch=tmp_path / "scratch.py",
        root=tmp_path,
        keymap=read_keys({name: action.keys for name, action in ACTIONS.items()}),
    )

    async def run() -> None:
        paper, desk = _Paper(), Desk()
        output = Vt100_Output(paper, lambda: Size(ROWS, COLUMNS), term="xterm-256color")
        with create_pipe_input() as keys:
            style, terminal = style_of("dark"), (keys, output)
            face: Face
            if name == "full":
                buffer = code_buffer(Suggestions(options), False, CODE)
                face = FullFace(desk, buffer, options, style, KeyBindings(), terminal, lambda: "title", False)
            else:
                buffer = prompt_buffer(Suggestions(options), False, JamHistory(None, 10, str))
                face = PlainFace(desk, buffer, options, style, KeyBindings(), terminal)
            running = asyncio.ensure_future(face.app.run_async(handle_sigint=False))
            while face.app.renderer.last_rendered_screen is None:
                await asyncio.sleep(0)
            await work(face, desk, paper)
            face.app.exit()
            await running

    asyncio.run(run())


styles = st.sampled_from(["class:tempo", "class:bad", "class:meter.low", "class:solo", ""])
line = st.lists(st.tuples(styles, st.text("ab ●世▂", max_size=9)), max_size=7).map(tuple)
spans = st.dictionaries(st.integers(0, 4), st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), min_size=1))
looks = st.builds(
    Look,
    bar=line,
    lit=spans.map(lambda found: {row: tuple(sorted(each)) for row, each in found.items()}),
    flash=st.none() | st.tuples(st.integers(0, 3), st.integers(0, 4)),
    view=st.lists(line, min_size=5, max_size=5).map(tuple),
)


@pytest.mark.parametrize("name", ["full", "plain"])
@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(looks, st.sampled_from([None, "steps", "page"])), min_size=1, max_size=5))
def test_a_part_is_drawn_as_the_whole_would_be(
    tmp_path_factory: pytest.TempPathFactory, name: str, steps: list[tuple[Look, str | None]]
) -> None:
    """A light that stays, a bar over the code, or a cursor elsewhere, would be seen until the next key."""

    async def work(face: Face, desk: Desk, paper: _Paper) -> None:
        for look, kind in steps:
            desk.panel = Panel(kind, lines=("one", "", "three") if kind == "page" else ()) if kind else None
            face.app._redraw()
            desk.look = look
            face.repaint(DRAWS)
            while face.app.invalidated:  # a light on a bracket that is marked: all is drawn
                await asyncio.sleep(0.001)
            parts = paper.seen()
            face.app.renderer.clear()
            face.app._redraw()
            assert parts == paper.seen()
            face.app._redraw()
            assert parts == paper.seen(), "what is remembered is what is shown"

    shown(tmp_path_factory.getbasetemp(), name, work)


def test_the_prompt_draws_what_it_has(tmp_path: Any) -> None:
    """Code that was lit when the full screen gave way to the prompt stopped the prompt's bar for good."""

    async def work(face: Face, desk: Desk, paper: _Paper) -> None:
        desk.look = Look(bar=(("class:tempo", " ● 120 bpm "),))
        face.repaint({"bar", "code"})
        assert "● 120 bpm" in "\n".join(paper.screen.display)
        face.repaint({"code"})

    shown(tmp_path, "plain", work)


def test_a_pulse_costs_a_few_bytes(tmp_path: Any) -> None:
    """A terminal over a slow line has no time for more."""

    async def work(face: Face, desk: Desk, paper: _Paper) -> None:
        desk.look = Look(bar=(("class:tempo", " ● 120 bpm "),))
        face.repaint({"bar"})
        before = face.app.renderer.last_rendered_screen
        written: list[str] = []
        take = paper.write
        paper.write = lambda text: written.append(text) or take(text)  # type: ignore[method-assign, func-returns-value]
        desk.look = replace(desk.look, bar=(("class:tempo", " ○ 120 bpm "),))
        face.repaint({"bar"})
        assert "○" in "".join(written) and len("".join(written)) < 120
        assert face.app.renderer.last_rendered_screen is before

    shown(tmp_path, "full", work)


def test_a_light_costs_its_own_characters(tmp_path: Any) -> None:
    """Fifty lit lines must not be laid out anew with each hi-hat."""

    async def work(face: Face, desk: Desk, paper: _Paper) -> None:
        desk.look = Look(lit={0: ((9, 2), (12, 2))})
        face.app._redraw()
        written: list[str] = []
        take = paper.write
        paper.write = lambda text: written.append(text) or take(text)  # type: ignore[method-assign, func-returns-value]
        desk.look = Look(lit={0: ((9, 2),)})
        face.repaint({"code"})
        assert not face.app.invalidated
        assert "sn" in "".join(written) and "bd" not in "".join(written) and len("".join(written)) < 120

    shown(tmp_path, "full", work)


def test_a_step_of_a_view_costs_its_own_characters(tmp_path: Any) -> None:
    """A playhead that moves by a cell must not have all lines of the view compared and sent."""

    async def work(face: Face, desk: Desk, paper: _Paper) -> None:
        rows = [(("class:track", f" d{n} "), ("class:step.grid", "·" * 30)) for n in range(5)]
        desk.panel, desk.look = Panel("steps"), Look(view=tuple(rows))
        face.app._redraw()
        desk.look = Look(view=(*rows[:2], (("class:track", " d2 "), ("class:step.on", "■"), *rows[2][1:]), *rows[3:]))
        face.repaint({"view"})  # a style that has not been there: the window is drawn
        rows[2] = (rows[2][0], ("class:step.grid", "··"), ("class:step.on", "■"), ("class:step.grid", "·" * 27))
        desk.look = Look(view=tuple(rows))
        written: list[str] = []
        take = paper.write
        paper.write = lambda text: written.append(text) or take(text)  # type: ignore[method-assign, func-returns-value]
        face.repaint({"view"})
        assert not face.app.invalidated
        assert " d2 ··■···" in "\n".join(paper.screen.display)
        assert "".join(written).count("·") == 1 and len("".join(written)) < 120

    shown(tmp_path, "full", work)


def test_what_is_to_be_drawn_anyway_is_not_drawn_before(tmp_path: Any) -> None:
    """A key was pressed: where the lines of the code are is not known before the next drawing."""

    async def work(face: Face, desk: Desk, paper: _Paper) -> None:
        before = paper.seen()
        face.app.current_buffer.text = "\n\n" + CODE
        assert face.app.invalidated
        desk.look = Look(bar=(("class:tempo", " ● 120 bpm "),))
        face.repaint(DRAWS)
        assert paper.seen() == before

    shown(tmp_path, "full", work)


def test_a_library_that_is_otherwise_inside_is_drawn_whole(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the version in requirements.txt is known from within; `pip install` may bring another."""

    async def work(face: Face, desk: Desk, paper: _Paper) -> None:
        for moved in ("○", "●"):
            desk.look = Look(bar=(("class:tempo", f" {moved} 120 bpm "),))
            with monkeypatch.context() as patch:
                patch.delattr("prompt_toolkit.renderer._output_screen_diff")
                face.repaint({"bar"})
            assert face.app.invalidated, "all of it will be drawn"
            face.app._redraw()
            assert f"{moved} 120 bpm" in "\n".join(paper.screen.display)
            face.app._invalidated = False

    shown(tmp_path, "full", work)
