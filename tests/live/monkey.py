"""A monkey at the shell: seeded, it types, evaluates, mutes, undoes, resizes and pastes what it likes."""

import random
from collections.abc import Callable, Sequence
from pathlib import Path

from marmalade_sc.settings.keymap import read_keys
from tests.live.terminal import Terminal, bytes_of

__all__ = ["Monkey", "memory_kb"]

MARK = "ż"

GOOD = (
    'd{n} >> s("bd*{k} [hh sn]").set(amp=.1)',
    'b{n} >> bass("0 {k} <3 5>", amp=.1, scale="minor")',
    'd{n} >> s("hh*{k}").every(2, rev)',
    "print({n}, 'x' * {k})",
    "y{k} = {n}",
    "clock.bpm = {tempo}",
    "d{n} >> silence()",
    "for i in range({k}): print(i)",
    "every?",
    "{n} + {k}",
    "d{n}.stop()",
    'd{n} >> stack(s("bd({k},8)"), s("cp*2").set(amp=.1))',
)
BAD = (
    'd{n} >> s("bd [',
    "1/0",
    'd{n} >> s("nothing_like_this")',
    "b{n} >> bass(cutof=3)",
    "x = bytearray(1 << 40)",
    "while True: pass",
    "def f(:",
    "print('\\x1b[2J\\x1b[31m')",
    "raise SystemExit",
    "for i in range(400): print('flood', i)",
    "d{n} >>",
    "((((((((((",
)
EDITS = (
    "left",
    "right",
    "up",
    "down",
    "home",
    "end",
    "backspace",
    "delete",
    "tab",
    "s-tab",
    "enter",
    "c-w",
    "c-k",
    "c-y",
)
LEFT_OUT = frozenset({"leave", "record", "panic"})
"""Recording fills disks; panic and leaving are tested by themselves."""


class Monkey:
    """See the module. It answers for nothing; `faults` and the caller look at what it has done."""

    def __init__(self, terminal: Terminal, seed: int) -> None:
        self._terminal = terminal
        self._dice = random.Random(seed)
        self._chords = [
            tuple(str(self._dice.randint(1, 9)) if key == "{n}" else key for key in chord)
            for name, chords in read_keys({}).chords.items()
            if name not in LEFT_OUT
            for chord in chords
        ]
        self.done: list[str] = []

    def act(self) -> None:
        """One thing, and a moment."""
        doings: Sequence[tuple[Callable[[], str], int]] = (
            (self._type_good, 20),
            (self._type_bad, 7),
            (self._evaluate, 25),
            (self._edit, 30),
            (self._key, 30),
            (self._paste, 3),
            (self._resize, 2),
            (self._noise, 5),
            (self._clear, 12),
        )
        doing = self._dice.choices([each for each, _ in doings], [weight for _, weight in doings])[0]
        self.done.append(doing())
        self._terminal.pump(self._dice.uniform(0.0, 0.03))

    def is_answered(self, vi: bool = False) -> bool:
        """Whether a letter that is typed now is shown; a panel, a search and an evaluation are ended first.

        Args:
            vi: the shell has Vi's keys; it is brought into insert mode.
        """
        terminal = self._terminal
        for _ in range(4):
            terminal.press("c-g")
            terminal.press("c-c")
            terminal.pump(0.1)
        terminal.resize(100, 30)
        terminal.wait_until_quiet(0.3, 10.0)
        if vi:
            terminal.press("escape")
            terminal.wait_until_quiet(0.2)
            terminal.write("i")
        terminal.write(MARK)
        try:
            terminal.wait_for(lambda: MARK in terminal.text, 20.0)
        except AssertionError:
            return False
        terminal.press("backspace")
        return True

    def _snippet(self, of: Sequence[str]) -> str:
        dice = self._dice
        return dice.choice(of).format(n=dice.randint(1, 6), k=dice.randint(2, 9), tempo=dice.choice((100, 120, 140)))

    def _type_good(self) -> str:
        text = self._snippet(GOOD)
        self._terminal.write(text)
        return text

    def _type_bad(self) -> str:
        text = self._snippet(BAD)
        self._terminal.write(text)
        return text

    def _evaluate(self) -> str:
        keys = self._dice.choice((("escape", "enter"), ("enter",), ("f5",), ("f6",), ("enter", "enter")))
        self._terminal.press(*keys)
        return f"keys {keys}"

    def _edit(self) -> str:
        keys = self._dice.choices(EDITS, k=self._dice.randint(1, 6))
        self._terminal.press(*keys)
        return f"keys {keys}"

    def _key(self) -> str:
        chord = self._dice.choice(self._chords)
        self._terminal.write(bytes_of(chord))
        return f"keys {chord}"

    def _paste(self) -> str:
        text = "\n".join(self._snippet(GOOD) for _ in range(self._dice.randint(1, 12)))
        self._terminal.paste(text)
        return f"paste {text!r}"

    def _resize(self) -> str:
        size = self._dice.choice(((80, 24), (120, 40), (40, 10), (20, 5), (160, 50)))
        self._terminal.resize(*size)
        return f"size {size}"

    def _noise(self) -> str:
        text = "".join(self._dice.choice("aé♪🎹\"'()[]{}<>~*,.?#:\\ \t") for _ in range(self._dice.randint(1, 10)))
        self._terminal.write(text)
        return f"noise {text!r}"

    def _clear(self) -> str:
        self._terminal.press("c-c")
        if self._dice.random() < 0.5:  # the page of the full screen must not grow for ever
            self._terminal.press("escape", "<", *(["c-k", "c-k"] * 15))
        return "clear"


def memory_kb(pid: int) -> int:
    """Anonymous memory of a process."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(text.partition("Anonymous:")[2].split()[0])
