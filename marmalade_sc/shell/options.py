"""How a shell is to look and behave, and where its files are: from the settings and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from marmalade_sc.settings.keymap import Keymap, read_keys
from marmalade_sc.settings.keys import ACTIONS
from marmalade_sc.settings.load import Settings
from marmalade_sc.settings.places import Places
from marmalade_sc.shell.themes import theme_for

__all__ = ["ShellOptions"]


@dataclass(frozen=True, slots=True)
class ShellOptions:
    """See the module.

    Attributes:
        control: the player's control socket.
        catalogue, banks: what can be played, as the player keeps it, for completion.
        history: the file of the history; None keeps none.
        history_limit: entries.
        scratch: where the code of the full screen is kept.
        recordings: folder of recordings.
        mode: "plain" or "full", to begin with.
        is_linear: plain lines one after the other, for screen readers and terminals that can do nothing else.
    """

    control: Path
    catalogue: Path
    banks: Path
    history: Path | None
    history_limit: int
    scratch: Path
    root: Path
    keymap: Keymap
    mode: str = "plain"
    theme: str = "dark"
    vi: bool = False
    mouse: bool = False
    pairs: bool = True
    suggest: bool = True
    is_linear: bool = False

    @classmethod
    def of(cls, settings: Settings, places: Places, env: Mapping[str, str], full: bool = False) -> "ShellOptions":
        """The options in force.

        Raises:
            SettingsError: a key that is none, or two actions that share one.
        """
        cache = places.root / "cache" / "synthdefs"
        return cls(
            control=places.control_socket,
            catalogue=cache / "catalogue.json",
            banks=cache / "banks.json",
            history=places.root / "history.jsonl",
            history_limit=settings.integer("shell.history"),
            scratch=places.sets / "scratch.py",
            root=places.root,
            keymap=read_keys({name: settings.text(f"keys.{name}") for name in ACTIONS}),
            mode="full" if full else settings.text("shell.mode"),
            theme=theme_for(settings.text("shell.theme"), env),
            vi=settings.switch("shell.vi"),
            mouse=settings.switch("shell.mouse"),
            pairs=settings.switch("shell.pairs"),
            suggest=settings.switch("shell.suggest"),
            is_linear=settings.switch("shell.screen_reader") or env.get("TERM", "dumb") in ("dumb", "unknown", ""),
        )
