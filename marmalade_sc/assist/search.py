"""Finds pages by the words in them."""

from typing import TYPE_CHECKING

from marmalade_sc.assist.fuzzy import words_of
from marmalade_sc.assist.page import Page
from marmalade_sc.assist.topics import RELATED

if TYPE_CHECKING:
    from marmalade_sc.assist.words import Words

__all__ = ["search"]

_MOST = 40


def search(text: str, words: "Words") -> list[Page]:
    """The pages that have all words of the text (or what is related to them), best first; at most 40.

    A word counts where a word of the page begins with it. Titles count more than what is said below them; of equal ones
    that goes first which says it sooner.
    """
    asked = words_of(text)
    if not asked:
        return []
    found: dict[str, tuple[int, int, Page]] = {}
    for page in words.pages():
        title, first = words_of(page.title), words_of(page.doc.partition("\n")[0])
        is_table = page.doc.startswith("  ")  # has every word there is
        body = [] if is_table else words_of(f"{page.signature} {page.doc} {' '.join(page.examples)}")
        scores = [_score(word, title, first, body) for word in asked]
        if all(scores) and page.title not in found:
            found[page.title] = (-sum(scores), _sooner(asked, first), page)
    ordered = sorted(found.values(), key=lambda each: each[:2])
    return [page for _, _, page in ordered[:_MOST]]


def _sooner(asked: list[str], first: list[str]) -> int:
    """The place in a page's first line of the first word that was asked for."""
    return next((place for place, each in enumerate(first) if each.startswith(tuple(asked))), len(first))


def _score(word: str, title: list[str], first: list[str], body: list[str]) -> int:
    if word in title:
        return 8
    related = RELATED.get(word, ())
    if any(each in title for each in related):
        return 6  # who asks for a filter wants lpf before every instrument that has one
    if any(each.startswith(word) for each in title):
        return 5
    if word in body:
        return 4
    if any(each.startswith(word) for each in body):
        return 3
    return 1 if body and any(each in first for each in related) else 0
