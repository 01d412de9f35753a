"""What every command gets: the player directory and the settings, as the options and the environment say."""

import functools
import math
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import click

from marmalade_sc.errors import SettingsError, UsageError
from marmalade_sc.settings.load import Settings, load
from marmalade_sc.settings.places import Places
from marmalade_sc.settings.table import find

__all__ = ["Session", "end_as_with_ctrl_c", "finite", "player_options", "read_set", "with_session"]

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Session:
    """The options `--dir` and `--set`, and what follows from them."""

    folder: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def places(self) -> Places:
        """Where the player's things are. Nothing is made."""
        return Places.find(self.folder)

    def settings(self) -> Settings:
        """The settings in force. Raises SettingsError."""
        return load(self.places.config, options=self.options)

    def joined(self, folder: str | None, sets: tuple[str, ...]) -> "Session":
        """This session with what stands behind the command's name as well; that wins.

        Raises:
            SettingsError: a `--set` that is not KEY=VALUE, an unknown key or a wrong value: also where a command reads
                no settings.
        """
        options = dict(self.options)
        for text in sets:
            key, equals, value = text.partition("=")
            if not equals:
                raise SettingsError(f"--set {text!r:.80} sets nothing.", hint="Write --set KEY=VALUE.")
            find(key.strip()).parse(value)
            options[key.strip()] = value
        return Session(folder or self.folder, options)


def read_set(path: Path) -> str:
    """The code of a set. Raises UsageError when it is no UTF-8 text or cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text: {error.reason}", hint="Save it as UTF-8.") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error


def end_as_with_ctrl_c() -> None:
    """Let SIGTERM and SIGHUP unwind what runs: a job that is cancelled must not leave a player that plays for ever."""

    def end(number: int, frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # under nohup it goes on
            signal.signal(number, end)


def finite(options: Mapping[str, float | None]) -> None:
    """Refuse options that are no finite numbers: click's ranges let NaN pass."""
    for name, value in options.items():
        if value is not None and not math.isfinite(value):
            raise click.BadParameter(f"{value} is not a number that can be used", param_hint=name)


def player_options(function: F) -> F:
    """Add the options `--dir` and `--set` to a command or group."""
    folder = click.option("--dir", "player_dir", metavar="DIR", help="The player directory.")
    sets = click.option("--set", "sets", metavar="KEY=VALUE", multiple=True, help="A setting, for this run.")
    return folder(sets(function))


def with_session(function: Callable[..., object]) -> Callable[..., object]:
    """A command that takes `--dir` and `--set`; `function` gets the session as its first argument."""

    @player_options
    @click.pass_context
    @functools.wraps(function)
    def command(
        context: click.Context, /, *args: object, player_dir: str | None, sets: tuple[str, ...], **more: object
    ) -> object:
        session = context.find_object(Session) or Session()
        return function(session.joined(player_dir, sets), *args, **more)

    return command
