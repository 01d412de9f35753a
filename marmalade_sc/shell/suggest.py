"""Completion, documentation and signatures for the shell: the words of a moment, read when there is time."""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from marmalade_sc.errors import MarmaladeError
from marmalade_sc.shell.clean import clean
from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.scan import inside_of
from marmalade_sc.shell.status import Styled

if TYPE_CHECKING:
    from marmalade_sc.assist import Page, Words

__all__ = ["Suggestions"]

_ROWS_ABOVE: Final = 60
"""Lines above the cursor that completion looks at: a call over more lines than that is nobody's."""
_WAIT_S: Final = 0.02
_MOST_FILES: Final = 100
_NAMED: Final = frozenset({"set", "scene", "jam", "generator"})
"""What a text names as a whole: few enough to be offered as soon as it is opened, as in `load("`."""
_GO_ON: Final = "_.@"
_GO_ON_IN_TEXT: Final = "_.@#:/'0123456789"
"""Characters, beside letters, behind which completions come unasked."""


class Offer(Completion):
    """A completion with its documentation."""

    doc = ""


class Suggestions(Completer):
    """See the module. Until the words are there nothing is offered."""

    def __init__(self, options: ShellOptions) -> None:
        self._options = options
        self._folders = tuple(options.root / name for name in ("sets", "jams", "generators"))
        self._stamp: tuple[int, ...] = ()
        self._words: Words | None = None
        self._names: Mapping[str, object] = {}
        self._reads = False
        self._again = False

    # The words

    def read(self, names: Mapping[str, object]) -> None:
        """The user's names are `names` now: read all words anew, in a thread."""
        self._names = names
        if self._reads:
            self._again = True
            return
        self._reads = True
        asyncio.get_running_loop().create_task(self._read())

    async def _read(self) -> None:
        while True:
            self._again = False
            self._words = await asyncio.to_thread(self._gather) or self._words
            if not self._again:
                break
        self._reads = False

    def _gather(self) -> "Words | None":
        from marmalade_sc.assist import Words
        from marmalade_sc.player.live.sets import generator_names, jam_names, set_names
        from marmalade_sc.player.sounds.content import read_orchestra, stamp_of

        sets, jams, generators = self._folders
        self._stamp = stamp_of(*self._folders)
        try:
            orchestra = read_orchestra(self._options.catalogue, self._options.banks)
        except (MarmaladeError, OSError, ValueError, KeyError):
            orchestra = None
        return Words.of(
            orchestra=orchestra,
            names={**self._names, "sets": set_names(sets)},
            files=self._files,
            jams=jam_names(jams),
            generators=generator_names(generators),
        )

    def _look_at_folders(self) -> None:
        """Read all words anew where somebody else has put a set, a jam or a generator there, or taken one away."""
        from marmalade_sc.player.sounds.content import stamp_of

        if not self._reads and stamp_of(*self._folders) != self._stamp:
            self.read(self._names)

    def _files(self, start: str) -> Iterable[str]:
        """What may stand behind the beginning of a path; `sets/` and `recordings/` are the player's."""
        folder, slash, name = start.rpartition("/")
        is_ours = start.startswith(("sets/", "recordings/", "samples/"))
        base = self._options.root if is_ours else Path()
        try:
            found = sorted((base / Path(folder + slash).expanduser()).iterdir())
        except OSError:
            return []
        names = [each.name + ("/" if each.is_dir() else "") for each in found if each.name.startswith(name)]
        return [folder + slash + each for each in names[:_MOST_FILES]]

    # Asking

    async def get_completions_async(
        self, document: Document, complete_event: CompleteEvent
    ) -> AsyncGenerator[Completion, None]:
        """Completions at the cursor, when typing has paused for 20 ms."""
        if complete_event.text_inserted:
            await asyncio.sleep(_WAIT_S)
        for each in self.get_completions(document, complete_event):
            yield each

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Completions at the cursor, best first."""
        if self._words is None:
            return
        from marmalade_sc.assist import complete

        self._look_at_folders()
        text, position = _part(document)
        unasked = complete_event.text_inserted
        line, column = document.current_line, document.cursor_position_col
        in_text = inside_of(line, column).kind == "string"
        before = text[position - 1 : position]
        opens = in_text and column > 0 and inside_of(line, column - 1).kind != "string"
        if unasked and not (
            opens or before.isalpha() or (before and before in (_GO_ON_IN_TEXT if in_text else _GO_ON))
        ):
            return
        start, found = complete(text, position, self._words)
        if unasked and opens:
            found = [each for each in found if each.kind in _NAMED]
        typed = text[start:position]
        if unasked and any(each.text == typed for each in found[:1]):
            # A whole name needs no menu; in a text an A may become an Am7.
            found = [each for each in found[1:] if in_text and each.text.startswith(typed)]
        if unasked and not typed[:1].isalpha() and before.isdigit():
            return  # numbers are typed, not chosen
        for each in found:
            offer = Offer(each.text, start - position, display=clean(each.text), display_meta=clean(each.meta, 60))
            offer.doc = clean(each.doc)
            yield offer

    def page_at(self, document: Document) -> "Page | None":
        """The page of what stands at the cursor."""
        if self._words is None:
            return None
        from marmalade_sc.assist import document as page_at

        text, position = _part(document)
        return page_at(text, position, self._words)

    def page_named(self, name: str) -> "Page | None":
        """The page of a name."""
        if self._words is None:
            return None
        from marmalade_sc.assist import page_of

        return page_of(name, self._words)

    def question(self, code: str) -> str:
        """The name that a line such as `d1?` asks about; empty when it asks nothing."""
        if not code.rstrip().endswith("?"):
            return ""
        from marmalade_sc.assist import question

        return question(code) or ""

    def signature(self, document: Document) -> Styled:
        """The call that the cursor is in, the argument of the cursor marked; empty outside of all calls."""
        if self._words is None:
            return []
        from marmalade_sc.assist import signature_at

        found = signature_at(*_part(document), self._words)
        if found is None:
            return []
        text = found.text
        return [
            ("class:signature", f" {clean(text[: found.start])}"),
            ("class:signature class:solo", clean(text[found.start : found.end])),
            ("class:signature", f"{clean(text[found.end :])}  {clean(found.doc, 120)}"),
        ]


def _part(document: Document) -> tuple[str, int]:
    """What is looked at, and the cursor in it: the lines up to the cursor's and a few above."""
    row = document.cursor_position_row
    first = max(0, row - _ROWS_ABOVE)
    lines = document.lines[first : row + 1]
    return "\n".join(lines), sum(len(line) + 1 for line in lines[:-1]) + document.cursor_position_col
