"""The one line of a program's output that tells its author where to look."""

import pytest

from marmalade_sc.generators.words import what_went_wrong

PYTHON = """Traceback (most recent call last):
  File "/rt/lib/marmalade_sc/sdk/jam.py", line 390, in _try
    do()
  File "/gen/play", line 15, in turn
    is_beat = jamm.bar
NameError: name 'jamm' is not defined
"""
SYNTAX = """  File "/gen/play", line 3
    jam.kick >> (
                ^
SyntaxError: '(' was never closed
"""
NODE = """/gen/play:7
  const x = ;
            ^

SyntaxError: Unexpected token ';'
    at wrapSafe (node:internal/modules/cjs/loader:1378:20)

Node.js v20.1.0
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (PYTHON, "play, line 15: NameError: name 'jamm' is not defined"),
        (SYNTAX, "play, line 3: SyntaxError: '(' was never closed"),
        (NODE, "play, line 7: SyntaxError: Unexpected token ';'"),
        ("hello\n/gen/play: 3: nonsense: not found\n", "play, line 3: nonsense: not found"),
        ("/gen/play: line 3: nonsense: command not found\n", "play, line 3: nonsense: command not found"),
        ("one\n\nlast words\n\n", "last words"),
        ("", ""),
        ("x" * 5000, "x" * 300),
    ],
)
def test_where_it_went_wrong(text: str, words: str) -> None:
    assert what_went_wrong(text.splitlines()) == words
