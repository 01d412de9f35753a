"""Which strips play into which, as far as the blocks have asked for: never in a circle. Pure."""

from collections.abc import Mapping
from itertools import chain

from marmalade_sc.errors import UsageError
from marmalade_sc.live.operations import SetMix

__all__ = ["Ways"]


class Ways:
    """Groups and sends of all tracks. What a block adds counts from `settle` on, and is forgotten by `begin`."""

    def __init__(self) -> None:
        self._asked: dict[str, dict[str, tuple[str, ...]]] = {}
        self._settled = self._asked

    def begin(self) -> None:
        """A block begins: back to what was settled."""
        self._asked = self._settled

    def settle(self) -> None:
        """The block has worked as a whole."""
        self._settled = self._asked

    def add(self, operation: SetMix) -> None:
        """Take in a change of a mix.

        Raises:
            UsageError: a track would come back to itself; the engine would refuse it without a word to the player.
        """
        ways = dict(self._asked.get(operation.track, {}))
        everywhere = {**self._asked, operation.track: ways}
        for kind in ("group", "sends"):
            if kind in operation.settings:
                found = operation.settings[kind]
                ways[kind] = tuple(found) if isinstance(found, Mapping) else (str(found),) if found else ()
        waiting, reached = [operation.track], {""}
        while waiting:
            for target in chain.from_iterable(everywhere.get(waiting.pop(), {}).values()):
                if target == operation.track:
                    raise UsageError(
                        f"Sends and groups of {operation.track} would go in a circle",
                        hint="Play into a track that does not play into this one.",
                    )
                if target not in reached:
                    reached.add(target)
                    waiting.append(target)
        self._asked = everywhere
