"""What the engine tells while somebody watches: levels four times a second, and the scope six times.

A thread beside the hot loop. Who watches asks again each few seconds (`watching`); without that it stops by itself.
"""

import base64
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Final

from marmalade_sc.clock.clocks import wait
from marmalade_sc.engine.engine import Engine
from marmalade_sc.engine.scope import Scope
from marmalade_sc.engine.watch import Observation
from marmalade_sc.jam import keys
from marmalade_sc.player.control.watching import LEASE_S
from marmalade_sc.player.engine.state import decibels

__all__ = ["Telltale"]

_KEPT: Final = 8
_SCOPE_S: Final = 0.16
_log = logging.getLogger(__name__)

Tell = Callable[[str, Mapping[str, object], int], None]


class Telltale:
    """See the module.

    Args:
        tell: appends a record to a stream of the events server: key, record, how many are kept.
        now_s: a clock in seconds.
    """

    def __init__(self, engine: Engine, tell: Tell, now_s: Callable[[], float]) -> None:
        self._engine = engine
        self._scope = Scope(engine.server)
        self._tell = tell
        self._now_s = now_s
        self._levels_until = self._scope_until = 0.0
        self._incarnation = -1
        self._asked = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="telltale", daemon=True)
        self._thread.start()

    def ask(self, levels: bool, scope: bool) -> None:
        """Tell these from now on, for six seconds. Never blocks."""
        until = self._now_s() + LEASE_S
        self._levels_until = until if levels else 0.0
        self._scope_until = until if scope else 0.0
        self._asked.set()

    def seen(self, observation: Observation) -> None:
        """What the watch saw of the meters."""
        if self._now_s() < self._levels_until:
            levels = {name: [decibels(left), decibels(right)] for name, (left, right) in observation.peaks.items()}
            self._tell(keys.LEVELS, {"levels": levels}, _KEPT)

    def stop(self) -> None:
        """End the thread. Idempotent."""
        self._stop.set()
        self._asked.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._asked.wait()
            self._asked.clear()
            try:
                while not self._stop.is_set() and self._now_s() < self._scope_until:
                    self._look()
                    wait(_SCOPE_S, self._stop)
                self._scope.stop()
            except Exception:  # a scope that fails must not end the engine's thread, nor be silent
                _log.exception("scope")
                self._scope.forget()

    def _look(self) -> None:
        """One picture."""
        if self._incarnation != self._engine.incarnation:
            self._incarnation = self._engine.incarnation
            self._scope.forget()
        if not self._scope.is_running and not self._scope.start():
            return
        samples = self._scope.read()
        if samples is not None:
            record = {"rate": self._engine.server.rate, "samples": base64.b64encode(samples).decode()}
            self._tell(keys.SCOPE, record, _KEPT)
