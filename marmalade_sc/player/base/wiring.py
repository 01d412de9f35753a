"""What every process of the player starts from: its places, settings, jam and clock."""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from marmalade_sc.clock.clocks import JamClock
from marmalade_sc.ids import check_name
from marmalade_sc.player.base.lifeline import await_turn
from marmalade_sc.settings.load import Settings, load
from marmalade_sc.settings.places import JamPlaces, Places

__all__ = ["JAM_ORIGIN", "Wiring"]

JAM_ORIGIN = "MARMALADE_JAM_ORIGIN"
"""Carries the constant of jam time to the processes of a jam."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """See the module."""

    places: Places
    settings: Settings
    jam: str
    clock: JamClock

    @classmethod
    def read(cls, arguments: Sequence[str]) -> "Wiring":
        """From `--dir DIR --jam NAME` and the environment that the supervisor gives, when it is this process's turn.

        Raises:
            SettingsError: a setting is wrong.
            IdError: the jam's name is not allowed.
        """
        await_turn()
        parser = argparse.ArgumentParser()
        parser.add_argument("--dir", required=True)
        parser.add_argument("--jam", required=True)
        options = parser.parse_args(arguments)
        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
        logging.getLogger("supriya").setLevel(logging.WARNING)
        places = Places.find(options.dir)
        origin = os.environ.get(JAM_ORIGIN, "")
        clock = JamClock(int(origin)) if origin.lstrip("-").isdecimal() else JamClock.begin()
        return cls(places, load(places.config), check_name(options.jam, "jam"), clock)

    @property
    def jam_places(self) -> JamPlaces:
        """Folders of the jam."""
        return self.places.jam(self.jam)

    @property
    def synthdef_cache(self) -> Path:
        """Where compiled synthdefs and the catalogue are kept."""
        return self.places.root / "cache" / "synthdefs"

    @property
    def catalogue(self) -> Path:
        """The catalogue of synthdefs, for those that never import supriya."""
        return self.synthdef_cache / "catalogue.json"

    @property
    def banks(self) -> Path:
        """The list of sample banks with their buffers."""
        return self.synthdef_cache / "banks.json"

    @property
    def live_socket(self) -> Path:
        """Where the live host listens."""
        return self.places.socket("live.sock")
