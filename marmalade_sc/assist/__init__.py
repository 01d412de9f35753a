"""Assistance while typing: completion, documentation, search. Pure, and quick to import."""

from marmalade_sc.assist.complete import complete
from marmalade_sc.assist.document import Signature, document, page_of, question, signature_at
from marmalade_sc.assist.page import Completion, Page, Word
from marmalade_sc.assist.search import search
from marmalade_sc.assist.words import Words

__all__ = [
    "Completion",
    "Page",
    "Signature",
    "Word",
    "Words",
    "complete",
    "document",
    "page_of",
    "question",
    "search",
    "signature_at",
]
