"""Controls on the command line: `density=.5` behind a generator's name, and `marmalade generator set`."""

import functools
from collections.abc import Callable, Sequence

import click

from marmalade_sc.cli.session import Session, with_session
from marmalade_sc.cli.state import asked
from marmalade_sc.errors import UsageError

__all__ = ["controls_of", "set_", "with_controls"]


@click.command("set")
@click.argument("name")
@click.argument("controls", nargs=-1, required=True, metavar="CONTROL=VALUE...")
@with_session
def set_(session: Session, name: str, controls: tuple[str, ...]) -> None:
    """Set controls of the instances called NAME: a number, or a pattern of numbers such as "<.2 .8>"."""
    stated = asked(session, "control", name=name, controls=controls_of(controls)).get("instances")
    for path in stated if isinstance(stated, list) else []:
        click.echo(f"{path} is set")


def with_controls(function: Callable[..., object]) -> Callable[..., object]:
    """A command that takes `density=.5` behind its arguments, or `--control density=.5`; both as `controls`."""

    @click.argument("words", nargs=-1, metavar="[CONTROL=VALUE]...")
    @click.option("--control", "given", multiple=True, metavar="NAME=VALUE", help="The same as NAME=VALUE alone.")
    @functools.wraps(function)
    def command(*args: object, words: tuple[str, ...], given: tuple[str, ...], **more: object) -> object:
        return function(*args, controls=(*given, *words), **more)

    return command


def controls_of(texts: Sequence[str]) -> dict[str, float | str]:
    """Controls from `name=value`: numbers where they are some, else texts. Raises UsageError."""
    found: dict[str, float | str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip() or not value.strip():
            raise UsageError(f"{text!r:.80} sets nothing", hint='Write density=0.5, or density="<.2 .8>".')
        try:
            found[name.strip()] = float(value)
        except ValueError:
            found[name.strip()] = value.strip()
    return found
