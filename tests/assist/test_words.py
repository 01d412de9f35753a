"""What words are made of, and what importing them costs."""

import subprocess
import sys

from marmalade_sc.assist import Words
from marmalade_sc.patterns.language import language


def test_words_can_be_made_of_nothing() -> None:
    """The shell opens before a player answers."""
    words = Words.of()
    assert words.language and words.functions and words.scales
    assert words.voices == ()


def test_the_whole_language_is_there(words: Words) -> None:
    top = {word.name for word in words.language}
    methods = {word.name for word in words.members["pattern"]}
    for name, entry in language().items():
        assert entry.object is None or name in top
        assert not entry.is_method or name in methods


def test_wrong_answers_of_a_player_do_no_harm() -> None:
    """A hub that is older or newer than the shell."""
    words = Words.of(names={"names": "what", "tracks": None, "scenes": [1, 2]}, settings=[{}])
    assert words.tracks == ()
    assert words.scenes == ("1", "2")


def test_importing_it_imports_nothing_heavy() -> None:
    """The prompt is there in 0.7 s."""
    code = (
        "import sys, marmalade_sc.assist\n"
        "heavy = ('numpy', 'supriya', 'redis', 'aiohttp', 'prompt_toolkit', 'marmalade_sc.patterns', 'inspect_')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
