"""The command `marmalade`: a table of commands, each imported only when it is used."""

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import click

from marmalade_sc import __version__
from marmalade_sc.cli.session import Session, player_options
from marmalade_sc.errors import MarmaladeError, UsageError

__all__ = ["COMMANDS", "Slot", "marmalade", "run"]

_DEFAULT = "shell"


@dataclass(frozen=True, slots=True)
class Slot:
    """A command: the module in this package that has it under the command's own name, and its line in the help."""

    module: str
    help: str


COMMANDS: Mapping[str, Slot] = MappingProxyType(
    {
        "shell": Slot("shell", "Play: start or join the player and open the prompt. The default."),
        "play": Slot("play", "Play a set without a terminal."),
        "send": Slot("send", "Evaluate a block in the player that runs, for editors."),
        "lights": Slot("lights", "Tell an editor which characters sound, when they are heard."),
        "render": Slot("render", "Render a set to a file, faster than it sounds."),
        "replay": Slot("replay", "Play or render what a jam played."),
        "events": Slot("events", "Print the events of a pattern."),
        "score": Slot("score", "Read, check, list, render, export, import and play scores in the Alda language."),
        "job": Slot("job", "Render in the background, on any number of workers: submit, follow, fetch, cancel."),
        "synthdef": Slot("synthdef", "Build, check and list synthdefs."),
        "jam": Slot("jam", "Start, stop, list, switch, archive and delete jams."),
        "generator": Slot("generator", "Pack, check, list, run and stop generators."),
        "state": Slot("state", "Show tags, their history, and who made what sounds."),
        "schedule": Slot("schedule", "Show, set and edit the jam's schedule."),
        "original": Slot("original", "Speak with players of the original Marmalade."),
        "peers": Slot("peers", "Other players: who is there, whom you trust, what you play together."),
        "invite": Slot("invite", "Print a text with which others join your jam."),
        "join": Slot("join", "Join the jam of an invite."),
        "key": Slot("key", "Show, make or change the key that says who you are."),
        "player": Slot("player", "Run, start, stop the player, or say how it is."),
        "config": Slot("config", "Show and change settings."),
        "doctor": Slot("doctor", "Say what was found, what is missing and how to get it."),
    }
)


class LazyGroup(click.Group):
    """Knows its commands by name and imports one only to run it: printing help imports nothing heavy."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that are there, in the order of the table."""
        here = Path(__file__).parent
        return [name for name, slot in COMMANDS.items() if (here / f"{slot.module}.py").is_file()]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; None for a name that is not in the table."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"marmalade_sc.cli.{COMMANDS[cmd_name].module}")
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(f"{module.__name__}.{cmd_name} is no command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands with their lines from the table, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command named for one that does not exist."""
        from marmalade_sc.errors import nearest

        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            close = nearest(args[0], self.list_commands(ctx))
            ctx.fail(f"No such command {args[0]!r}." + (f" Did you mean {close!r}?" if close else ""))
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="marmalade")
@player_options
@click.pass_context
def marmalade(context: click.Context, player_dir: str | None, sets: tuple[str, ...]) -> None:
    """Live-coded music over a network in subjective real time.

    Without a command the prompt opens.
    """
    context.obj = Session().joined(player_dir, sets)
    if context.invoked_subcommand is None:
        command = marmalade.get_command(context, _DEFAULT)
        if command is None:
            click.echo(context.get_help())
        else:
            context.invoke(command)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status. Our own errors and click's are shown without a traceback."""
    try:
        status = marmalade.main(list(arguments), prog_name="marmalade", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted.", err=True)
        return 130
    except UsageError as error:
        click.echo(f"marmalade: {error}", err=True)
        return 2
    except MarmaladeError as error:
        click.echo(f"marmalade: {error}", err=True)
        return 1
    except BrokenPipeError:
        # The reader (`| head`) went away. Without this the interpreter complains again when it flushes at its end.
        sys.stdout = None
        return 141
    return status if isinstance(status, int) else 0
