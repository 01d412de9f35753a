"""What a worker stands on: the player directory, the settings, and what follows from them. A wiring."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import redis

from marmalade_sc.errors import IdentityError, SettingsError
from marmalade_sc.identity.keys import Identity, PublicKey, identity_at
from marmalade_sc.jobs.address import Address
from marmalade_sc.jobs.depot import Depot
from marmalade_sc.jobs.ledger import Ledger
from marmalade_sc.player.supervision.children import python_argv, python_env
from marmalade_sc.settings.load import Settings, load
from marmalade_sc.settings.places import Places

__all__ = ["Surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """See the module.

    Attributes:
        options: settings of this run.
    """

    places: Places
    options: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> "Surroundings":
        """As `text` says, which `argument` has written."""
        found = json.loads(text)
        return cls(Places.find(found["dir"]), found["options"])

    @property
    def argument(self) -> str:
        """What a process of ours is told, as one word."""
        return json.dumps({"dir": str(self.places.root), "options": dict(self.options)})

    def argv(self, module: str, *more: str) -> tuple[str, ...]:
        """The command of a process of ours with the same surroundings."""
        return python_argv(module, self.argument, *more)

    @staticmethod
    def env() -> dict[str, str]:
        """The environment of such a process: one thread for numpy, for it is forked."""
        return {**os.environ, **python_env(), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}

    @cached_property
    def settings(self) -> Settings:
        """The settings in force. Raises SettingsError."""
        return load(self.places.config, options=self.options)

    @cached_property
    def address(self) -> Address:
        """Where the job Redis is. Raises SettingsError."""
        return Address.of(self.places, self.settings)

    @cached_property
    def identity(self) -> Identity:
        """Our key. Raises IdentityError."""
        return identity_at(self.settings.path("player.key", self.places.key))

    @cached_property
    def trusted(self) -> frozenset[PublicKey]:
        """Whose jobs and results count: our own, and those that the settings name.

        Raises:
            SettingsError: what stands there is no key.
        """
        try:
            named = [PublicKey.parse(each) for each in self.settings.text("jobs.trust").split(",") if each.strip()]
        except IdentityError as error:
            raise SettingsError(f"jobs.trust: {error.message}", hint="Write public keys with commas between.") from None
        return frozenset({self.identity.public, *named})

    def is_trusted(self, key: PublicKey) -> bool:
        """Whether what a key has signed counts."""
        return key in self.trusted

    @property
    def keep_s(self) -> float:
        """How long results are kept."""
        return 3600 * self.settings.number("jobs.keep_h")

    def ledger(self, client: "redis.Redis") -> Ledger:
        """What is known of all jobs."""
        return Ledger(client, self.keep_s)

    def depot(self, client: "redis.Redis") -> Depot:
        """The files of jobs."""
        shared = None if self.address.is_own else client
        return Depot.at(self.places.jobs / "files", self.settings.integer("jobs.disk_mb"), shared, self.keep_s)
