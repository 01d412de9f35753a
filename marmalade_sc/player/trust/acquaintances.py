"""Other players' keys and how far each is trusted: by whole key, whatever two keys share of their names."""

from collections.abc import Iterable, Sequence
from typing import Final

from marmalade_sc.errors import GeneratorError, IdentityError, MarmaladeError, UnknownNameError
from marmalade_sc.generators.trust import ASK, BLOCK, FULL, LEVELS, SANDBOX, Trust, Trusted
from marmalade_sc.identity.keys import PublicKey
from marmalade_sc.ids import PlayerId
from marmalade_sc.player.trust.nicknames import Nicknames

__all__ = ["Acquaintances"]

_MET: Final = 4096
"""Names of strangers that are remembered: 32 new players a minute take two hours for so many."""


class Acquaintances:
    """See the module. `trust` keeps `players/<ID>.toml`; `otherwise` is the level of those who have none.

    Attributes:
        nicknames: what the user calls them.
    """

    def __init__(self, trust: Trust, otherwise: str = ASK) -> None:
        self._trust = trust
        self._otherwise = otherwise
        self.nicknames = Nicknames(trust.root / "nicknames.json")
        self._said: set[PublicKey] = set()
        self._members: set[PublicKey] = set()
        self._met: dict[PlayerId, PublicKey] = {}

    def name(self, key: PublicKey) -> PlayerId:
        """The name under which a key is known: its short one, unless another key has that."""
        return key.long_player if self._is_taken(key) else key.player

    def title(self, key: PublicKey) -> str:
        """A key for people: its nickname with its name, or its name alone."""
        return self.nicknames.title(key, str(self.name(key)))

    def word(self, key: PublicKey) -> str:
        """What the user writes for a key, as short as it can be."""
        return self.nicknames.of(key) or str(self.name(key))

    def whole(self, key: PublicKey) -> str:
        """A key for people who are to compare it: names and fingerprint."""
        nickname = self.nicknames.of(key)
        rest = f"{self.name(key)}, " if nickname else ""
        return f"{nickname or self.name(key)} ({rest}SHA256:{key.fingerprint})"

    def generator(self, name: str) -> str:
        """`<nickname>:<generator>` by its player's name, as it is kept on disk; any other name as it is."""
        who, colon, rest = name.partition(":")
        key = self.nicknames.key(who) if colon else None
        return name if key is None else f"{self.name(key)}:{rest}"

    def call(self, key: PublicKey, nickname: str, others: Iterable[PublicKey]) -> str:
        """Call a key so, here only; "" takes it back. What to tell the user.

        Raises:
            UsageError: it cannot be one, or is a nickname or the name of one of `others`.
            GeneratorError: it cannot be written.
        """
        taken = [str(each) for other in others if other != key for each in (self.name(other), other.player)]
        self.nicknames.keep(key, nickname, taken)
        name = self.name(key)
        return f"{name} is {nickname} here from now on." if nickname else f"{name} has no nickname any more."

    def level(self, key: PublicKey) -> str:
        """How far a key is trusted: as was said of it, or as the jam's key vouches for it, or as for all others.

        A name alone, without the key it was said of, is trusted with nothing.
        """
        if key == self._trust.own:
            return FULL
        for name in (key.player, key.long_player):
            try:
                found = self._trust.of(name)
            except MarmaladeError:
                return ASK  # its file cannot be read: nothing runs until it is mended
            if found.key == key:
                return found.level
        return SANDBOX if key in self._members else self._otherwise

    def vouched(self, key: PublicKey) -> None:
        """A key has shown that it has the key of the jam: unless more is said of it, it plays in sandboxes."""
        self._members.add(key)

    def set(self, key: PublicKey, level: str) -> PlayerId:
        """Trust a key so far; the name that it is kept under.

        Raises:
            GeneratorError: there is no such level, or it cannot be written.
        """
        if level not in LEVELS:
            raise GeneratorError(f"There is no trust {level!r:.40}", hint=f"It is one of {', '.join(LEVELS)}.")
        name = self.name(key)
        known = self._trust.of(name)
        self._trust.keep(name, Trusted(key, level, known.grants, known.accepted))
        return name

    def rotated(self, old: PublicKey, new: PublicKey) -> str:
        """A key has said which one follows it: that is trusted as it was, and the old one asked about from now on.

        Its nickname goes on to the new one. What to tell the user; nothing where the old key was not known, or the new
        one is already.
        """
        before, is_moved = self.title(old), self.nicknames.move(old, new)
        said = f"{before} has a new key: {self.name(new)}, SHA256:{new.fingerprint}."
        level = self._own_level(old)
        if level in ("", ASK) or self._own_level(new):
            return said if is_moved else ""
        self.set(new, level)
        self.set(old, BLOCK if level == BLOCK else ASK)
        return f"{said} It is trusted as the old one was."

    def _own_level(self, key: PublicKey) -> str:
        """What was said of this very key, or nothing."""
        for name in (key.player, key.long_player):
            try:
                found = self._trust.of(name)
            except MarmaladeError:
                return ""
            if found.key == key:
                return found.level
        return ""

    def meant(self, word: str, keys: Sequence[PublicKey]) -> PublicKey:
        """Of `keys` the one that a name or a fingerprint means.

        Raises:
            UnknownNameError: none, or more than one: then it names their fingerprints.
        """
        found = []
        for key in keys:
            names = (str(self.name(key)), str(key.long_player), key.fingerprint, f"SHA256:{key.fingerprint}")
            if word in (*names, str(key)) or (word and word == self.nicknames.of(key)):
                found.append(key)
        if len(found) == 1:
            return found[0]
        prints = ", ".join(f"SHA256:{key.fingerprint}" for key in found)
        raise UnknownNameError(
            f"{'More than one player is' if found else 'No player here is'} called {word!r:.60}",
            hint=f"Name one whole: {prints}" if found else "`marmalade peers list` lists them.",
        )

    def clash(self, key: PublicKey) -> str:
        """What to tell the user, once, where a key has the short name of another; else nothing."""
        if key in self._said or not self._is_taken(key):
            return ""
        self._said.add(key)
        other = self._known(key)
        assert other is not None
        return (
            f"Two keys are called {key.player}: SHA256:{other.fingerprint} is the one that is known here; "
            f"SHA256:{key.fingerprint} is another player, shown as {key.long_player}."
        )

    def _is_taken(self, key: PublicKey) -> bool:
        return self._known(key) not in (None, key)

    def _known(self, key: PublicKey) -> PublicKey | None:
        """The key that has the short name of this one."""
        if self._trust.own.is_named(key.player):
            return self._trust.own
        try:
            found = self._trust.of(key.player).key
        except (GeneratorError, IdentityError):
            return None
        if found is None and (key.player in self._met or len(self._met) < _MET):
            found = self._met.setdefault(key.player, key)  # of two strangers the one that was met first
        return found
