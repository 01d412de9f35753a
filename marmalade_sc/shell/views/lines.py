"""Lines of styled text, as few parts as they can be: the terminal's bytes are what a refresh costs."""

from collections.abc import Sequence

from marmalade_sc.shell.status import Styled

__all__ = ["Lines", "filled", "in_runs", "note", "runs"]

Lines = list[Styled]


def note(text: str, width: int, height: int) -> Lines:
    """A window that only says something."""
    return filled([[("class:rest", f" {text}"[: max(0, width)])]], height)


def filled(lines: Lines, height: int) -> Lines:
    """So many lines, the last of them empty, or left out."""
    return [*lines[: max(0, height)], *([[("class:plain", "")]] * max(0, height - len(lines)))]


def runs(styles: Sequence[str]) -> list[tuple[str, int, int]]:
    """Neighbours of one style: (style, begin, end)."""
    found, begin, end = [], 0, len(styles)
    while begin < end:
        style, after = styles[begin], begin + 1
        while after < end and styles[after] == style:
            after += 1
        found.append((style, begin, after))
        begin = after
    return found


def in_runs(text: str, styled: Sequence[tuple[str, int, int]]) -> Styled:
    """A line in the parts that `runs` found."""
    return [(style, text[begin:end]) for style, begin, end in styled]
