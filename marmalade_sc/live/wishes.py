"""Functions of the user's code that ask for something of all the music, or of the player: undo, sets, settings."""

from collections.abc import Callable, Iterable, Mapping

from marmalade_sc.errors import UsageError
from marmalade_sc.ids import check_name
from marmalade_sc.live.handles import TrackHandle, grid_of
from marmalade_sc.live.operations import Only, Operation, Redo, Undo

__all__ = ["Wishes"]


class Wishes:
    """See the module.

    Args:
        ask: takes an operation on the music.
        order: takes an order for the player: a command of the control protocol.
        names_of: the names of tracks; raises UsageError for what is none.
    """

    def __init__(
        self,
        ask: Callable[[Operation], None],
        order: Callable[[Mapping[str, object]], None],
        names_of: Callable[[Iterable[TrackHandle]], list[str]],
    ) -> None:
        self._ask = ask
        self._order = order
        self._names_of = names_of

    def names(self) -> dict[str, object]:
        """What is bound in the session."""
        return {
            "undo": self.undo,
            "redo": self.redo,
            "back": self.back,
            "only": self.only,
            "save": self.save,
            "load": self.load,
            "restore": self.restore,
            "config": self.config,
            "players": self.players,
            "chat": self.chat,
            "vote": self.vote,
        }

    def undo(self, *tracks: TrackHandle, steps: int = 1, at: object = 1) -> None:
        """Take back the latest change of tracks, or the latest of all: pattern and mix, from the next bar on."""
        for name in self._names_of(tracks) if tracks else [None]:
            self._ask(Undo(name, _count(steps), grid_of(at)))

    def redo(self, *tracks: TrackHandle, steps: int = 1, at: object = 1) -> None:
        """Do again what was taken back last."""
        for name in self._names_of(tracks) if tracks else [None]:
            self._ask(Redo(name, _count(steps), grid_of(at)))

    def back(self, steps: int = 1, *, at: object = 1) -> None:
        """Take back the latest `steps` changes, whichever tracks they were of: one landing."""
        self._ask(Undo(None, _count(steps), grid_of(at)))

    def only(self, *tracks: TrackHandle, at: object = 1) -> None:
        """Stop all other tracks at the next bar."""
        self._ask(Only(tuple(self._names_of(tracks)), grid_of(at)))

    def save(self, name: str, replace: bool = False) -> None:
        """Write what plays to sets/<name>.py, to be loaded, played, rendered; `replace` writes over a file of yours."""
        self._order({"do": "save_set", "name": check_name(name, "set"), "replace": bool(replace)})

    def load(self, name: str) -> None:
        """Evaluate sets/<name>.py: what it saved plays from the next bar on, and nothing else."""
        self._order({"do": "load_set", "name": check_name(name, "set")})

    def restore(self) -> None:
        """Bring back what played when the last session ended."""
        self._order({"do": "restore"})

    def config(self, key: str = "", value: object = None, unset: bool = False) -> None:
        """Show the settings, one of them, or change it: `config("tempo.bpm", 130)`; with `unset`, to its default."""
        order: dict[str, object] = {"do": "config"}
        if key:
            order["key"] = str(key)
        if value is not None:
            order["value"] = value if isinstance(value, bool | int | float) else str(value)
        if unset:
            order["unset"] = True
        self._order(order)

    def players(self) -> None:
        """Show who is in the jam: how you trust each, how far its clock is off, what it plays."""
        self._order({"do": "players"})

    def chat(self, text: str = "") -> None:
        """Say something to all players of the jam; without a text, show what was said lately."""
        self._order({"do": "chat", "text": str(text)} if text else {"do": "chats"})

    def vote(self, question: str = "", choice: float | str | None = None) -> None:
        """Vote with all players: vote("tempo", 132), vote("transport", "pause"); without a choice show what goes on."""
        if not question:
            self._order({"do": "votes"})
            return
        if isinstance(choice, bool) or not isinstance(choice, int | float | str):
            raise UsageError(f"{choice!r:.40} cannot be voted for", hint='Write vote("tempo", 132).')
        self._order({"do": "vote", "question": check_name(question, "question"), "choice": choice})


def _count(steps: object) -> int:
    if isinstance(steps, bool) or not isinstance(steps, int) or not 1 <= steps <= 1000:
        raise UsageError(f"{steps!r:.40} steps cannot be", hint="Give a whole number from 1 to 1000.")
    return steps
