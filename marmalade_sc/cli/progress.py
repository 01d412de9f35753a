"""What long commands share: a bar on the terminal, a clean end, lengths in cycles."""

import contextlib
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import NoReturn, Protocol

import click

__all__ = ["Bar", "cycles_of", "end_cleanly", "showing"]


def cycles_of(text: str | None) -> Fraction | None:
    """A number of cycles, such as `16` or `7/2`. Raises click.BadParameter."""
    if text is None:
        return None
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise click.BadParameter(f"{text!r} is not a number of cycles", param_hint="--cycles") from None


def end_cleanly(number: int, frame: object) -> NoReturn:
    """For SIGTERM: a job that is cancelled unwinds, and leaves no file."""
    raise SystemExit(128 + number)


class Bar(Protocol):
    """A bar: moved by a share from 0 to 1; `words` stand before it from then on."""

    def __call__(self, share: float, words: str = "") -> None:
        """See the class."""


@contextlib.contextmanager
def showing(what: str, quiet: bool = False) -> Iterator[Bar]:
    """A bar on the terminal; nothing where standard error is no terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda share, words="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=1.0)
        yield lambda share, words="": bar.update(task, completed=share, description=words or what)
