"""`marmalade events`: what a notation plays, as a table or as JSON with exact times."""

import json
import sys
from collections.abc import Callable, Sequence

import click

from marmalade_sc.errors import UsageError
from marmalade_sc.patterns.onsets import MAX_CYCLES, Onset, notation_onsets

__all__ = ["events"]

EXIT_USAGE = 2


def as_json(source: str, onsets: Sequence[Onset]) -> str:
    """One line of JSON: the source and its onsets with fractions as text."""
    rows = [[str(begin), str(end), value] for begin, end, value in onsets]
    return json.dumps({"source": source, "onsets": rows}, separators=(",", ":"))


def as_table(source: str, onsets: Sequence[Onset]) -> str:
    """The onsets in columns, a heading for each cycle."""
    lines, cycle = [source], -1
    width = max((len(str(begin)) for begin, _, _ in onsets), default=0)
    end_width = max((len(str(end)) for _, end, _ in onsets), default=0)
    for begin, end, value in onsets:
        mark = "      "
        if int(begin) != cycle:
            cycle = int(begin)
            mark = f"{cycle:>5} "
        lines.append(f"{mark} {str(begin):>{width}} - {str(end):<{end_width}}  {value}")
    if not onsets:
        lines.append("       silence")
    return "\n".join(lines)


def as_error(source: str, error: UsageError) -> str:
    """One line of JSON: the source and why it cannot be read."""
    return json.dumps({"source": source, "error": str(error)}, separators=(",", ":"))


@click.command()
@click.option(
    "--notation", "text", required=True, metavar="TEXT", help="The pattern; - reads one pattern per line of input."
)
@click.option(
    "--cycles", default=1, show_default=True, type=click.IntRange(1, MAX_CYCLES), help="Cycles to list, from cycle 0."
)
@click.option("--json", "json_lines", is_flag=True, help="One JSON object per pattern, times as exact fractions.")
@click.option(
    "--kind",
    default="string",
    show_default=True,
    type=click.Choice(["string", "number", "note"]),
    help="What the steps are: words, numbers, or notes in semitones (c5 is 0).",
)
@click.pass_context
def events(context: click.Context, text: str, cycles: int, json_lines: bool, kind: str) -> None:
    """List the events that a pattern plays.

    \b
    marmalade events --notation "bd(3,8) sn*<2 3>" --cycles 2
    marmalade events --notation - --cycles 8 --json < patterns.txt

    A notation that cannot be read is an error with exit code 2; in a stream of several it is a line of its own.
    """
    show: Callable[[str, Sequence[Onset]], str] = as_json if json_lines else as_table
    if text != "-":
        try:
            click.echo(show(text, notation_onsets(text, cycles, kind)))
        except UsageError as error:
            if json_lines:
                click.echo(as_error(text, error))
            click.echo(str(error), err=True)
            context.exit(EXIT_USAGE)
        return
    for line in sys.stdin.buffer:  # utf-8 whatever the locale says; a byte that is not becomes a mark in the echo
        source = line.decode(errors="replace").rstrip("\r\n")
        try:
            shown = show(source, notation_onsets(source, cycles, kind))
        except UsageError as error:
            shown = as_error(source, error) if json_lines else f"{source}\n{error}"
        sys.stdout.write(shown + "\n")
