"""What stands in the documentation: fenced blocks, links, pages."""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "PAGES", "ROOT", "Fence", "fences"]

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGES = tuple(sorted([ROOT / "README.md", *DOCS.rglob("*.md")]))

_FENCE = re.compile(r"^```([a-z]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Fence:
    """One fenced block: its page, the line behind its first fence, its language, its text."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """For messages and goldens."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def fences(page: Path, language: str) -> list[Fence]:
    """The blocks of a page in one language, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Fence(page, text.count("\n", 0, found.start()) + 2, found[1], found[2])
        for found in _FENCE.finditer(text)
        if found[1] == language
    ]
