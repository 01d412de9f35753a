"""`marmalade send`: evaluate a block in the player that runs, for editors and scripts."""

import json
import sys
from functools import partial

import click

from marmalade_sc.cli.session import Session, with_session

__all__ = ["send"]


@click.command()
@click.argument("code", required=False)
@click.option("--source", default="", help="A name for the block in messages, such as the file it comes from.")
@click.option("--do", "command", help="Send another command instead: hush, panic, interrupt, status ...")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@with_session
def send(session: Session, code: str | None, source: str, command: str | None, as_json: bool) -> None:
    """Evaluate CODE (default: standard input), and print its value and what it prints. Exit status 1 when it failed.

    With --do, CODE is a JSON object with the fields of the command; `-` reads it from standard input.
    """
    from marmalade_sc.player.control.protocol import landing_words, request

    path = session.places.control_socket
    code = sys.stdin.read() if code == "-" else code
    printed: list[str] = []
    if command is not None:
        try:
            fields = json.loads(code) if code else {}
        except ValueError:
            fields = None
        if not isinstance(fields, dict) or "do" in fields:
            raise click.BadParameter("fields of a command are a JSON object", param_hint="CODE")
        answer = request(path, command, **fields)
    else:
        heard = printed.append if as_json else partial(click.echo, nl=False)
        code = code or sys.stdin.read()
        answer = request(path, "evaluate", timeout_s=600.0, printed=heard, code=code, source=source)
    error = answer.get("error")
    if as_json:
        click.echo(json.dumps({**answer, "output": "".join(printed)} if command is None else answer))
    elif isinstance(error, dict):
        click.echo(str(error.get("text")), err=True)
    else:
        landings = answer.get("landings")
        for landing in landings if isinstance(landings, list) else []:
            click.echo(landing_words(landing))
        if answer.get("value"):
            click.echo(str(answer["value"]))
        if command == "status":
            click.echo(json.dumps(answer, indent=1))
    if error:
        raise click.exceptions.Exit(1)
