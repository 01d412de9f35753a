"""What assistance is made of: pages of documentation, words that can be named, completions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["Completion", "Page", "Word", "unbroken"]

_INDENT: Final = "    "
_BREAK: Final = re.compile(r"(?<=[^\s:])\n(?=\S)")
"""Within a paragraph: rows of a table are indented, and what a colon announces stands below it."""


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """Documentation of one thing, as plain text.

    Attributes:
        title: what it is called; another page may have the same (a scale and a chord called `major`).
        signature: how it is written, "" for what is no code.
        doc: paragraphs and tables (their rows are indented); what shows a page breaks its lines.
        examples: lines or blocks of code that can be evaluated as they stand.
    """

    title: str
    signature: str = ""
    doc: str = ""
    examples: tuple[str, ...] = ()

    def text(self) -> str:
        """The whole page."""
        head = self.signature or self.title
        parts = [head, unbroken(self.doc)]
        if self.examples:
            parts.append("\n".join(_INDENT + line for each in self.examples for line in each.splitlines()))
        return "\n\n".join(part for part in parts if part)

    def to_json(self) -> dict[str, object]:
        """The page as the control protocol carries it."""
        return {
            "title": self.title,
            "signature": self.signature,
            "doc": unbroken(self.doc),
            "examples": list(self.examples),
        }

    __repr__ = text


def unbroken(text: str) -> str:
    """Paragraphs as one line each: broken where the source was, they are ragged in a narrower terminal."""
    return _BREAK.sub(" ", text)


@dataclass(frozen=True, slots=True)
class Word:
    """One thing that can be written.

    Attributes:
        name: what is typed to find it.
        kind: "track", "function", "method", "voice", "effect", "control", "scale", ...; for colours and icons.
        meta: one short line.
        page: its documentation.
        text: what is written for it; the name where it is "".
        result: what a call of it gives, for what may follow a dot: "pattern", "effect", "" for nothing of ours.
    """

    name: str
    kind: str
    meta: str
    page: Page
    text: str = ""
    result: str = ""

    @property
    def written(self) -> str:
        """What is written for it."""
        return self.text or self.name


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` replaces what stands from the start of the word to the cursor; `meta` is one short line."""

    text: str
    kind: str
    meta: str
    doc: str

    def to_json(self) -> Mapping[str, str]:
        """As the control protocol carries it."""
        return {"text": self.text, "kind": self.kind, "meta": self.meta, "doc": self.doc}
