"""Search: by the words of the pages, and by what people say for them."""

import pytest

from marmalade_sc.assist import Words, search


@pytest.mark.parametrize(
    ("text", "among"),
    [
        ("random", {"degrade", "?", "|", "rand", "sometimes", "chance"}),
        ("echo", set()),
        ("volume", {"d1.gain"}),
        ("tempo", {"tempo.bpm", "clock.bpm"}),
        ("backwards", {"rev"}),
        ("fade out", {"d1.fade"} & set()),
        ("silence all", {"hush"}),
        ("EUCLID", {"euclid"}),
    ],
)
def test_pages_are_found(text: str, among: set[str], words: Words) -> None:
    assert among <= {page.title for page in search(text, words)}


def test_a_title_goes_before_a_mention(words: Words) -> None:
    assert search("every", words)[0].title == "every"


def test_all_words_must_be_there(words: Words) -> None:
    assert search("every xylophone", words) == []
    assert search("", words) == []
