"""Search: by the words of the pages, and by what people say for them."""

from collections.abc import Iterator

import pytest

from marmalade_sc.assist import Page, Words, search


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


def test_what_people_call_it_goes_before_what_mentions_it() -> None:
    """`help("filter")` listed eight instruments that have one, and neither lpf nor hpf."""
    names = ("acid", "bass", "bpf", "hpf", "lpf", "pad", "drive")
    pages = [Page(name, "", f"{name} with a filter" if name in ("acid", "bass", "pad") else "x") for name in names]

    class Few(Words):
        """Words with these pages."""

        def pages(self) -> Iterator[Page]:
            return iter(pages)

    few = Few.of()
    assert [page.title for page in search("filter", few)] == ["bpf", "hpf", "lpf", "acid", "bass", "pad"]
    assert [page.title for page in search("low pass", few)] == ["lpf"]
    assert [page.title for page in search("distortion", few)] == ["drive"]


def test_who_says_it_sooner_goes_first(words: Words) -> None:
    """`search("backwards")` offered fast, which mentions it, before rev."""
    titles = [page.title for page in search("backwards", words)]
    assert titles.index("rev") < titles.index("fast")


def test_all_words_must_be_there(words: Words) -> None:
    assert search("every xylophone", words) == []
    assert search("", words) == []
