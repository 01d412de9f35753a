"""Plain lines for screen readers and terminals that can do nothing else: nothing is ever drawn a second time."""

from collections.abc import Callable, Sequence

from prompt_toolkit.application import Application
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.enums import EditingMode
from prompt_toolkit.input import Input
from prompt_toolkit.key_binding import KeyBindingsBase
from prompt_toolkit.layout import Layout, Window
from prompt_toolkit.layout.controls import BufferControl
from prompt_toolkit.output import DummyOutput

from marmalade_sc.shell.options import ShellOptions
from marmalade_sc.shell.plain import CONTINUATION, PROMPT
from marmalade_sc.shell.status import Styled

__all__ = ["LinearFace", "difference"]


def difference(before: str, after: str) -> str | None:
    """What to write so that `after` stands where `before` stood; None when the line has to be written anew.

    Text at the end is added, or taken away by backspaces; a line's end goes on in the next line.
    """
    if after.startswith(before):
        return after[len(before) :].replace("\n", "\r\n" + CONTINUATION)
    if before.startswith(after) and "\n" not in before[len(after) :]:
        return "\b \b" * (len(before) - len(after))
    return None


class LinearFace:
    """See the module.

    Args:
        write: puts text on the terminal, as it is.
    """

    name = "linear"

    def __init__(
        self,
        buffer: Buffer,
        options: ShellOptions,
        keys: KeyBindingsBase,
        terminal: Input,
        write: Callable[[str], None],
    ) -> None:
        self._buffer = buffer
        self._write = write
        self._shown = ""
        self._ended = False
        buffer.on_text_changed += self._changed
        self.app: Application[str] = Application(
            layout=Layout(Window(BufferControl(buffer))),
            key_bindings=keys,
            editing_mode=EditingMode.VI if options.vi else EditingMode.EMACS,
            input=terminal,
            output=DummyOutput(),
        )

    @property
    def columns(self) -> int:
        """What lines are cut at: nothing is."""
        return 200

    def begin(self) -> None:
        """Write the prompt."""
        self._write(PROMPT)

    def end(self) -> None:
        """Forget the buffer."""
        self._buffer.on_text_changed -= self._changed

    def leave(self, result: str) -> None:
        """See `deeds.Face`; there is no other face to go to."""
        if result == "leave" and self.app.is_running and not self.app.is_done:
            self._ended = True
            self._write("\r\n")
            self.app.exit(result=result)

    def panel_changed(self) -> None:
        """See `deeds.Face`: there are none."""

    def view_rows(self) -> int:
        """See `deeds.Face`: there are no panels."""
        return 0

    def echo(self, code: str) -> None:
        """See `deeds.Face`: it stands there; a new line begins."""
        self._write("\r\n" + PROMPT)
        self._shown = ""

    def show(self, lines: Sequence[Styled]) -> None:
        """Write lines, and the prompt with what was typed so far anew behind them."""
        if not lines:
            return
        if not self.app.is_running or self._ended:
            self._write("".join("".join(text for _, text in line) + "\r\n" for line in lines))
            return
        begin = "\r\n" if self._shown else "\r"
        text = "\r\n".join("".join(part for _, part in line) for line in lines)
        self._write(f"{begin}{text}\r\n")
        self._rewrite()

    def _changed(self, buffer: Buffer) -> None:
        if buffer.text == "" and self._shown == "":
            return
        added = difference(self._shown, buffer.text)
        if added is None:
            self._write("\r\n")
            self._rewrite()
        else:
            self._write(added)
            self._shown = buffer.text

    def _rewrite(self) -> None:
        self._shown = self._buffer.text
        self._write(PROMPT + self._shown.replace("\n", "\r\n" + CONTINUATION))
